"""The files, pictures, categories and other addresses of an entry, as a format says them -> `Details`.

Promises: addresses are absolute and http(s), each once; counts, lengths and durations are bounded and sane;
a fault in one detail does not cost the others. `volatile` facts (sizes, durations, comments, the query of an
address) have no part in the words that tell whether an entry was edited: they may differ at each fetch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.domain import Details, Enclosure
from aggregator.feeds.values import one_line, web_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_FILES = 30
_MAX_CATEGORIES = 20
_MAX_CATEGORY_CHARS = 80
_MAX_BYTES = 2**50
_MAX_SECONDS = 30 * 24 * 3600

_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+*-]{1,80}")
_TYPES_THAT_SAY_NOTHING = {
    "application/octet-stream",
    "application/x-shockwave-flash",
    "text/html",
    "text/plain",
}
_MEDIUMS = ("audio", "video", "image")
_MEDIUM_OF_ENDING = {
    ending: medium
    for medium, endings in {
        "audio": "aac flac m4a m4b mp3 oga ogg opus wav weba",
        "video": "m4v mkv mov mp4 ogv webm",
        "image": "avif gif jpeg jpg png webp",
    }.items()
    for ending in endings.split()
}
_PATH = re.compile(r"\s*(?:[a-z]+:)?//[^/?#]*", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,16})(?:\.\d*)?")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d\d)(?:\.\d*)?")

# Of several pictures the widest that a screen can show; where no width is said, what is usual.
_MAX_WIDTH = 1_600
_MIN_WIDTH = 50
_USUAL_WIDTH_OF_A_THUMBNAIL = 300
_USUAL_WIDTH_OF_A_PICTURE = 600
_RANK_OF_THE_TOO_WIDE = 200
# WordPress.com sends the face of the author with each entry.
_FACES = ("gravatar.com/avatar/", "s.w.org/images/core/emoji")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """A file as its format says it. Empty strings where it says nothing."""

    url: str
    type: str = ""
    medium: str = ""
    """media:content's: image, audio, video, document, executable."""
    title: str = ""
    length: str = ""
    """In bytes."""
    duration: str = ""
    """Seconds, or hours, minutes and seconds with colons."""
    width: str = ""
    """In pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDetails:
    """What else an entry says, each in the order of the document, wherever in the entry it stands."""

    enclosures: tuple[RawFile, ...] = ()
    """`<enclosure>`, `<link rel="enclosure">`, JSON Feed's attachments; the first may identify the entry."""
    media: tuple[RawFile, ...] = ()
    """`<media:content>`, in a `<media:group>` or not."""
    thumbnails: tuple[RawFile, ...] = ()
    """`<media:thumbnail>`."""
    pictures: tuple[RawFile, ...] = ()
    """`<itunes:image>`, JSON Feed's `image` and `banner_image`."""
    duration: str = ""
    """`<itunes:duration>`: that of the first file that can be played."""
    categories: tuple[str, ...] = ()
    """Labels, else terms; as written."""
    comments: str = ""
    """`<comments>`, else `<link rel="replies">` of an HTML page."""
    source_title: str = ""
    """`<source>`: the feed that the entry was taken from."""
    source_link: str = ""


NO_RAW_DETAILS = RawDetails()


def read_details(raw: RawDetails, *, base: str, feed_title: str) -> Details:
    """The facts; relative addresses start at `base`."""
    if raw == NO_RAW_DETAILS:
        return Details()
    files = tuple(islice(_once(_files(raw, base)), _MAX_FILES))
    source_title = one_line(raw.source_title, "guess")
    is_own = source_title == feed_title and bool(feed_title)
    return Details(
        enclosures=_with_duration(files, _seconds(raw.duration)),
        image_url=_picture(raw, base),
        categories=tuple(islice(_categories(raw.categories), _MAX_CATEGORIES)),
        comments_url=web_address(raw.comments, base),
        source_title="" if is_own else source_title,
        source_url=None if is_own else web_address(raw.source_link, base),
    )


def edited_words(details: Details) -> tuple[str, ...]:
    """What tells that the publisher edited the details; () where there are none.

    Of an address the path: hosts that share load and the tokens of a query change at each fetch. Sizes and
    durations change with the advertisements that are put in, a comments link with the first comment.
    """
    files = sorted({_path(enclosure.url) for enclosure in details.enclosures})
    picture = [_path(details.image_url)] if details.image_url else []
    source = [details.source_title] if details.source_title else []
    words = (
        ("file", files),
        ("picture", picture),
        ("category", sorted(details.categories)),
        ("source", source),
    )
    return tuple(f"{name} {value}" for name, values in words for value in values)


