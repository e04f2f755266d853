"""The dictionaries that feedparser makes of a document, read with care.

A document may put a dictionary where feedparser has a string, and the reverse: <ttl x="1">. And its
dictionaries answer with other keys than asked: `dict.get` does not.
"""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]


def text_of(fields: Fields, *keys: str) -> str:
    for key in keys:
        value = dict.get(fields, key)
        if isinstance(value, str) and value:
            return value
    return ""


def dict_of(fields: Fields, key: str) -> Fields:
    value = dict.get(fields, key)
    return value if isinstance(value, dict) else {}


def dicts_of(fields: Fields, key: str) -> list[Fields]:
    value = dict.get(fields, key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
