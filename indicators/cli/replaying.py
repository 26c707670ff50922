"""The past, lived again: `replay`, `backfill`, `validator`."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from indicators.cli.context import (
    Finding,
    Unusable,
    catalogue,
    database,
    day,
    emit,
    now,
    registry,
    settings,
    shared,
    table,
    whole,
)
from indicators.model.level import WatchCondition

if TYPE_CHECKING:
    from indicators.pipeline import Coded
    from indicators.replay import truth
    from indicators.replay.archive import Archive, Day


def replay_options(command: argparse.ArgumentParser) -> None:
    """`vedette replay`."""
    _archives(command)
    command.add_argument("--truth", type=Path, metavar="FILE", help="what really happened, as YAML")
    command.add_argument("--card", type=Path, metavar="FILE", help="write every figure and the method, as JSON")
    command.add_argument("--out", type=Path, metavar="DIR", help="write signals.parquet and days.parquet")
    command.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    command.set_defaults(run=run_replay)


def backfill_options(command: argparse.ArgumentParser) -> None:
    """`vedette backfill`."""
    _archives(command)
    command.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    command.set_defaults(run=run_backfill)


def validator_options(command: argparse.ArgumentParser) -> None:
    """`vedette validator`."""
    shared(command)
    command.add_argument("cards", nargs="*", type=Path, metavar="CARD.json", help="cards that `replay --card` wrote")
    command.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    command.set_defaults(run=run_validator)


def _archives(command: argparse.ArgumentParser) -> None:
    shared(command)
    command.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE.jsonl[.gz], .parquet, or a recording")
    command.add_argument("--from", dest="since", type=day, help="the first day (default: the archives' first)")
    command.add_argument("--to", dest="until", type=day, help="the last day (default: the archives' last)")
    command.add_argument("--engine", choices=("local", "dask"), default="local", help="where items are coded")
    command.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler (default: processes of this machine)")
    command.add_argument("--workers", type=whole, default=os.cpu_count() or 1, help="processes, without a scheduler")


@contextmanager
def _gathered(chosen: argparse.Namespace) -> Iterator[Archive]:
    """What the archives hold of the days asked for."""
    from feeds.archive import ArchiveProblem
    from indicators.replay import archive, cluster

    if chosen.since and chosen.until and chosen.since > chosen.until:
        raise Unusable(f"--from {chosen.since}: is after --to {chosen.until}; give the earlier day first")
    with tempfile.TemporaryDirectory(prefix="vedette-archive-") as folder:
        try:
            found = archive.gather(
                [cluster.as_lines(path, Path(folder)) for path in chosen.archives],
                known=registry(chosen).values(),
                since=chosen.since,
                until=chosen.until,
                zone=ZoneInfo(catalogue(chosen).problem.timezone),
            )
        except (ArchiveProblem, cluster.ClusterProblem) as problem:
            raise Unusable(str(problem)) from problem
        if not found.items:
            named = ", ".join(map(str, chosen.archives))
            raise Unusable(f"{named}: nothing was published on these days; see --from, --to")
        yield found


def _coded(chosen: argparse.Namespace, found: Archive) -> Coded | None:
    """What the items say, worked out on Dask where that is asked for."""
    if chosen.engine != "dask":
        return None
    from indicators.replay import cluster
    from indicators.settings import data_folder

    in_force, book = settings(chosen), catalogue(chosen)
    knowledge = cluster.Knowledge(
        data=data_folder().resolve(), problem=in_force.problem, overlay=in_force.catalogue.overlay
    )
    items = [item for published in found.days.values() for item in published]
    try:
        with cluster.client(chosen.scheduler, chosen.workers) as workers:
            return cluster.code_all(items, found.feeds, book, knowledge, workers)
    except cluster.ClusterProblem as problem:
        raise Finding(str(problem)) from problem


def run_replay(chosen: argparse.Namespace) -> None:
    """Run the spine over archives as of each day, in a database of its own that is thrown away."""
    from feeds.database import open_engine, reading
    from indicators import store
    from indicators.replay import archive, report, truth

    started = time.monotonic()
    try:
        happened = truth.read(chosen.truth) if chosen.truth else None
    except truth.TruthProblem as problem:
        raise Unusable(str(problem)) from problem
    if chosen.out is not None and chosen.out.exists() and not chosen.out.is_dir():
        raise Unusable(f"--out {chosen.out}: is a file; name a folder")
    book, in_force = catalogue(chosen), settings(chosen)
    lived: list[Day] = []
    with _gathered(chosen) as found, tempfile.TemporaryDirectory(prefix="vedette-replay-") as folder:
        coded = _coded(chosen, found)
        engine = open_engine(Path(folder) / "replay.db")
        try:
            store.upgrade(engine)
            for one in archive.walk(engine, found, book, in_force, coded=coded):
                lived.append(one)
                _tell(one, as_json=chosen.json)
            with reading(engine) as connection:
                events = store.events.count(connection, book.problem.id)
        finally:
            engine.dispose()
    verdict = truth.judge({one.day: one.recommendation.condition for one in lived}, happened)
    names = [path.name for path in chosen.archives]
    figures = report.document(lived, happened or (), book, archives=names) if happened is not None else None
    if chosen.card is not None:
        if figures is None:
            raise Unusable("--card: there is nothing to judge by; add --truth FILE")
        report.write(chosen.card, figures)
    if chosen.out is not None:
        _write_tables(chosen.out, lived, coded)
    counted = {"items": sum(o.items for o in lived), "signals": sum(o.signals for o in lived), "events": events}
    if chosen.json:
        if figures is not None:
            emit({"kind": "scores", **_figures(figures)})
        emit({"kind": "summary", **counted, **_summary(verdict), "seconds": round(time.monotonic() - started, 1)})
        return
    print(f"{counted['items']} items, {counted['signals']} signals, {events} events in {len(lived)} days")
    _print_verdict(verdict)
    if figures is not None:
        _print_figures(figures)


def run_backfill(chosen: argparse.Namespace) -> None:
    """Run the spine over archives into this installation's own, still empty database: the baselines are learned."""
    from indicators.replay import archive
    from indicators.store import signals
    from indicators.store.problems import reading

    book, engine = catalogue(chosen), database(chosen)
    with reading(engine) as connection:
        watched = signals.cursor(connection, book.problem.id).moved_at
    if watched is not None:
        raise Finding(
            f"{settings(chosen).database.url}: was on watch until {watched:%Y-%m-%d}; "
            "what was known then is not rewritten: name a new database with --db"
        )
    conditions: dict[date, WatchCondition] = {}
    items = 0
    with _gathered(chosen) as found:
        last = max(found.days)
        if last >= now().date():
            raise Unusable(f"--to {last}: is not over yet; backfill ends with a day that is")
        for one in archive.walk(engine, found, book, settings(chosen), coded=_coded(chosen, found)):
            conditions[one.day] = one.recommendation.condition
            items += one.items
            if chosen.json:
                _tell(one, as_json=True)
    if chosen.json:
        emit({"kind": "summary", "items": items, "days": len(conditions), "last": last})
        return
    print(f"{items} items of {len(conditions)} days, up to {last}: condition {int(conditions[last])}")


