// Starts the worker that keeps articles for when there is no network, and shows what waits to be sent.
"use strict";

(() => {
  if (!navigator.serviceWorker) return; // without HTTPS, but for this machine
  const note = document.getElementById("offline");

  const ask = (what) => navigator.serviceWorker.ready.then((there) => there.active.postMessage(what));
  const tell = () => { if (note) note.hidden = navigator.onLine; };

  function show({ path, field, value }) {
    const on = value === "1";
    const entry = path.replace(/\/\w+$/, "");
    if (field === "read") {
      for (const link of document.querySelectorAll(".row .words > a")) {
        if (link.pathname === entry) link.closest(".row").classList.toggle("read", on);
      }
    }
    const button = document.querySelector(`form[action="${path}"] button[name="${field}"]`);
    if (!button) return;
    button.value = on ? "0" : "1";
    if (field === "read") {
      button.textContent = on ? button.dataset.whenRead : button.dataset.whenUnread;
    } else {
      button.setAttribute("aria-pressed", String(on));
      button.firstElementChild.textContent = on ? "★" : "☆";
    }
  }

  navigator.serviceWorker.addEventListener("message", (event) => event.data.marks.forEach(show));
  navigator.serviceWorker.startMessages();
  navigator.serviceWorker.register(document.documentElement.dataset.worker, { updateViaCache: "none" })
    .then(() => {
      if (!navigator.connection?.saveData) ask("look");
      ask("marks");
    })
    .catch(() => {}); // forbidden by the browser, or no network
  addEventListener("online", () => { tell(); ask("now"); });
  addEventListener("offline", tell);
  tell();
})();
