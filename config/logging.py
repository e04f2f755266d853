"""Logs go to standard error, one line an event; a service manager adds the date if it wants its own.

No password, token, key or cookie gets into them: every line is looked through (`redact`), tracebacks too.
What came from outside cannot begin a line of its own.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_HIDDEN = "***"
_WORDS = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|key|api[_-]?key|auth|access[_-]?token|refresh[_-]?token|"
    r"csrf[_-]?token|session(?:id)?|sid|sig(?:nature)?|code|credentials?|hub\.secret"
)
_SECRETS = (
    (re.compile(r"(//)[^/?#\s@\"']+@"), rf"\1{_HIDDEN}@"),
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization|cookie|set-cookie|x-csrf-?token|x-api-key)(['\"]?\s*[:=]\s*)[^\r\n]+"
        ),
        rf"\1\2{_HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9+/=._~-]{6,}"), rf"\1 {_HIDDEN}"),
    (
        re.compile(rf"(?i)\b((?:[a-z0-9]+[_-])?(?:{_WORDS}))(['\"]?\s*[:=]\s*['\"]?)[^\s&;,'\"<>)]+"),
        rf"\1\2{_HIDDEN}",
    ),
    (re.compile(r"(/push/)[\w-]+"), rf"\1{_HIDDEN}"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def configure_logging(level: str, form: str = "text") -> None:
    """`form` is text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _TextLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Each run of each job would be two lines a minute, and a run that outlasts the minute a warning each.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def redact(text: str) -> str:
    """The text without what looks like a secret: user info of addresses, tokens, keys, cookies."""
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    return text


def _one_line(message: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message)


class _TextLines(logging.Formatter):
    """A traceback takes lines of its own, under that of the event."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = _one_line(redact(record.message))
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            facts["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(facts, ensure_ascii=True)
