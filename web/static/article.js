// Marks the article as read once it is really on the screen. Without this script the button does it.
"use strict";

const button = document.getElementById("mark-read");

async function markRead() {
  const answer = await fetch(button.form.action, {
    method: "POST",
    headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
    body: new URLSearchParams({ read: "1" }),
    redirect: "manual",
    keepalive: true,
  });
  // Done is told by a redirect, which is not followed: the page is here already.
  if (answer.type === "opaqueredirect") {
    button.value = "0";
    button.textContent = button.dataset.whenRead;
    document.getElementById("read-with")?.removeAttribute("hidden");
  }
}

function whenSeen() {
  if (document.visibilityState === "visible") {
    document.removeEventListener("visibilitychange", whenSeen);
    markRead().catch(() => {});  // offline: the button is still there
  }
}

// A page that was kept for reading offline does not know that it was marked unread just now.
if (new URLSearchParams(location.search).get("keep") !== "unread") {
  document.addEventListener("visibilitychange", whenSeen);
  whenSeen();
}
