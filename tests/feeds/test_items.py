"""A document in parts: what it is made of again, and what is refused."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.items import HASH_BYTES, split_items

HEAD, FOOT = '<rss version="2.0"><channel><title>A</title>', "</channel></rss>"
ONE = "<item><guid>1</guid><title>One</title></item>"
TWO = '<item rdf:about="x"><guid isPermaLink="false"> 2 </guid></item>'

_PIECES = st.sampled_from(
    [
        "<item>",
        "</item>",
        "<item/>",
        "<entry>",
        "</entry>",
        "<x:item>",
        "<items>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<guid>1</guid>",
        "text",
        "<",
        ">",
        "\n",
    ]
)
documents = st.lists(_PIECES, max_size=12).map("".join)


def test_the_items_and_what_stands_between_them() -> None:
    parts = split_items(f"{HEAD}{ONE}\n{TWO}{FOOT}")
    assert parts is not None
    assert parts.items == (ONE, TWO)
    assert parts.between == (HEAD, "\n", FOOT)


def test_a_document_with_some_of_its_items() -> None:
    parts = split_items(f"{HEAD}{ONE}\n{TWO}{FOOT}")
    assert parts is not None
    assert parts.document() == f"{HEAD}\n{FOOT}"
    assert parts.document({1}) == f"{HEAD}\n{TWO}{FOOT}"
    assert parts.document({0, 1}) == f"{HEAD}{ONE}\n{TWO}{FOOT}"


def test_a_document_without_items_is_one_part() -> None:
    parts = split_items(HEAD + FOOT)
    assert parts is not None
    assert parts.items == ()
    assert parts.between == (HEAD + FOOT,)


@pytest.mark.parametrize(
    "hidden", ["<!-- <item> </item> -->", "<![CDATA[<item><b></item></entry>]]>", "<items>"]
)
def test_tags_in_comments_and_cdata_are_no_items(hidden: str) -> None:
    item = f"<item><guid>1</guid><description>{hidden}</description></item>"
    parts = split_items(f"{HEAD}{hidden}{item}{hidden}{FOOT}")
    assert parts is not None
    assert parts.items == (item,)


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(ONE + "<item><guid>2</guid>", id="not closed"),
        pytest.param("<item><item></item></item>", id="one within another"),
        pytest.param("<item></entry>", id="closed under another name"),
        pytest.param(ONE + "</item>", id="closed twice"),
        pytest.param("<item/>", id="empty"),
        pytest.param("<r:item></r:item>", id="with a prefix"),
        pytest.param("<atom:entry></atom:entry>" + ONE, id="of another format"),
        pytest.param(ONE + "<![CDATA[", id="before CDATA without end"),
        pytest.param(ONE + "<!--", id="before a comment without end"),
    ],
)
def test_items_that_cannot_be_told_apart_are_refused(items: str) -> None:
    assert split_items(HEAD + items + FOOT) is None


@given(documents)
def test_the_parts_in_their_order_are_the_document(xml: str) -> None:
    parts = split_items(xml)
    if parts is not None:
        assert len(parts.between) == len(parts.items) + 1
        assert parts.document(range(len(parts.items))) == xml


@pytest.mark.parametrize("piece", ["<![CDATA[", "<!--", "<item ", "<item><guid>", "<", "<item></item>"])
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    started = time.monotonic()
    split_items(HEAD + piece * 100_000)
    assert time.monotonic() - started < 5


def test_an_item_is_known_by_its_bytes_and_the_declarations_of_the_root() -> None:
    def hashes(xml: str) -> tuple[bytes, ...]:
        parts = split_items(xml)
        assert parts is not None
        return parts.hashes()

    first = hashes(f"{HEAD}{ONE}{TWO}{FOOT}")
    assert [len(one) for one in first] == [HASH_BYTES, HASH_BYTES]
    assert hashes(f'<rss version="2.0"><channel><title>B</title>{TWO}{ONE}{FOOT}') == first[::-1]
    assert set(hashes(f"{HEAD.replace('2.0', '2.1')}{ONE}{TWO}{FOOT}")).isdisjoint(first)
    assert hashes(f"{HEAD}{ONE.replace('One', 'one')}{TWO}{FOOT}")[0] != first[0]


@pytest.mark.parametrize(
    ("written", "guid"),
    [
        ("<guid>g</guid>", "g"),
        ("<guid isPermaLink='false'> g&amp;h\n</guid>", "g&h"),
        ("<id><![CDATA[ g ]]></id>", "g"),
        ("<guid> <![CDATA[g&amp;h]]> </guid >", "g&amp;h"),
        ("<guid></guid>", ""),
        ("<guid/>", ""),
        ("<title>guid</title>", ""),
    ],
)
def test_the_guid_that_an_item_writes(written: str, guid: str) -> None:
    parts = split_items(f"{HEAD}<item>{written}</item>{ONE}{FOOT}")
    assert parts is not None
    assert parts.guids({0}) == frozenset({guid} - {""})
    assert not parts.repeats_a_guid()


def test_a_guid_that_stands_twice_is_told() -> None:
    parts = split_items(f"{HEAD}{ONE}{TWO}{ONE.replace('One', 'Other')}{FOOT}")
    assert parts is not None
    assert parts.repeats_a_guid()
    assert parts.guids({0, 2}) == {"1"}
