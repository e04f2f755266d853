"""The reasons of errors in the language of the page: the one table of their codes.

A code that is not known here says nothing; a sentence then has to say enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask_babel.speaklater import LazyString

REASONS: Mapping[str, LazyString] = {
    "no-address": lazy_gettext("the address is missing"),
    "no-scheme": lazy_gettext("the address does not begin with http:// or https://"),
    "no-host": lazy_gettext("the address names no site"),
    "bad-host": lazy_gettext("the site name in the address is not a proper one"),
    "bad-address": lazy_gettext("the address is not a proper one"),
    "has-password": lazy_gettext("the address holds a user name or a password"),
    "has-control": lazy_gettext("the address holds a line break or another control character"),
    "too-long": lazy_gettext("the address is too long"),
    "no-port": lazy_gettext("there is no port %(port)s"),
    "port": lazy_gettext("feeds are not fetched from port %(port)s"),
    "not-public": lazy_gettext("%(address)s is not on the public Internet"),
    "slow": lazy_gettext("no answer within %(seconds)s s"),
    "dns": lazy_gettext("the name %(name)s was not found"),
    "refused": lazy_gettext("nothing answers at this address"),
    "no-way": lazy_gettext("there is no way to its network"),
    "closed": lazy_gettext("it hangs up before the end"),
    "damaged": lazy_gettext("what it sends is damaged"),
    "not-http": lazy_gettext("what it sends is not HTTP"),
    "status": lazy_gettext("the error %(status)s"),
    "redirect-loop": lazy_gettext("it redirects without end"),
    "redirect-nowhere": lazy_gettext("it redirects without saying where to"),
    "page-without-feed": lazy_gettext(
        "it is a page that announces no feed, and none was found at %(places)s"
    ),
    "unasked-304": lazy_gettext("it says that nothing has changed since a check that never was"),
    "is-empty": lazy_gettext("the document is empty"),
    "is-pdf": lazy_gettext("it is a PDF file"),
    "is-image": lazy_gettext("it is an image"),
    "is-compressed": lazy_gettext("it is a compressed file"),
    "is-page": lazy_gettext("it is a web page"),
    "is-opml": lazy_gettext("it is a list of feeds (OPML)"),
    "is-sitemap": lazy_gettext("it is a list of the pages of a site"),
    "is-text": lazy_gettext("it is a plain text"),
    "is-json": lazy_gettext("it is JSON, but no JSON Feed"),
    "is-other": lazy_gettext("it is something else"),
    "stopped": lazy_gettext("reading it took more than %(seconds)s s"),
    "too-much-memory": lazy_gettext("reading it took too much memory"),
    "process-ended": lazy_gettext("reading it brought down the process that did it"),
    "tls-expired": lazy_gettext("its security certificate has expired"),
    "tls-not-yet-valid": lazy_gettext("its security certificate is not valid yet"),
    "tls-wrong-name": lazy_gettext("its security certificate was made for another site"),
    "tls-self-signed": lazy_gettext("nobody but itself vouches for its security certificate"),
    "tls-unknown-issuer": lazy_gettext(
        "its security certificate comes from somebody whom this machine does not know"
    ),
    "tls-certificate": lazy_gettext("its security certificate is not valid"),
    "tls-old": lazy_gettext("it encrypts only in an old way that is no longer safe"),
    "tls-clear": lazy_gettext("it does not encrypt at this address"),
    "tls": lazy_gettext("no encrypted connection could be made"),
    "too-many": lazy_gettext("you may follow %(most)s feeds"),
    "page-not-html": lazy_gettext("it is a file (%(type)s)"),
    "page-empty": lazy_gettext("no article was found on the page"),
    "page-no-more": lazy_gettext("the page has no more than the feed"),
    "page-other": lazy_gettext("the page holds another text"),
    "no-page": lazy_gettext("the feed names no page"),
    "site-asked": lazy_gettext("it was asked for a page a moment ago"),
    "site-tired": lazy_gettext("it wants to be left alone for a while"),
    "opml-too-large": lazy_gettext("it is larger than 20 MB"),
    "opml-too-many": lazy_gettext("it holds more than 100,000 feeds"),
    "opml-empty": lazy_gettext("it is empty"),
    "opml-archive": lazy_gettext("it is a compressed archive; unpack it and choose the OPML file in it"),
    "opml-page": lazy_gettext("it is a web page, not a list of feeds"),
    "opml-feed": lazy_gettext("it is a feed, not a list of feeds; add it by its address instead"),
    "opml-no-outline": lazy_gettext("it holds no list of feeds"),
    "opml-other": lazy_gettext("it is no OPML file, as other readers export it"),
}
"""As parts of a sentence: "the address names no site"."""

ADVICE: Mapping[str, LazyString] = {
    "tls-expired": lazy_gettext("Its owner has to renew it: wait some days, or write to the site."),
    "tls-not-yet-valid": lazy_gettext("Check that the clock of this machine is right."),
    "tls-wrong-name": lazy_gettext(
        "Check the address: perhaps it needs “www.” in front, or must not have it."
    ),
    "tls-self-signed": lazy_gettext("If it is a server of your own, let this machine trust its certificate."),
    "tls-unknown-issuer": lazy_gettext(
        "Its owner may send only half of it, or this machine’s list of authorities is old."
    ),
    "tls-old": lazy_gettext("Its owner has to update the server. Perhaps the address works with http://."),
    "tls-clear": lazy_gettext("Try the address with http:// instead."),
    "refused": lazy_gettext("The site may be down for a while."),
    "is-page": lazy_gettext("Look for the address of its RSS or Atom feed."),
    "is-opml": lazy_gettext("Import it instead."),
    "dns": lazy_gettext("Check the address; if it is right, the site may be gone."),
}
"""What can be done, as a sentence."""


def find_reason(reason: str | None) -> tuple[str, str]:
    """A reason (`dns?name=a.example`) in words, and what to do about it; both may be empty."""
    code, _, facts = (reason or "").partition("?")
    words = REASONS.get(code)
    if words is None:
        return "", ""
    told = dict(parse_qsl(facts))
    try:
        return str(words) % told, str(ADVICE.get(code, ""))
    except KeyError:  # it was kept by another version, with other facts
        return "", ""


def reason(detail: str, code: str = "") -> str:
    """As a sentence, in the language of the page where it is known."""
    words = find_reason(code)[0] or detail
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