def run_validator(chosen: argparse.Namespace) -> None:
    """Every indicator under both hypotheses: the author's judgement beside what replays measured."""
    from indicators.replay import report, validator
    from indicators.settings import data_folder

    book = catalogue(chosen)
    paths = chosen.cards or sorted((data_folder() / "replay").glob("*/scorecard.json"))
    try:
        documents = [one for path in paths if (one := report.read(path))["problem"] == book.problem.id]
    except report.CardProblem as problem:
        raise Unusable(str(problem)) from problem
    rows = validator.matrix(book.indicators.values(), documents)
    if chosen.json:
        for row in rows:
            attack, otherwise = row.consistency
            emit(
                {
                    "indicator": row.id,
                    "attack": attack,
                    "no_attack": otherwise,
                    "judged": row.judged,
                    "measured": None if row.measured is None else round(row.measured, 2),
                    "before_attacks": row.before_attacks,
                    "otherwise": row.otherwise,
                    "why": row.why,
                }
            )
        return
    print(f"{book.problem.name}: {len(documents)} replays")
    table(
        [
            (
                row.code,
                row.name,
                *row.consistency,
                f"{row.judged:g}",
                "-" if row.measured is None else f"{row.measured:.1f}",
                row.why,
            )
            for row in rows
        ],
        ("code", "indicator", "attack", "no attack", "judged ratio", "measured", "why"),
    )


def _write_tables(folder: Path, lived: Sequence[Day], coded: Coded | None) -> None:
    from indicators.replay import cluster

    folder.mkdir(parents=True, exist_ok=True)
    if coded is not None:
        cluster.write_signals(coded, folder / "signals.parquet")
    cluster.write_table(
        [
            {
                "day": one.day,
                "condition": int(one.recommendation.condition),
                "indicator": name,
                "level": level.word,
                "p": one.surprise.get(name),
            }
            for one in lived
            for name, level in one.levels.items()
        ],
        folder / "days.parquet",
    )


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


SHOWN = ("pod", "pod_between", "far", "false_per_series_year", "false_per_week", "chance_pod", "lead_quartiles", "why")


def _figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What of a card belongs in a line of its own before the summary."""

    def brief(card: Mapping[str, Any]) -> dict[str, Any]:
        return {name: card[name] for name in (*SHOWN, "lead_days", "detected_after", "episodes")}

    return {
        "condition": {level: brief(card) for level, card in figures["condition"].items()},
        "indicators": {level: brief(card) for level, card in figures["indicators"].items()},
        "naive": brief(figures["naive"]),
        "precision_recall": figures["moving_limit"],
        "locked": figures["locked"],
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A card under its name."""

    name: str
    card: Mapping[str, Any]

    def cells(self) -> tuple[object, ...]:
        """The card in one row of the table."""
        card = self.card
        between = card["pod_between"]
        leads = [f"{one[0]} to {one[1]}" if one[0] != one[1] else one[0] for one in card["lead_days"].values() if one]
        return (
            self.name,
            _share(card["pod"]),
            "-" if between is None else f"{between[0]:.0%} to {between[1]:.0%}",
            _share(card["chance_pod"]),
            _share(card["far"]),
            f"{card['false_per_series_year']:.2f}",
            f"{card['false_per_week']:.2f}",
            ", ".join(map(str, leads)) or "-",
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _print_figures(figures: Mapping[str, Any]) -> None:
    from indicators.replay import report

    cards = [_Line(name=f"{report.word(level)} or graver", card=one) for level, one in figures["condition"].items()]
    cards += [_Line(name=f"indicators at {level}", card=one) for level, one in figures["indicators"].items()]
    cards.append(_Line(name="naive rule", card=figures["naive"]))
    print()
    table(
        [one.cells() for one in cards],
        ("warnings", "POD", "90 %", "chance", "FAR", "false a series-year", "a week", "lead days"),
    )
    print()
    table(
        [
            (
                f"{one['p']:g}",
                _share(one["precision"]),
                _share(one["recall"]),
                one["episodes"],
                one["false_per_series_year"],
            )
            for one in figures["moving_limit"]
        ],
        ("p below", "precision", "recall", "episodes", "false a series-year"),
    )
    print()
    for line in (*(one.card["why"] for one in cards[:1]), *figures["method"]):
        print(line)
