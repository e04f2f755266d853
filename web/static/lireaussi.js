// Marks in the article the words that a link has in common with it, and goes back along the path (u).
// Without this script, or where a browser cannot mark text, the words are just words.
"use strict";

(() => {
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const isLetter = (sign) => sign !== undefined && /[\p{L}\p{N}]/u.test(sign);

  // The folded text of a node, and for each of its letters the place in the node's own text.
  function foldNode(node) {
    let folded = "";
    const places = [];
    let place = 0;
    for (const sign of node.data) {
      for (const letter of fold(sign)) {
        folded += letter;
        for (let i = 0; i < letter.length; i += 1) places.push(place);
      }
      place += sign.length;
    }
    places.push(place);
    return { node, folded, places };
  }

  function readArticle() {
    const roots = document.querySelectorAll("article h1, article .text");
    const found = [];
    for (const root of roots) {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) found.push(foldNode(walker.currentNode));
    }
    return found;
  }

  function findWord(word, nodes) {
    const sought = fold(word);
    const ranges = [];
    if (!sought) return ranges;
    for (const { node, folded, places } of nodes) {
      let at = folded.indexOf(sought);
      for (; at >= 0 && ranges.length < 500; at = folded.indexOf(sought, at + sought.length)) {
        const end = at + sought.length;
        if (isLetter(folded[at - 1]) || isLetter(folded[end])) continue;
        const range = document.createRange();
        range.setStart(node, places[at]);
        range.setEnd(node, places[end]);
        ranges.push(range);
      }
    }
    return ranges;
  }

  function markReasons() {
    if (!("highlights" in CSS) || typeof Highlight !== "function") return;
    let nodes = null;
    let kept = null;
    const show = (word) => {
      nodes ??= readArticle();
      const ranges = word ? findWord(word.dataset.word, nodes) : [];
      if (ranges.length) CSS.highlights.set("reason", new Highlight(...ranges));
      else CSS.highlights.delete("reason");
      return ranges;
    };
    const keep = (word) => {
      kept?.setAttribute("aria-pressed", "false");
      kept = kept === word ? null : word;
      kept?.setAttribute("aria-pressed", "true");
      const [first] = show(kept);
      if (kept && first) first.startContainer.parentElement.scrollIntoView({ block: "center" });
    };
    for (const word of document.querySelectorAll("#lire-aussi [data-word]")) {
      word.tabIndex = 0;
      word.setAttribute("role", "button");
      word.setAttribute("aria-pressed", "false");
      word.addEventListener("pointerenter", () => show(word));
      word.addEventListener("pointerleave", () => show(kept));
      word.addEventListener("focus", () => show(word));
      word.addEventListener("blur", () => show(kept));
      word.addEventListener("click", () => keep(word));
      word.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          keep(word);
        }
      });
    }
  }

  function goBack(event) {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented);
    if (event.key !== "u" || !plain || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const back = document.querySelector("a[data-back]");
    if (back && document.documentElement.dataset.keys !== "off") {
      event.preventDefault();
      back.click();
    }
  }

  markReasons();
  document.addEventListener("keydown", goBack);
})();
