"""The pages whose address people paste: which feeds they announce, and whether they are pages at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.discovery import FoundFeed, find_feeds, looks_like_html

PAGE = "https://blog.example/2025/some-post"
RSS = 'rel="alternate" type="application/rss+xml"'


def find(html: str, content_type: str = "text/html") -> list[tuple[str, str]]:
    return [(feed.url, feed.title) for feed in find_feeds(html.encode(), url=PAGE, content_type=content_type)]


def test_the_feeds_of_a_page_in_its_order() -> None:
    html = f"""<!DOCTYPE html><html><head><title>Blog</title>
      <link rel="stylesheet" href="/style.css">
      <link {RSS} title="All &amp; sundry" href="/feed/?a=1&amp;b=2">
      <LINK REL="Alternate" TYPE="application/atom+xml" TITLE=" Atom
        feed " HREF=" atom.xml " />
      <link rel=alternate type='application/feed+json; charset=utf-8' href=//cdn.example/feed.json>
      </head><body></body></html>"""
    assert find(html) == [
        ("https://blog.example/feed/?a=1&b=2", "All & sundry"),
        ("https://blog.example/2025/atom.xml", "Atom feed"),
        ("https://cdn.example/feed.json", ""),
    ]


@pytest.mark.parametrize("kind", ["rss+xml", "atom+xml", "rdf+xml", "feed+json", "xml"])
def test_types_that_announce_a_feed(kind: str) -> None:
    html = f'<link rel="alternate home" type="application/{kind}" href="/f">'
    assert find(html) == [("https://blog.example/f", "")]


@pytest.mark.parametrize(
    "attributes",
    [
        'rel="alternate" hreflang="fr" href="/fr"',
        'rel="alternate" type="text/html" href="/mobile"',
        'rel="alternate" type="application/json+oembed" href="/oembed?url=feed"',
        'rel="alternate" type="application/json" title="JSON" href="/wp-json/wp/v2/posts/1"',
        'rel="alternate stylesheet" type="text/xml" href="/style"',
        'rel="EditURI" type="application/rsd+xml" href="/rsd"',
        'rel="search" type="application/xml" href="/search"',
        'type="application/rss+xml" href="/no-rel"',
        f'{RSS} title="no address"',
        f'{RSS} href=" "',
        f'{RSS} href="feed:https://a.example/"',
        f'{RSS} href="javascript:alert(1)"',
        f'{RSS} href="file:///etc/passwd"',
        f'{RSS} href="http://["',
        f'{RSS} href="https://:80/"',
        f'{RSS} href="#the-page-itself"',
    ],
)
def test_links_that_are_no_feed(attributes: str) -> None:
    assert find(f"<head><link {attributes}></head>") == []


@pytest.mark.parametrize("attributes", ['href="/feed.json"', 'title="JSON Feed" href="/posts.json"'])
def test_plain_json_is_a_feed_where_it_says_so(attributes: str) -> None:
    assert len(find(f'<link rel="alternate" type="application/json" {attributes}>')) == 1


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://other.example/dir/", "https://other.example/dir/rss"),
        ("/dir/", "https://blog.example/dir/rss"),
        ("", "https://blog.example/2025/rss"),
        ("data:text/html,", "https://blog.example/2025/rss"),
        ("http://[", "https://blog.example/2025/rss"),
    ],
)
def test_addresses_are_relative_to_the_first_base(base: str, url: str) -> None:
    html = f'<link {RSS} href="rss"><base target="_top"><base href="{base}"><base href="/late/">'
    assert find(html if base else html.partition("<base")[0]) == [(url, "")]


def test_each_feed_once() -> None:
    html = f'<link {RSS} href="/f" title="one"><link {RSS} href="../f#top" title="two">'
    assert find(html) == [("https://blog.example/f", "one")]


@pytest.mark.parametrize(
    "attributes",
    [
        'href="/comments/feed/"',
        'href="/c" title="Blog » Flux des commentaires"',
        'href="/c" title="Blog » Comments Feed"',
        'href="/c" title="1 comment on a post"',
    ],
)
def test_feeds_of_comments_come_last(attributes: str) -> None:
    html = f'<link {RSS} {attributes}><link {RSS} href="/feed" title="Blog"><link {RSS} href="/news">'
    assert [url for url, _ in find(html)][:2] == ["https://blog.example/feed", "https://blog.example/news"]


def test_a_link_in_a_comment_or_a_script_does_not_count() -> None:
    html = f"""<!-- <link {RSS} href="/old"> --><script>"<link {RSS} href='/script'>"</script>
      <![if !IE]><![odd <link><style><link></style><link {RSS} href="/new">"""
    assert find(html) == [("https://blog.example/new", "")]


def test_links_below_the_head_count() -> None:
    html = (
        f'<html><head></head><body>{"<p>text</p>" * 1000}<link {RSS} title="a > b" href="/f"></body></html>'
    )
    assert find(html) == [("https://blog.example/f", "a > b")]


@pytest.mark.parametrize(
    ("charset", "content_type", "meta"),
    [
        ("utf-8", "text/html", ""),
        ("utf-8-sig", "text/html; charset=iso-8859-1", ""),
        ("utf-16", "text/html", ""),
        ("windows-1251", "text/html; charset=windows-1251", '<meta charset="koi8-r">'),
        ("koi8-r", "text/html", '<meta charset="koi8-r">'),
        ("koi8-r", "", "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>"),
        ("utf-8", "text/html; charset=no-such-thing", '<meta charset="utf-16">'),
    ],
)
def test_the_charset(charset: str, content_type: str, meta: str) -> None:
    body = f'<html><head>{meta}<link {RSS} href="/f" title="Новости"></head>'.encode(charset)
    feeds = find_feeds(body, url=PAGE, content_type=content_type)
    assert feeds == (FoundFeed(url="https://blog.example/f", title="Новости"),)


def test_only_the_first_512_kb_are_read() -> None:
    far = f"<html><head>{' ' * 600_000}<link {RSS} href='/far'>"
    assert find(far) == []
    assert find(f"<link {RSS} href='/near'>" + far) == [("https://blog.example/near", "")]


@pytest.mark.parametrize("body", ["", "\0\xff", "{}", "<rss><channel><link>https://a.example/</link></rss>"])
def test_what_is_no_page_announces_nothing(body: str) -> None:
    assert find(body, "") == []


HOSTILE = ("<", "<!--", "<![", "</", "<?", "<a ", ' a="', "&", "&#", "<link ", "<title>", "<meta ")


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("prefix", ["", '<link href="', "<script>"])
def test_the_time_is_bounded(prefix: str, unit: str) -> None:
    body = (prefix + unit * (500_000 // len(unit)) + "<link>").encode()
    started = time.process_time()
    find_feeds(body, url=PAGE, content_type="")
    assert time.process_time() - started < 5


@given(st.lists(st.sampled_from([*HOSTILE, f"<link {RSS} href='f'>", "<base href='", ">", '"', "é", "]]>"])))
def test_any_markup_can_be_read(pieces: list[str]) -> None:
    for url, _ in find("".join(pieces)):
        assert url.startswith("https://blog.example/")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_can_be_read(body: bytes, content_type: str) -> None:
    assert find_feeds(body, url=PAGE, content_type=content_type) == ()
    looks_like_html(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "html"),
    [
        ("<!DOCTYPE html><html>", "", True),
        ("\n<!-- hello --><HTML lang=fr>", "application/rss+xml", True),
        ('<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML"><html>', "text/xml", True),
        ("<head><title>", "", True),
        ("<p>Hello", "text/html; charset=utf-8", True),
        ("Hello", "TEXT/HTML", True),
        ("Hello", "text/plain", False),
        ("", "", False),
        ('<?xml version="1.0"?><rss version="2.0">', "text/html", False),
        ('<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss>', "text/html", False),
        ("<!-- <html> --><feed>", "text/html", False),
        ("<rdf:RDF>", "application/xhtml+xml", False),
        ('{"version": "https://jsonfeed.org/version/1.1"}', "application/json", False),
        ("<br><b>Warning</b>: in feed.php <rss>", "application/rss+xml", False),
    ],
)
def test_what_looks_like_a_page(body: str, content_type: str, html: bool) -> None:
    assert looks_like_html(body.encode(), content_type) is html
    assert looks_like_html(body.encode("utf-16"), content_type) is html
