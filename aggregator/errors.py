"""Everything that can go wrong, as one tree.

AggregatorError
├── FeedError                 one feed; the others go on
│   ├── FetchError
│   │   ├── AddressRefused    a scheme, host, port or network that must not be fetched
│   │   ├── Unreachable       DNS, connection, TLS, time-out, broken HTTP
│   │   ├── BadStatus         an HTTP status that is neither 200 nor 304
│   │   │   └── Gone          410
│   │   ├── TooLarge          more bytes than the limit
│   │   └── NotAPage          a page was wanted, and it is none
│   ├── ParseError
│   │   ├── NotAFeed          no version and no entry: a page, an empty file, an image
│   │   └── MalformedFeed     the parser gave up, or was stopped
│   ├── NoFullText            a page that holds no more of an article than its feed
│   └── SiteBusy              a site that is not to be asked for a page just now
├── SubscriptionError         already there, not there, several feeds to choose from
├── NotFound                  an entry, a feed that the library does not hold
├── OpmlError                 a file that holds no outline at all
├── ArticlesError             a line of an articles file that is not one
├── AccountError              a name or a password that cannot be, a quota that is used up
├── StorageError              the library cannot be opened, read or written
└── SettingsError             a setting that has no meaning

Each carries `code` (stable, for programs and for the table of sentences of the pages), `subject` (the
URL, file or id it is about), `detail` (what happened, in plain English) and `reason` (the same as a code).
`str(error)` is a whole sentence.
A 304 is a value, not an error.
"""

from __future__ import annotations

from typing import Self
from urllib.parse import urlencode


def reason_of(code: str, **facts: object) -> str:
    """A reason as it is kept and handed on, in one string."""
    return f"{code}?{urlencode(facts)}" if facts else code


class AggregatorError(Exception):
    """The root. `advice` says what a person can do about it; it may be empty."""

    code = "error"
    advice = ""
    reason = ""
    """A code of what happened, with its facts: `tls-expired`, `dns?name=a.example`; empty where none fits."""

    def __init__(self, subject: str, detail: str, *, advice: str | None = None) -> None:
        super().__init__(subject, detail)
        self.subject = subject
        self.detail = detail
        if advice is not None:
            self.advice = advice

    def because(self, code: str, **facts: object) -> Self:
        self.reason = reason_of(code, **facts)
        return self

    def __str__(self) -> str:
        sentence = f"{self.subject}: {self.detail}" if self.subject else self.detail
        return f"{sentence}. {self.advice}".rstrip() if self.advice else sentence

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (parsing runs in a child): keep the class, the facts and the advice.
        return (type(self), (self.subject, self.detail), self.__dict__)


class FeedError(AggregatorError):
    """One feed could not be refreshed. Whatever was stored stays."""

    code = "feed"


class FetchError(FeedError):
    code = "fetch"


class AddressRefused(FetchError):
    code = "address-refused"


class Unreachable(FetchError):
    code = "unreachable"
    advice = "Check its spelling; if it is right, the site may be down: try again later."


class BadStatus(FetchError):
    """The server answered, but neither 200 nor 304.

    `status` is the HTTP status; `retry_after_seconds` what the server asked for.
    """

    code = "bad-status"
    advice = "Open it in a browser: the feed may have moved, or the site may be down for a while."
    status: int = 0
    retry_after_seconds: float | None = None


class Gone(BadStatus):
    code = "gone"
    advice = "Its publisher removed it for good: look for a new address, or follow it no more."


class TooLarge(FetchError):
    code = "too-large"
    advice = "If it is really a feed, raise fetch.max_bytes in the settings."


class NotAPage(FetchError):
    code = "not-a-page"


class ParseError(FeedError):
    code = "parse"


class NotAFeed(ParseError):
    code = "not-a-feed"
    advice = "Look for the address of the site's RSS or Atom feed."


class MalformedFeed(ParseError):
    code = "malformed-feed"
    advice = "Its publisher has to mend it; try again later."


class NoFullText(FeedError):
    code = "no-full-text"


class SiteBusy(FeedError):
    code = "site-busy"
    advice = "Try again in a moment."


class SubscriptionError(AggregatorError):
    code = "subscription"


class NotFound(AggregatorError):
    code = "not-found"


class OpmlError(AggregatorError):
    code = "opml"


class ArticlesError(AggregatorError):
    code = "articles"


class AccountError(AggregatorError):
    code = "account"


class StorageError(AggregatorError):
    code = "storage"


class SettingsError(AggregatorError):
    code = "settings"
