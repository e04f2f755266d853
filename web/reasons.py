"""The reasons of errors in the language of the page: what their English `detail` says that a person can use.

A detail that is not known here is shown as it is, or left out where a sentence says enough.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from flask_babel.speaklater import LazyString

_NOT_PUBLIC = (
    "in a |this machine|a way to say this machine|link-local|reserved|multicast|not on the public"
    "|a cloud|a retired|a 6to4"
)
_REASONS: tuple[tuple[str, LazyString], ...] = (
    ("its address is missing", lazy_gettext("the address is missing")),
    ("it does not begin with http", lazy_gettext("the address does not begin with http:// or https://")),
    ("it names no host", lazy_gettext("the address names no site")),
    ("its host .*is not (?:a )?proper", lazy_gettext("the site name in the address is not a proper one")),
    ("it is not a proper address", lazy_gettext("the address is not a proper one")),
    ("it holds a user name or password", lazy_gettext("the address holds a user name or a password")),
    (
        "it holds a line break",
        lazy_gettext("the address holds a line break or another control character"),
    ),
    ("it is longer than", lazy_gettext("the address is too long")),
    (r"there is no port (?P<port>\d+)", lazy_gettext("there is no port %(port)s")),
    (r"port (?P<port>\d+) is not one", lazy_gettext("feeds are not fetched from port %(port)s")),
    (
        rf"(?P<address>[\da-f.:]*\d) is (?:{_NOT_PUBLIC})",
        lazy_gettext("%(address)s is not on the public Internet"),
    ),
    (
        r"no (?:connection|answer) within (?P<seconds>[\d.]+) s",
        lazy_gettext("no answer within %(seconds)s s"),
    ),
    (r"the name (?P<name>\S+) (?:was not|could not)", lazy_gettext("the name %(name)s was not found")),
    ("its TLS certificate is not valid", lazy_gettext("its security certificate is not valid")),
    ("it redirects (?:in a circle|more than)", lazy_gettext("it redirects without end")),
    (
        "it is a page that announces no feed, and none was found at (?P<places>.+)",
        lazy_gettext("it is a page that announces no feed, and none was found at %(places)s"),
    ),
    ("it is a page that announces no feed", lazy_gettext("it is a page that announces no feed")),
    ("The file is larger than", lazy_gettext("it is larger than 20 MB")),
    ("The file is empty", lazy_gettext("it is empty")),
    (
        "The file is a compressed archive",
        lazy_gettext("it is a compressed archive; unpack it and choose the OPML file in it"),
    ),
    ("The file is a web page", lazy_gettext("it is a web page, not a list of feeds")),
    (
        "The file is a feed",
        lazy_gettext("it is a feed, not a list of feeds; add it by its address instead"),
    ),
    ("The file holds no OPML outline", lazy_gettext("it holds no list of feeds")),
    ("The file is neither OPML", lazy_gettext("it is no OPML file, as other readers export it")),
)
_STATUS = re.compile(r"the server answered (\d{3})")


def find_reason(detail: str) -> str | None:
    """As a part of a sentence: "the address names no site"."""
    for pattern, words in _REASONS:
        if match := re.search(pattern, detail):
            return str(words) % match.groupdict()
    return None


def reason(detail: str) -> str:
    """As a sentence, in the language of the page where it is known."""
    words = find_reason(detail) or detail
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def find_status(detail: str) -> str | None:
    """The HTTP status that a server answered with."""
    match = _STATUS.search(detail)
    return match[1] if match else None
