// Puts the player of a film above its card, once somebody asks for it. Without this script, or clicked once more,
// the card leads to the page of the film.
"use strict";

(() => {
  const players = [
    "https://www.youtube-nocookie.com",
    "https://player.vimeo.com",
    "https://geo.dailymotion.com",
    "https://www.arte.tv",
  ];

  function show(card) {
    const address = new URL(card.dataset.player);
    if (!players.includes(address.origin)) return false;
    const frame = document.createElement("iframe");
    frame.className = "film";
    frame.title = card.textContent;
    frame.allow = "autoplay; encrypted-media; fullscreen; picture-in-picture";
    frame.setAttribute(
      "sandbox",
      "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation",
    );
    frame.referrerPolicy = "strict-origin";  // YouTube plays nothing in a page that hides where it is
    frame.src = address.href;
    delete card.dataset.player;
    card.before(frame);
    frame.focus();
    return true;
  }

  document.addEventListener("click", (event) => {
    const card = event.target.closest?.("a.film[data-player]");
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (card && plain && show(card)) event.preventDefault();
  });
})();
