// Keeps the newest unread articles, and those to read with them, for when there is no network; and marks that
// are made meanwhile, until they can be sent. All that is kept is one reader's: where an answer names another
// reader, or nobody, it is deleted; marks wait for their reader, until another one comes or somebody logs out.
// Answers with errors are never kept.
"use strict";

const BASE = new URL(self.registration.scope);
const NAME = `lire-aussi ${BASE.pathname} `; // the key of the reader follows; others may live on this host
const LIST = new URL("offline.json", BASE).href;
const OFFLINE = new URL("offline", BASE).href;
const EVERY = 5 * 60 * 1000;
const MARK = "Kept-As";

const absolute = (path) => new URL(path, BASE.origin).href;

// ── what is kept ───────────────────────────────────────────────────────────────────────────────

async function names() {
  return (await caches.keys()).filter((name) => name.startsWith(NAME));
}

async function keptReader() {
  const [name] = await names();
  return name?.slice(NAME.length);
}

// Of everybody, but for this reader.
async function forget(reader) {
  await forgetPages(reader);
  for (const mark of await listMarks()) if (mark.reader !== reader) await dropMark(mark);
}

async function forgetPages(reader) {
  for (const name of await names()) if (name !== NAME + reader) await caches.delete(name);
}

async function kept(url) {
  const reader = await keptReader();
  if (reader === undefined) return undefined;
  const cache = await caches.open(NAME + reader);
  const path = url.pathname.slice(BASE.pathname.length);
  const list = path === "" && !url.searchParams.has("view") && !url.searchParams.has("before");
  return cache.match(url, { ignoreSearch: list || /^entries\/\d+$/.test(path) });
}

function isGood(answer) {
  return answer.ok && !answer.redirected && answer.type === "basic";
}

// ── asking the server ──────────────────────────────────────────────────────────────────────────

let before = Promise.resolve();

// One after the other: what was asked for while another ran may be what that one did not do.
function sync(patient) {
  before = before.catch(() => {}).then(() => look(patient));
  return before;
}

// The browser says that the network is back before it can be used.
async function insist() {
  for (let pause = 500; pause < 10_000; pause *= 2) {
    try {
      return await sync(false);
    } catch {
      await new Promise((done) => { setTimeout(done, pause); });
    }
  }
}

// A patient one does nothing where nothing waits to be sent and the last one is minutes old.
async function look(patient) {
  const reader = await keptReader();
  const last = reader && (await (await caches.open(NAME + reader)).match(LIST));
  const recent = last && Date.now() - Number(await last.text()) < EVERY;
  if (patient && recent && !(await listMarks()).length) return;
  const list = await deliver();
  if (!list) return;
  const cache = await caches.open(NAME + list.reader);
  await cache.put(LIST, new Response(String(Date.now())));
  await keep(cache, list);
}

// Sends the marks that wait; gives the list as it is then, nothing where nobody is logged in.
async function deliver() {
  const list = await fetchList();
  if (!list) return undefined;
  await forget(list.reader);
  return (await send(list)) ? fetchList() : list;
}

async function fetchList() {
  const answer = await fetch(LIST);
  return isGood(answer) ? answer.json() : undefined;
}

async function keep(cache, list) {
  const wanted = new Map(list.pages.map(([path, mark]) => [absolute(path), mark]));
  for (const path of list.files) wanted.set(absolute(path), "file");
  for (const { url } of await cache.keys()) if (url !== LIST && !wanted.has(url)) await cache.delete(url);
  for (const [url, mark] of wanted) {
    const there = await cache.match(url);
    if (there && mark && there.headers.get(MARK) === mark) continue;
    const answer = await fetch(url);
    if (!isGood(answer) || (mark !== "file" && answer.headers.get("Lire-Aussi-Reader") !== list.reader)) continue;
    const headers = new Headers(answer.headers);
    headers.set(MARK, mark);
    await cache.put(url, new Response(await answer.blob(), { headers }));
  }
}

// ── marks ──────────────────────────────────────────────────────────────────────────────────────

