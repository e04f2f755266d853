"""What the command prints: tables for people, JSON for programs (its shapes are stable), progress, errors."""

from __future__ import annotations

import dataclasses
import json as jsonlib
import re
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aggregator.domain import (
        CategoryPath,
        Entry,
        Headline,
        ImportReport,
        Link,
        Outline,
        PruneReport,
        RefreshProgress,
        RefreshReport,
        RelatedEntry,
        RetentionRule,
        Subscription,
        User,
    )
    from aggregator.errors import AggregatorError
    from aggregator.examining import Finding
    from aggregator.policies import RelatedPolicy, RetentionPolicy
    from aggregator.proposing import Overview
    from aggregator.related.deciding import Decision
    from aggregator.related.showing import Shown
    from aggregator.repairing import Repair
    from aggregator.searching.snippets import Piece
    from aggregator.storage.search import Found


_CONTROL = re.compile("[\x7f-\x9f]")  # the control characters that JSON lets stand as they are


def note(sentence: str) -> None:
    typer.echo(_plain(sentence), err=True)


def announce(line: str) -> None:
    """On standard output, at once: whoever started the program waits for this line."""
    typer.echo(_plain(line))
    sys.stdout.flush()


def failure(error: AggregatorError) -> int:
    """Tell what went wrong; the exit status."""
    note(f"lire-aussi: {error} [{error.code}]")
    for feed in getattr(error, "found", ()):  # of SeveralFeeds
        note(f"  {feed.url}  {feed.title}".rstrip())
    return 1


