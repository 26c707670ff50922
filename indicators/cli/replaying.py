"""The past, lived again: `replay`."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from indicators.cli.context import Unusable, catalogue, day, emit, registry, settings, shared, table
from indicators.model.level import WatchCondition
from indicators.replay import truth
from indicators.replay.archive import Day


def replay_options(command: argparse.ArgumentParser) -> None:
    """`vedette replay`."""
    shared(command)
    command.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE.jsonl[.gz]")
    command.add_argument("--from", dest="since", type=day, help="the first day (default: the archives' first)")
    command.add_argument("--to", dest="until", type=day, help="the last day (default: the archives' last)")
    command.add_argument("--truth", type=Path, metavar="FILE", help="what really happened, as YAML")
    command.add_argument("--engine", choices=("local",), default="local", help="where it runs")
    command.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    command.set_defaults(run=run_replay)


def run_replay(chosen: argparse.Namespace) -> None:
    """Run the spine over archives as of each day, in a database of its own that is thrown away."""
    from feeds.archive import ArchiveProblem
    from feeds.database import open_engine, reading
    from indicators import store
    from indicators.replay import archive

    started = time.monotonic()
    if chosen.since and chosen.until and chosen.since > chosen.until:
        raise Unusable(f"--from {chosen.since}: is after --to {chosen.until}; give the earlier day first")
    book, in_force = catalogue(chosen), settings(chosen)
    try:
        happened = truth.read(chosen.truth) if chosen.truth else None
        found = archive.gather(
            chosen.archives,
            known=registry(chosen).values(),
            since=chosen.since,
            until=chosen.until,
            zone=ZoneInfo(book.problem.timezone),
        )
    except (ArchiveProblem, truth.TruthProblem) as problem:
        raise Unusable(str(problem)) from problem
    if not found.items:
        raise Unusable(f"{', '.join(map(str, chosen.archives))}: nothing was published on these days; see --from, --to")
    conditions: dict[date, WatchCondition] = {}
    items = signals = 0
    with tempfile.TemporaryDirectory(prefix="vedette-replay-") as folder:
        engine = open_engine(Path(folder) / "replay.db")
        try:
            store.upgrade(engine)
            for one in archive.walk(engine, found, book, in_force):
                conditions[one.day] = one.recommendation.condition
                items += one.items
                signals += one.signals
                _tell(one, as_json=chosen.json)
            with reading(engine) as connection:
                events = store.events.count(connection, book.problem.id)
        finally:
            engine.dispose()
    verdict = truth.judge(conditions, happened)
    if chosen.json:
        counted = {"items": items, "signals": signals, "events": events}
        emit({"kind": "summary", **counted, **_summary(verdict), "seconds": round(time.monotonic() - started, 1)})
        return
    print(f"{items} items, {signals} signals, {events} events in {len(conditions)} days")
    _print_verdict(verdict)


def _tell(one: Day, *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = []
    if one.changed:
        reached = one.recommendation
        rows.append({"kind": "level", "at": one.day, "level": int(reached.condition), "why": reached.why})
    for standing in one.moved:
        said = {"indicator": standing.indicator, "level": standing.level.word, "why": standing.why}
        rows.append({"kind": "indicator", "at": one.day, **said})
    for row in rows:
        if as_json:
            emit(row)
        else:
            why = [row["why"]] if isinstance(row["why"], str) else row["why"]
            print(f"{row['at']}  {row.get('indicator', 'condition')}: {row['level']}  {'; '.join(why)}")


def _summary(verdict: truth.Verdict) -> dict[str, Any]:
    return {
        "days_at_level": _by_number(verdict.days_at),
        "first_at_level": _by_number(verdict.first_at),
        "lead_days": _by_number(verdict.lead),
        "false_days": _by_number(verdict.false_days),
    }


def _by_number(figures: Mapping[WatchCondition, Any]) -> dict[str, Any]:
    return {str(int(level)): figure for level, figure in figures.items()}


def _print_verdict(verdict: truth.Verdict) -> None:
    rows: list[Sequence[object]] = [
        (
            f"{int(level)} {level.word}",
            days,
            verdict.first_at.get(level, "-"),
            verdict.lead.get(level, "-"),
            verdict.false_days.get(level, "-"),
        )
        for level, days in verdict.days_at.items()
    ]
    table(rows, ("condition", "days", "first reached", "lead days", "false days"))
    for level, card in verdict.cards.items():
        print(f"{int(level)} {level.word} or graver: {card.why}")
