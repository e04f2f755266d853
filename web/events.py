"""What changes on a page while it is open: server-sent events, each answer over as soon as it is said.

An answer says what is known now and ends; the browser asks again by itself after `retry` (WHATWG HTML, 9.2).
So nobody's open page holds a thread of the server. The last one tells the page to stop asking.
"""

from __future__ import annotations

from flask import Response

_RETRY_MILLISECONDS = 2_000


def event(html: str, *, last: bool) -> Response:
    """One event with a piece of a page, rendered as the page itself has it."""
    name = "event: done\n" if last else ""
    data = "".join(f"data: {line}\n" for line in html.strip().splitlines())
    answer = Response(
        f"retry: {_RETRY_MILLISECONDS}\n{name}{data}\n", content_type="text/event-stream; charset=utf-8"
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