def _json(value: object) -> None:
    text = jsonlib.dumps(value, ensure_ascii=False, indent=1)
    typer.echo(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _path(category: CategoryPath) -> str | None:
    return "/".join(category) or None


def _plain(text: str) -> str:
    """Titles, addresses and errors come from outside: no control character may reach a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


# ── people ───────────────────────────────────────────────────────────────────────────────────────


def people(found: Sequence[User], *, json: bool) -> None:
    if json:
        _json([{"name": one.name, "role": one.role, "has_password": one.has_password} for one in found])
        return
    for one in found:
        without = "" if one.has_password else "  (no password)"
        typer.echo(_plain(f"{one.name}  {one.role}{without}"))


# ── reports ──────────────────────────────────────────────────────────────────────────────────────


def refresh_report(report: RefreshReport, *, json: bool) -> None:
    if json:
        facts = dataclasses.asdict(report)
        del facts["held"], facts["postponed"]  # no part of the shape that programs read
        _json(facts)
        return
    if report.held:
        are = "1 feed is" if report.held == 1 else f"{report.held} feeds are"
        typer.echo(f"{are} being refreshed by another process; try again later.")
    elif not report.feeds:
        typer.echo("No feed is due.")
    if not report.feeds:
        if report.links:
            typer.echo(f"{report.links} links.")
        return
    typer.echo(
        f"{report.feeds} feeds: {report.updated} updated, "
        f"{report.not_modified + report.same_body} unchanged, {report.failed} failed; "
        f"{report.new_entries} new entries, {report.changed_entries} changed; "
        f"{report.links} links; {report.seconds:.1f} s"
    )


def added(s: Subscription, report: RefreshReport) -> None:
    """A feed that was just followed, and what its first refresh brought."""
    name = _plain(f"{s.title} <{s.feed.url}>")
    if report.failed:
        note(f"lire-aussi: {name}: you follow it now, but it was not fetched. {s.state.error}")
    elif not report.feeds:
        typer.echo(f"{name}: another process is fetching it")
    else:
        typer.echo(f"{name}: {report.new_entries} new entries, {report.links} links")


def removed(s: Subscription) -> None:
    typer.echo(_plain(f"Removed {s.title} <{s.feed.url}>"))


def prune_report(report: PruneReport, *, json: bool, dry_run: bool) -> None:
    if json:
        _json({"dry_run": dry_run, **dataclasses.asdict(report)})
        return
    for feed in report.feeds:
        typer.echo(_plain(f"{feed.entries:>7}  {feed.title}"))
    verb = "would be removed" if dry_run else "removed"
    typer.echo(f"{report.entries} entries {verb}; {report.seconds:.1f} s")


def kept(s: Subscription, rule: RetentionRule, policy: RetentionPolicy) -> None:
    """What is kept of a feed now, by its rule or by the settings."""
    days = policy.keep_days if rule.keep_days is None else rule.keep_days
    count = policy.keep_entries if rule.keep_entries is None else rule.keep_entries
    limits = [f"for {days} days"] * bool(days) + [f"the newest {count}"] * bool(count)
    typer.echo(_plain(f"{s.title} <{s.feed.url}>: entries are kept {', '.join(limits) or 'for ever'}"))


def import_report(report: ImportReport, *, json: bool, dry_run: bool) -> None:
    if json:
        _json(
            {
                "added": [_outline(o) for o in report.added],
                "already_there": [_outline(o) for o in report.already_there],
                "refused": [{"title": o.title, "url": o.url, "reason": o.reason} for o in report.refused],
            }
        )
        return
    verb = "would be added" if dry_run else "added"
    counts = len(report.added), len(report.already_there), len(report.refused)
    typer.echo("{} {verb}, {} already there, {} refused".format(*counts, verb=verb))
    for refused in report.refused:
        name = f"{_plain(refused.title or 'untitled')} <{_plain(refused.url)}>"
        typer.echo(f"  refused: {name}: {_plain(refused.reason)}")


def _outline(outline: Outline) -> dict[str, Any]:
    return {"title": outline.title, "url": outline.url, "category": _path(outline.category)}


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


def subscriptions(found: Sequence[Subscription], *, json: bool) -> None:
    if json:
        _json([_subscription(s) for s in found])
        return
    if not found:
        note("No feeds yet. `lire-aussi import FILE` brings those of your old reader, `add URL` adds one.")
    for s in found:
        health = f"  ! {_plain(s.state.error)}" if s.state.error else ""
        typer.echo(f"{s.feed.id:>5}  {s.unread:>5}  {_plain(s.title)}  <{_plain(s.feed.url)}>{health}")


def _subscription(s: Subscription) -> dict[str, Any]:
    return {
        "id": s.feed.id,
        "url": s.feed.url,
        "title": s.title,
        "category": _path(s.category),
        "site_url": s.feed.site_url,
        "last_checked_at": _iso(s.state.last_checked_at),
        "next_check_at": _iso(s.state.next_fetch_at),
        "failures": s.state.failures,
        "error": s.state.error,
    }


def headlines(found: Sequence[Headline], *, json: bool) -> None:
    if json:
        _json([_headline(h) for h in found])
        return
    for h in found:
        mark = "★" if h.starred else " " if h.read else "•"
        moment = f"{h.published_at:%Y-%m-%d %H:%M}"
        typer.echo(f"{h.id:>7} {mark} {moment}  {_plain(h.feed_title)}: {_plain(h.title)}")


def found(results: Found, *, json: bool) -> None:
    """What a search found; what was wrong with it goes to standard error."""
    for problem in results.problems:
        note(str(problem))
    if json:
        hits = [_headline(hit.headline) | {"snippet": _line(hit.snippet)} for hit in results.hits]
        _json({"total": results.total, "more": results.more, "hits": hits})
        return
    for hit in results.hits:
        headlines([hit.headline], json=False)
        if hit.snippet:
            typer.echo(f"          {_plain(_line(hit.snippet))}")
    shown, more = len(results.hits), "more than " if results.more else ""
    note(f"{shown} of {more}{results.total} entries." if shown else "Nothing found.")


def _line(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _headline(h: Headline) -> dict[str, Any]:
    return {
        "id": h.id,
        "feed": h.feed_title,
        "guid": h.guid,
        "url": h.url,
        "title": h.title,
        "author": h.author,
        "published_at": _iso(h.published_at),
        "read": h.read,
        "starred": h.starred,
    }


def related(entry: Entry, links: Sequence[RelatedEntry], *, json: bool) -> None:
    if json:
        _json(
            {
                "entry": {"id": entry.id, "title": entry.title, "url": entry.url},
                "links": [_link(link) for link in links],
            }
        )
        return
    typer.echo(_plain(entry.title))
    if not links:
        typer.echo("  Nothing related.")
    for link in links:
        origin = f"{_plain(link.feed_title)}, {link.published_at:%Y-%m-%d}"
        typer.echo(f"  {link.score:.2f}  {_plain(link.title)} ({origin})")
        typer.echo(f"        {_plain(', '.join(link.why))}")


def _link(link: RelatedEntry) -> dict[str, Any]:
    return {
        "id": link.id,
        "title": link.title,
        "url": link.url,
        "feed": link.feed_title,
        "published_at": _iso(link.published_at),
        "score": round(link.score, 4),
        "why": list(link.why),
    }


def decision(
    pair: Sequence[Entry],
    found: Decision,
    kept: Link | None,
    shown: Mapping[int, Shown[RelatedEntry]],
    *,
    json: bool,
) -> None:
    """`pair` are the two entries; `kept` is the link that pages read; `shown` what stands under each."""
    one, other = pair
    places = _place(shown[one.id], other.id), _place(shown[other.id], one.id)
    if json:
        facts = {"a": one, "b": other}
        _json(
            {
                **{name: {"id": entry.id, "title": entry.title} for name, entry in facts.items()},
                **asdict(found),
                "kept": asdict(kept) if kept else None,
                "place_under_a": places[0],
                "place_under_b": places[1],
            }
        )
        return
    typer.echo(f"{_plain(one.title)}\n{_plain(other.title)}\n")
    typer.echo(f"cosine {found.cosine:.3f}, {_days(found.days)}")
    for term in found.terms[:20]:
        weights = f"{term.tf:.2f} × {term.other_tf:.2f} × {term.idf:.2f}²"
        typer.echo(f"  {term.part:.3f}  {_plain(term.word):24} {weights}")
    for step in found.steps:
        verdict = "passed" if step.passed else "refused"
        typer.echo(f"{verdict:8} {step.name}: {_figure(step.found)}, asked {_figure(step.asked)}")
    if kept:
        words = ", ".join(map(_plain, kept.why)) or "the same text in two places"
        typer.echo(
            f"kept when the later one arrived: score {kept.score:.3f}, "
            f"confidence {kept.confidence:.2f} ({words})"
        )
    else:
        typer.echo("no link was kept when the later one arrived")
    for entry, place in zip(pair, places, strict=True):
        typer.echo(f"under {_plain(entry.title)!r}: {f'place {place}' if place else 'not shown'}")


def _place(shown: Shown[RelatedEntry], entry_id: int) -> int | None:
    """Where the entry stands, from 1; copies stand beneath the links."""
    ids = [link.id for link in (*shown.links, *shown.copies)]
    return ids.index(entry_id) + 1 if entry_id in ids else None


def _days(days: float | None) -> str:
    return "without dates" if days is None else f"{days:.1f} days apart"


def _figure(value: float | str | None) -> str:
    return "none" if value is None else value if isinstance(value, str) else f"{value:.3g}"


def linking(found: Overview, policy: RelatedPolicy, *, json: bool) -> None:
    state = found.state
    facts = {
        "articles": found.articles,
        "linked": found.linked,
        "share": round(found.share, 4),
        "histogram": list(found.histogram),
        "without_text": found.without_text,
        "pending": found.pending,
        "idf_articles": state.idf_articles if state else 0,
        "linked_at": _iso(state.linked_at) if state else None,
        "rebuilt_at": _iso(state.rebuilt_at) if state else None,
        "cpu_ms_per_article": state and state.cpu_ms_per_article,
        "strictness": policy.strictness,
        "recency": policy.recency,
    }
    if json:
        _json(facts)
        return
    for name, value in facts.items():
        typer.echo(f"{name:18}  {value}")


def repair(done: Repair, *, json: bool) -> None:
    mended = dataclasses.asdict(done.mended)
    if json:
        losses = [{**dataclasses.asdict(loss), "sentence": str(loss)} for loss in done.losses]
        kept = str(done.kept) if done.kept else None
        _json({"damage": list(done.damage), "losses": losses, "kept": kept, "mended": mended})
        return
    for line in done.damage:
        typer.echo(_plain(f"Damaged: {line}"))
    if done.kept is not None:
        typer.echo(f"The damaged file is in {done.kept}")
        for loss in done.lost:
            typer.echo(f"Lost: {loss}")
        if not done.lost:
            typer.echo("Nothing is lost.")
        typer.echo("All links are made again by the next refresh.")
    for name, count in mended.items():
        typer.echo(f"{name.replace('_', ' '):22}  {count}")


def findings(found: Sequence[Finding], *, json: bool) -> None:
    if json:
        _json([dataclasses.asdict(finding) for finding in found])
        return
    for finding in found:
        advice = f" → {finding.advice}" if finding.advice else ""
        typer.echo(_plain(f"{finding.state:8} {finding.name:12} {finding.said}{advice}"))


# ── progress ─────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def refresh_progress() -> Iterator[Callable[[RefreshProgress], None]]:
    """A bar on a terminal; elsewhere a line at each tenth of the way."""
    with _bar("feeds") as advance:
        yield lambda p: advance(p.done, p.feeds)


@contextmanager
def count_progress(what: str) -> Iterator[Callable[[int], None]]:
    with _bar(what) as advance:
        yield lambda done: advance(done, None)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _lines(what: str) -> Callable[[int, int | None], None]:
    told = 0

    def advance(done: int, total: int | None) -> None:
        nonlocal told
        if done - told >= max((total or 0) // 10, 100):
            told = done
            note(f"{done}/{total} {what}" if total else f"{done} {what}")

    return advance