// Calls `work` with the store; resolves with the result of the request that it returns.
function marks(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME.trim(), 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("marks", { keyPath: "path" });
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("marks", mode);
      const request = work(transaction.objectStore("marks"));
      transaction.oncomplete = () => { opening.result.close(); resolve(request.result); };
      transaction.onabort = () => { opening.result.close(); reject(transaction.error); };
    };
  });
}

async function listMarks() {
  return (await marks("readonly", (store) => store.getAll())).sort((a, b) => a.at - b.at);
}

// Unless it was made anew while it was sent.
function dropMark(mark) {
  return marks("readwrite", (store) => {
    const found = store.get(mark.path);
    found.onsuccess = () => { if (found.result?.at === mark.at) store.delete(mark.path); };
    return found;
  });
}

// With the token that the list brought; what fails now is tried again with the next list. The last mark holds.
async function send(list) {
  let sent = 0;
  for (const mark of await listMarks()) {
    const answer = await fetch(mark.path, {
      method: "POST",
      headers: { "X-CSRFToken": list.token },
      body: new URLSearchParams({ [mark.field]: mark.value }),
      redirect: "manual",
    });
    const done = answer.type === "opaqueredirect";
    if (done || answer.status === 404) await dropMark(mark); // 404: the article is gone
    sent += done ? 1 : 0;
  }
  return sent;
}

async function markLater(request, url) {
  const copy = request.clone();
  try {
    return await fetch(request);
  } catch {
    const reader = await keptReader();
    if (reader === undefined) return Response.error();
    const form = await copy.formData();
    const field = url.pathname.endsWith("/star") ? "starred" : "read";
    const mark = { path: url.pathname, field, value: form.get(field), reader, at: Date.now() };
    await marks("readwrite", (store) => store.put(mark));
    await self.registration.sync?.register("marks").catch(() => {}); // it may be forbidden
    const back = new URL(url.pathname.replace(/\/\w+$/, ""), BASE);
    if (form.get("in")) back.searchParams.set("in", form.get("in"));
    if (field === "read" && mark.value === "0") back.searchParams.set("keep", "unread");
    return Response.redirect(back, 303);
  }
}

// ── what pages ask ─────────────────────────────────────────────────────────────────────────────

async function openPage(event, url) {
  try {
    const answer = (await event.preloadResponse) || (await fetch(event.request));
    if (answer.ok && answer.headers.get("Content-Type")?.startsWith("text/html")) {
      const reader = answer.headers.get("Lire-Aussi-Reader");
      // Where a session has ended, marks wait for the same reader to log in.
      event.waitUntil(reader ? forget(reader) : forgetPages());
    }
    return isAway(answer) ? (await kept(url)) || answer : answer;
  } catch {
    return (await kept(url)) || openOffline();
  }
}

// What a proxy says where the program behind it does not answer.
function isAway(answer) {
  return answer.status >= 502 && answer.status <= 504;
}

async function openOffline() {
  return (await kept(new URL(OFFLINE))) || Response.error();
}

async function openFile(request, url) {
  return (await kept(url)) || fetch(request);
}

async function leave(request) {
  await deliver().catch(() => {}); // the marks that wait are lost without a network
  await forget();
  return fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== BASE.origin || !url.pathname.startsWith(BASE.pathname)) return;
  const path = url.pathname.slice(BASE.pathname.length);
  if (request.method === "POST") {
    if (path === "logout") event.respondWith(leave(request));
    else if (/^entries\/\d+\/(read|star)$/.test(path)) event.respondWith(markLater(request, url));
    else if (request.mode === "navigate") event.respondWith(fetch(request).catch(openOffline));
  } else if (request.method === "GET") {
    if (request.mode === "navigate") event.respondWith(openPage(event, url));
    else if (/^(static|icons)\//.test(path)) event.respondWith(openFile(request, url));
  }
});

self.addEventListener("message", (event) => {
  if (event.data === "marks") {
    event.waitUntil(listMarks().then((found) => event.source.postMessage({ marks: found })));
  } else {
    event.waitUntil(event.data === "look" ? sync(true).catch(() => {}) : insist());
  }
});

self.addEventListener("sync", (event) => event.waitUntil(sync(false)));
self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(begin()));

async function begin() {
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}
