"""Safe HTML -> the same, as a page shows it.

Promises: nothing of it changes but values of attributes, and the new ones are made here; what was safe stays
so. It is quick: pages do it whenever an article is shown, while what is stored stays as it was cleaned.
Relies on the form that the cleaner writes: a "<" begins a tag and nothing else, values are quoted.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING

from aggregator.domain import SafeHtml

if TYPE_CHECKING:
    from collections.abc import Callable

_TAG = re.compile(r"<(img|video)(?=[ >])((?: [a-z]+=\"[^\"]*\")*+)")
_ATTRIBUTE = re.compile(r" ([a-z]+)=\"([^\"]*)\"")
_PICTURES = frozenset({("img", "src"), ("video", "poster")})


def present(html: SafeHtml, *, picture: Callable[[str], str]) -> SafeHtml:
    """`picture` gives the address at which a page shows the picture of an address."""

    def tag(found: re.Match[str]) -> str:
        name = found[1]

        def attribute(one: re.Match[str]) -> str:
            if (name, one[1]) not in _PICTURES:
                return one[0]
            return f' {one[1]}="{escape(picture(unescape(one[2])))}"'

        return f"<{name}{_ATTRIBUTE.sub(attribute, found[2])}"

    return SafeHtml(_TAG.sub(tag, html))
