"""Each outline of a list: added, already there, or refused with its reason.

Promises that the three hold every outline, each once, and that what is added can be stored: what is too long
for an index is refused (an address) or cut (a name, a category). Looks nothing up.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.domain import ImportReport, Outline, RefusedOutline
from aggregator.errors import AddressRefused
from aggregator.feeds.addresses import LONGEST_KEPT, check_url, normalize_url, without_password

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aggregator.domain import CategoryPath
    from aggregator.policies import FetchLimits

_MAX_PATH_BYTES = 2_000
"""Of an address and of a category that are kept: both are in an index, where PostgreSQL takes 2,700 bytes."""

_MAX_NAME_CHARS = 200
"""Of a title or of a folder's name; longer ones are cut."""


def account(
    outlines: Iterable[Outline],
    followed: frozenset[str],
    limits: FetchLimits,
    *,
    moved: Mapping[str, str],
    most: int | None = None,
) -> ImportReport:
    """Each outline into one of three.

    `followed` holds the addresses that are there before, `moved` the present address of feeds that are known
    under another one. Where the person may follow `most` feeds, what is too much is refused.
    """
    added: dict[str, Outline] = {}
    already_there: list[Outline] = []
    refused: list[RefusedOutline] = []
    for outline in outlines:
        try:
            proper = _proper(outline, limits)
        except AddressRefused as error:
            refused.append(_refused(outline, error))
            continue
        if proper.url not in followed:
            proper = replace(proper, url=moved.get(proper.url, proper.url))
        if proper.url in followed or proper.url in added:
            already_there.append(proper)
        elif most is not None and len(followed) + len(added) >= most:
            refused.append(_refused(outline, _too_many(proper.url, most)))
        else:
            added[proper.url] = proper
    return ImportReport(
        added=tuple(added.values()), already_there=tuple(already_there), refused=tuple(refused)
    )


def _proper(outline: Outline, limits: FetchLimits) -> Outline:
    """As it is kept; raise `AddressRefused` where it is no feed that may be fetched."""
    if not outline.url:
        raise AddressRefused(outline.title, "its address is missing").because("no-address")
    url = keepable(normalize_url(outline.url))
    check_url(url, limits)
    title, category = _cut(outline.title), _category(outline.category)
    return Outline(url=url, title=title, site_url=_site(outline), category=category)


def keepable(url: str) -> str:
    """The same; raise `AddressRefused` where it is too long to be stored."""
    if len(url) > LONGEST_KEPT:
        detail = f"it is longer than {LONGEST_KEPT:,} characters"
        raise AddressRefused(_cut(url), detail).because("too-long")
    return url


def _too_many(url: str, most: int) -> AddressRefused:
    return AddressRefused(url, f"you may follow {most} feeds").because("too-many", most=str(most))


def _category(path: CategoryPath) -> CategoryPath:
    """What is nested too deep to be kept joins the folder around it."""
    kept: list[str] = []
    for name in map(_cut, path):
        if len(json.dumps([*kept, name], ensure_ascii=False).encode()) > _MAX_PATH_BYTES:
            break
        kept.append(name)
    return tuple(kept)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_NAME_CHARS else f"{text[:_MAX_NAME_CHARS].rstrip()}…"


def _refused(outline: Outline, error: AddressRefused) -> RefusedOutline:
    """Reports are shown, kept and sent to others: no password may be in them."""
    return RefusedOutline(
        title=_cut(without_password(outline.title)),
        url=_cut(without_password(outline.url)),
        reason=error.detail,
        code=error.reason,
    )


def _site(outline: Outline) -> str | None:
    try:
        return normalize_url(outline.site_url) if outline.site_url else None
    except AddressRefused:
        return None
