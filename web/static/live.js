// Says again what has changed, as the server tells it. Without this script the page reloads, or a link does it.
"use strict";

const live = document.querySelector("[data-events]");
const source = new EventSource(live.dataset.events);

function show(event) {
  if (live.dataset.said !== event.data) live.innerHTML = event.data;  // rendered by us, as the page is
  live.dataset.said = event.data;
}

source.addEventListener("message", show);
source.addEventListener("done", (event) => {
  source.close();
  if ("reload" in live.dataset) location.reload();
  else show(event);
});