def _path(address: str) -> str:
    """Without scheme, host, query and fragment. The address may be relative, and no address at all."""
    return _PATH.sub("", address, count=1).partition("?")[0].partition("#")[0]


def _files(raw: RawDetails, base: str) -> Iterator[Enclosure]:
    for file in raw.enclosures:
        if url := web_address(file.url, base):
            yield _enclosure(file, url)
    for file in raw.media:
        url = web_address(file.url, base)
        # A film of Flash (YouTube sends one with each entry) can be seen by nobody any more.
        if (
            url
            and "flash" not in file.type
            and not (enclosure := _enclosure(file, url)).type.startswith("image/")
        ):
            yield enclosure


def _once(files: Iterable[Enclosure]) -> Iterator[Enclosure]:
    seen: set[str] = set()
    for file in files:
        if file.url not in seen:
            seen.add(file.url)
            yield file


def _enclosure(file: RawFile, url: str) -> Enclosure:
    return Enclosure(
        url=url,
        type=_type(file, url),
        title=one_line(file.title, "guess"),
        length_bytes=_number(file.length, _MAX_BYTES),
        seconds=_seconds(file.duration),
    )


def _type(file: RawFile, url: str) -> str:
    """As said; where that says nothing, "audio/*" and so on by the medium or by the end of the address."""
    said = file.type.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(said) and said not in _TYPES_THAT_SAY_NOTHING:
        return said
    medium = file.medium.strip().lower()
    if medium not in _MEDIUMS:
        medium = _MEDIUM_OF_ENDING.get(_path(url).rpartition(".")[2].lower(), "")
    return f"{medium}/*" if medium else ""


def _with_duration(files: tuple[Enclosure, ...], seconds: int | None) -> tuple[Enclosure, ...]:
    for place, file in enumerate(files):
        if seconds and file.type.startswith(("audio/", "video/")):
            timed = replace(file, seconds=file.seconds or seconds)
            return (*files[:place], timed, *files[place + 1 :])
    return files


def _picture(raw: RawDetails, base: str) -> str | None:
    found = [*_pictures(raw, base)]
    return max(found, key=lambda picture: picture[0])[1] if found else None  # of equals, the first


def _pictures(raw: RawDetails, base: str) -> Iterator[tuple[int, str]]:
    """Width and address of what may be shown, the likeliest first."""
    images = [file for file in (*raw.media, *raw.enclosures) if _type(file, file.url).startswith("image/")]
    for files, usual in (
        (images, _USUAL_WIDTH_OF_A_PICTURE),
        (raw.pictures, _USUAL_WIDTH_OF_A_PICTURE),
        (raw.thumbnails, _USUAL_WIDTH_OF_A_THUMBNAIL),
    ):
        for file in islice(files, _MAX_FILES):
            width = _number(file.width, 100_000) or usual
            url = web_address(file.url, base)
            if url and width >= _MIN_WIDTH and not any(face in url for face in _FACES):
                yield (width if width <= _MAX_WIDTH else _RANK_OF_THE_TOO_WIDE), url


def _categories(said: Iterable[str]) -> Iterator[str]:
    """Each once, whatever its letter case; an address is the name of none."""
    seen: set[str] = set()
    for text in said:
        line = one_line(text, "guess")
        key = line.casefold()
        if line and len(line) <= _MAX_CATEGORY_CHARS and "://" not in line and key not in seen:
            seen.add(key)
            yield line


def _number(digits: str, most: int) -> int | None:
    found = _NUMBER.fullmatch(digits.strip())
    number = int(found[1]) if found else 0
    return number if 0 < number <= most else None


def _seconds(text: str) -> int | None:
    """Of 3661, 3661.5, 61:01 or 1:01:01."""
    if not (found := _CLOCK.fullmatch(text.strip())):
        return _number(text, _MAX_SECONDS)
    hours, minutes, seconds = (int(group or 0) for group in found.groups())
    return _number(str((hours * 60 + minutes) * 60 + seconds), _MAX_SECONDS)
