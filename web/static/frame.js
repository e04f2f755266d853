// Keys, the look of the text, copying and sharing. Every page works without this script.
"use strict";

const root = document.documentElement;
const YEAR = 31536000;

// ── what the server cannot know ────────────────────────────────────────────────────────────────

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`tz=${zone}`)) {
  document.cookie = `tz=${zone};path=/;max-age=${YEAR};samesite=lax`;
}

// ── the look ───────────────────────────────────────────────────────────────────────────────────

const look = document.getElementById("look");
if (look) {
  look.querySelector("button").hidden = true;  // a choice holds at once
  look.addEventListener("change", () => {
    const chosen = new FormData(look);
    for (const name of ["theme", "face", "size"]) root.dataset[name] = chosen.get(name);
    const keys = root.dataset.keys === "off" ? 0 : 1;
    const value = `${chosen.get("theme")}-${chosen.get("face")}-${chosen.get("size")}-${keys}`;
    document.cookie = `look=${value};path=/;max-age=${YEAR};samesite=lax`;
  });
  document.addEventListener("click", (event) => {
    if (!look.parentElement.contains(event.target)) look.parentElement.open = false;
  });
}

// What scrolls in place can be scrolled with the arrow keys, in every browser.
for (const wide of document.querySelectorAll(".text pre, .text table")) {
  if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
}

// ── copy, share ────────────────────────────────────────────────────────────────────────────────

const copy = document.getElementById("copy");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(copy.dataset.url);
    copy.textContent = copy.dataset.done;
  });
}
const share = document.getElementById("share");
if (share && navigator.share) {
  share.hidden = false;
  share.addEventListener("click", () => {
    navigator.share({ url: share.dataset.url, title: share.dataset.title }).catch(() => {});  // given up
  });
}

// ── going back to a list ───────────────────────────────────────────────────────────────────────

const here = location.pathname + location.search;
const rows = [...document.querySelectorAll(".row .words > a")];

function opened() {
  return JSON.parse(sessionStorage.getItem("opened") || "[]");
}

if (/\/entries\/\d+$/.test(location.pathname)) {
  sessionStorage.setItem("opened", JSON.stringify([location.pathname, ...opened()].slice(0, 200)));
  document.querySelector(".beside [aria-current]")?.scrollIntoView({ block: "nearest" });
}

// A page that the browser kept shows what was unread when it was left.
addEventListener("pageshow", (event) => {
  const seen = new Set(opened());
  const kept = document.querySelector(".rows");
  if (!kept) return;
  const last = sessionStorage.getItem(`at ${here}`);
  for (const link of rows) {
    if (event.persisted && seen.has(link.pathname)) link.closest(".row").classList.add("seen");
    if (link.pathname === last) link.focus({ preventScroll: true });
  }
});
addEventListener("click", (event) => {
  const link = event.target.closest?.(".row .words > a");
  if (link) sessionStorage.setItem(`at ${here}`, link.pathname);
});

// A page is fetched once, however often one presses.
addEventListener("submit", (event) => {
  if (!event.target.matches(".fetches")) return;
  if (event.target.ariaBusy) event.preventDefault();
  for (const form of document.querySelectorAll(".fetches")) form.ariaBusy = "true";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll(".fetches")) form.ariaBusy = null;
});

// ── keys ───────────────────────────────────────────────────────────────────────────────────────

const find = (selector) => document.querySelector(selector);
const press = (selector) => {
  const target = find(selector);
  target?.click();
  return Boolean(target);
};

function step(by) {
  if (!rows.length) return press(by > 0 ? '[rel="next"]' : '[rel="prev"]');
  const now = rows.indexOf(document.activeElement);
  const next = rows[now < 0 ? 0 : Math.min(Math.max(now + by, 0), rows.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

async function card() {
  const link = find('[data-key="?"]');
  const answer = await fetch(link.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.append(document.adoptNode(page.getElementById("keys")));
  const close = document.createElement("button");
  close.textContent = "×";
  close.className = "close";
  close.setAttribute("aria-label", link.dataset.close);
  close.addEventListener("click", () => dialog.close());
  dialog.prepend(close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const actions = {
  j: () => step(1),
  k: () => step(-1),
  o: () => document.activeElement.matches(".row a") && (document.activeElement.click(), true),
  "/": () => (find("#q").focus(), find("#q").select(), true),
  l: () => {
    const block = find("#lire-aussi");
    if (!block) return false;
    block.scrollIntoView();
    (block.querySelector("[data-link]") || block).focus({ preventScroll: true });
    return true;
  },
  u: () => press("a[data-back]") || press('[data-key="u"]'),  // along the links followed, else to the list
  w: () => {
    const why = find("#lire-aussi [data-why]");
    why?.scrollIntoView({ block: "center" });
    why?.querySelector("[data-word]")?.focus({ preventScroll: true });
    return Boolean(why);
  },
  "?": () => {
    if (find("#keys")) find("#keys").scrollIntoView();
    else if (!find("dialog")) card();
    return true;
  },
};
for (const n of [1, 2, 3, 4]) actions[n] = () => press(`#lire-aussi [data-link="${n}"]`);

let going = 0;  // when g was pressed

document.addEventListener("keydown", (event) => {
  if (root.dataset.keys === "off" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable], dialog")) return;
  const key = event.key;
  if (key.length !== 1 || key === '"' || key === "\\") return;
  const soon = Date.now() - going < 1500;
  going = key === "g" ? Date.now() : 0;
  const done = soon ? press(`[data-go="${key}"]`) : (actions[key] || (() => press(`[data-key="${key}"]`)))();
  if (done) event.preventDefault();
});
