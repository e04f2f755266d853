"""Bytes in every encoding, and claims that are wrong. (More of them, as whole feeds, in corpus/feeds.)"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.charsets import decode

TEXTS = {
    "utf-8": "déjà 日本語 😀",
    "utf-8-sig": "déjà 日本語 😀",
    "utf-16": "déjà 日本語 😀",
    "utf-32": "déjà 日本語 😀",
    "iso-8859-1": "déjà vu",
    "iso-8859-15": "déjà 5 €",
    "windows-1252": "« déjà » “vu” €",
    "windows-1251": "Привет, мир",
    "koi8-r": "Привет, мир",
    "iso-8859-7": "Καλημέρα",
    "euc-kr": "안녕하세요",
    "big5": "臺灣新聞",
    "gb18030": "中国新闻",
    "shift_jis": "日本語の記事",
    "euc-jp": "日本語の記事",
    "iso-2022-jp": "日本語の記事",
}


@pytest.mark.parametrize(("charset", "text"), TEXTS.items(), ids=TEXTS)
def test_declared_in_the_document(charset: str, text: str) -> None:
    document = f'<?xml version="1.0" encoding="{charset.removesuffix("-sig")}"?><t>{text}</t>'
    assert decode(document.encode(charset), "text/xml; charset=us-ascii") == document


@pytest.mark.parametrize(("charset", "text"), TEXTS.items(), ids=TEXTS)
def test_said_by_the_server(charset: str, text: str) -> None:
    document = f"<t>{text}</t>"
    name = charset.removesuffix("-sig")
    assert decode(document.encode(charset), f'text/xml; charset="{name}"') == document


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_without_a_mark(order: str) -> None:
    assert decode("<t>déjà</t>".encode(order)) == "<t>déjà</t>"


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_wide_json_without_a_mark(order: str) -> None:
    assert decode('{"t": "déjà"}'.encode(order)) == '{"t": "déjà"}'


@pytest.mark.parametrize(
    "claim", ["utf-16", "utf-7", "hex", "punycode", "unicode_escape", "idna", "no-such-thing"]
)
def test_impossible_claims_are_ignored(claim: str) -> None:
    document = f'<?xml version="1.0" encoding="{claim}"?><t>déjà \\x3c +ADw-</t>'
    assert decode(document.encode(), f"text/xml; charset={claim}") == document


def test_one_broken_character_does_not_spoil_the_rest() -> None:
    assert decode("été où déjà".encode() + b"\xc3") == "été où déjà\ufffd"
    korean = '<?xml version="1.0" encoding="euc-kr"?><t>안녕하세요 '
    assert decode(korean.encode("euc-kr") + b"\xff").startswith(korean)


@given(st.binary(), st.text(max_size=60))
def test_any_bytes_are_a_text(body: bytes, content_type: str) -> None:
    assert isinstance(decode(body, content_type), str)
