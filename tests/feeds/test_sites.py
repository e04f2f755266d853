"""Sites whose feeds are told from the address of a page."""

from __future__ import annotations

import pytest

from aggregator.feeds.sites import feeds_of_site, feeds_of_source, page_of_handle, usual_addresses

CHANNEL = "UC" + "a1_-" * 5 + "xy"
VIDEOS = "https://www.youtube.com/feeds/videos.xml"
REDDIT = "https://www.reddit.com"
HUB = "https://github.com/pallets/flask"


@pytest.mark.parametrize(
    ("page", "feeds"),
    [
        (f"https://www.youtube.com/channel/{CHANNEL}", [f"{VIDEOS}?channel_id={CHANNEL}"]),
        (f"https://m.youtube.com/channel/{CHANNEL}/videos", [f"{VIDEOS}?channel_id={CHANNEL}"]),
        ("https://www.youtube.com/user/Some.One", [f"{VIDEOS}?user=Some.One"]),
        ("https://www.youtube.com/playlist?list=PLabc_-1", [f"{VIDEOS}?playlist_id=PLabc_-1"]),
        ("https://www.youtube.com/watch?v=x&list=PLabc&index=2", [f"{VIDEOS}?playlist_id=PLabc"]),
        ("https://www.reddit.com/r/Python/", [f"{REDDIT}/r/Python/.rss"]),
        ("https://old.reddit.com/r/Python/new/", [f"{REDDIT}/r/Python/.rss"]),
        ("https://www.reddit.com/user/some-one", [f"{REDDIT}/user/some-one/.rss"]),
        (
            "https://www.reddit.com/r/Python/comments/1abc/a_title/",
            [f"{REDDIT}/r/Python/.rss", f"{REDDIT}/r/Python/comments/1abc/.rss"],
        ),
        ("https://bsky.app/profile/one.bsky.social", ["https://bsky.app/profile/one.bsky.social/rss"]),
        (
            "https://bsky.app/profile/did:plc:abc/post/3kx",
            ["https://bsky.app/profile/did:plc:abc/rss"],
        ),
        ("https://github.com/pallets", ["https://github.com/pallets.atom"]),
        (HUB, [f"{HUB}/releases.atom", f"{HUB}/tags.atom", f"{HUB}/commits.atom"]),
        (f"{HUB}.git", [f"{HUB}/releases.atom", f"{HUB}/tags.atom", f"{HUB}/commits.atom"]),
        (f"{HUB}/issues/1", [f"{HUB}/releases.atom", f"{HUB}/tags.atom", f"{HUB}/commits.atom"]),
        (
            "https://gitlab.com/group/sub/project/-/issues",
            [
                "https://gitlab.com/group/sub/project/-/releases.atom",
                "https://gitlab.com/group/sub/project/-/tags?format=atom",
                "https://gitlab.com/group/sub/project.atom",
            ],
        ),
        (
            "https://codeberg.org/forgejo/forgejo",
            [
                "https://codeberg.org/forgejo/forgejo/releases.rss",
                "https://codeberg.org/forgejo/forgejo.rss",
            ],
        ),
        ("https://letters.substack.com/p/some-letter", ["https://letters.substack.com/feed"]),
        ("https://medium.com/@some.one", ["https://medium.com/feed/@some.one"]),
        ("https://medium.com/@some.one/a-title-12ab", ["https://medium.com/feed/@some.one"]),
        ("https://medium.com/the-publication", ["https://medium.com/feed/the-publication"]),
        ("https://medium.com/tag/python/latest", ["https://medium.com/feed/tag/python"]),
        ("https://some-one.medium.com/", ["https://some-one.medium.com/feed"]),
        (
            "https://carnet.wordpress.com/2026/01/titre/",
            ["https://carnet.wordpress.com/feed/", "https://carnet.wordpress.com/comments/feed/"],
        ),
        ("https://carnet.tumblr.com/post/12", ["https://carnet.tumblr.com/rss"]),
        ("https://www.tumblr.com/carnet/12/titre", ["https://carnet.tumblr.com/rss"]),
        (
            "https://carnet.blogspot.co.uk/2026/01/titre.html",
            [
                "https://carnet.blogspot.co.uk/feeds/posts/default",
                "https://carnet.blogspot.co.uk/feeds/comments/default",
            ],
        ),
        ("https://vimeo.com/some1", ["https://vimeo.com/some1/videos/rss"]),
        ("https://vimeo.com/channels/staffpicks", ["https://vimeo.com/channels/staffpicks/videos/rss"]),
    ],
)
def test_the_feeds_of_a_known_page(page: str, feeds: list[str]) -> None:
    found = feeds_of_site(page)
    assert [feed.url for feed in found] == feeds
    assert all(feed.title for feed in found)


@pytest.mark.parametrize(
    "page",
    [
        "https://example.org/r/python",
        "https://github.com.example.org/pallets/flask",
        "https://notgithub.com/pallets/flask",
        "https://github.com/",
        "https://github.com/features/actions",
        "https://github.com/pallets/flask/releases.atom",
        "https://www.youtube.com/watch?v=abc",
        "https://www.youtube.com/feeds/videos.xml?channel_id=" + CHANNEL,
        "https://www.youtube.com/channel/UCshort",
        "https://www.reddit.com/r/python/.rss",
        "https://www.reddit.com/",
        "https://medium.com/p/12ab",
        "https://www.tumblr.com/dashboard",
        "https://vimeo.com/12345",
        "https://www.substack.com/",
        "https://gitlab.com/explore/projects",
    ],
)
def test_what_is_no_page_of_the_table(page: str) -> None:
    assert feeds_of_site(page) == ()


@pytest.mark.parametrize(
    "source",
    [
        f'<script>var d = {{"externalId":"{CHANNEL}","x":1}}</script>',
        f'<script>{{"channelId": "{CHANNEL}"}}</script>',
        f'<link rel="canonical" href="https://www.youtube.com/channel/{CHANNEL}">',
    ],
)
def test_a_handle_of_youtube_through_its_page(source: str) -> None:
    page = source.encode()
    found = feeds_of_source("https://www.youtube.com/@some.one", page)
    assert [feed.url for feed in found] == [f"{VIDEOS}?channel_id={CHANNEL}"]
    assert feeds_of_source("https://example.org/@some.one", page) == ()
    assert feeds_of_source("https://www.youtube.com/@some.one", b"<html>") == ()


def test_usual_addresses_stay_on_the_host_and_begin_with_the_likeliest() -> None:
    at_root = usual_addresses("https://blog.example:8443/?x=1#y")
    assert at_root[:2] == ("https://blog.example:8443/feed", "https://blog.example:8443/rss.xml")
    below = usual_addresses("https://blog.example/carnet/")
    assert below[:2] == ("https://blog.example/carnet/feed", "https://blog.example/feed")
    account = usual_addresses("https://social.example/@some_one")
    assert account[0] == "https://social.example/@some_one.rss"


def test_handles_of_the_fediverse() -> None:
    assert page_of_handle("@some_one@social.example") == "https://social.example/@some_one"
    for typed in ("some@social.example", "@some_one", "https://social.example/@some_one", "@a@b"):
        assert page_of_handle(typed) is None
