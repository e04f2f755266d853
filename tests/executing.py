"""Which pages run a script that is not ours: Chromium itself tells, of each script that it compiles.

with Witness(context, ours="http://127.0.0.1:8480/static/") as witness:
    assert witness.visit("http://127.0.0.1:8480/entries/1") == []

Every element is focused, clicked and sent the events that it listens to; links and forms lead nowhere then.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from playwright.sync_api import Error

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, CDPSession, Page

_OWN_NAME = "witness:"
_SECONDS = 3
_SETTLE = 0.03
# What a person, or time, may do with a page.
_TOUCH = """
(async () => {
  const foreign = /^https?:$/;
  const stay = (event, address) => {
    try { if (foreign.test(new URL(address, document.baseURI).protocol)) event.preventDefault(); } catch {}
  };
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a, area");
    if (link) stay(event, link.href?.baseVal ?? link.href);
  }, true);
  addEventListener("submit", (event) => {
    const button = event.submitter;
    const action = button?.hasAttribute("formaction") ? button.getAttribute("formaction") : null;
    stay(event, action ?? event.target.getAttribute("action") ?? "");
  }, true);
  const frame = () => new Promise((done) => setTimeout(done, 15));
  await frame();
  for (const one of [...document.querySelectorAll("*")].slice(0, 5000)) {
    try {
      one.focus?.({ preventScroll: true });
      for (const { name } of [...(one.attributes ?? [])]) {
        if (name.startsWith("on")) one.dispatchEvent(new Event(name.slice(2), { bubbles: true }));
      }
      for (const name of ["mouseover", "mousedown", "mouseup"]) {
        one.dispatchEvent(new MouseEvent(name, { bubbles: true, cancelable: true, view: window }));
      }
      if (one.click) one.click();
      else one.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window }));
      one.blur?.();
    } catch {}
  }
  await frame();
  witnessIsDone("");
})()
//# sourceURL=witness:touch
"""


class Witness:
    """A tab of a context; scripts whose address begins with `ours` are expected."""

    def __init__(self, context: BrowserContext, *, ours: str) -> None:
        self._context = context
        self._ours = ours
        self._compiled: list[str] = []
        self._loaded = self._touched = False
        self._page: Page
        self._chromium: CDPSession

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._page.close()

    def _open(self) -> None:
        self._page = self._context.new_page()
        self._chromium = self._context.new_cdp_session(self._page)
        self._chromium.on("Debugger.scriptParsed", self._note)
        self._chromium.on("Page.loadEventFired", lambda _: setattr(self, "_loaded", True))
        self._chromium.on("Runtime.bindingCalled", lambda _: setattr(self, "_touched", True))
        for domain in ("Page", "Runtime", "Debugger"):
            self._chromium.send(f"{domain}.enable")
        self._chromium.send("Runtime.addBinding", {"name": "witnessIsDone"})
        self._chromium.send("Debugger.setSkipAllPauses", {"skip": True})

    def _note(self, script: dict[str, Any]) -> None:
        address = str(script["url"])
        is_of_page = script.get("executionContextAuxData", {}).get("isDefault", True)
        # The names of the browser's own tools, and of what this test itself asks.
        is_tool = address.startswith(
            (self._ours, _OWN_NAME, "pptr:", "chrome-error:", "chrome:", "devtools:")
        )
        if is_of_page and not is_tool:
            self._compiled.append(f"{address}:{script['startLine']}:{script['length']}")

    def visit(self, address: str, *, then: Callable[[Page], None] | None = None) -> list[str]:
        """The scripts that are not ours, by place and length. `then` goes on from there to another page."""
        self._compiled = []
        self._loaded = False
        self._chromium.send("Page.navigate", {"url": address})
        if not self._wait(lambda: self._loaded):
            return self._give_up()
        if then is not None:
            self._loaded = False
            then(self._page)
            self._wait(lambda: self._loaded)
        self._touched = False
        with suppress(Error):  # a payload leads elsewhere meanwhile
            self._chromium.send("Runtime.evaluate", {"expression": _TOUCH, "timeout": 3000})
        self._wait(lambda: self._touched)
        self._page.wait_for_timeout(_SETTLE * 1000)
        return list(self._compiled)

    def _wait(self, true: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + _SECONDS
        while not true() and time.monotonic() < deadline:
            self._page.wait_for_timeout(3)
        return true()

    def _give_up(self) -> list[str]:
        """The page never loads: what it did until now counts, and a new tab goes on."""
        compiled = list(self._compiled)
        self._page.close()
        self._open()
        return compiled
