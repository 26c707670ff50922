"""What stands where, and why: `levels`, `thresholds`, `detect`."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from indicators.catalogue import Catalogue
from indicators.cli import previewing
from indicators.cli.context import (
    Finding,
    Unusable,
    as_of,
    catalogue,
    database,
    emit,
    limits_in_force,
    product_now,
    shared,
    table,
    text_of,
    whole,
)
from indicators.model.level import Board, Level, Recommendation, Standing, ThresholdChange, Thresholds, WatchCondition
from indicators.store import levels, thresholds
from indicators.store.problems import reading, writing


def levels_options(command: argparse.ArgumentParser) -> None:
    """`vedette levels`."""
    shared(command)
    command.add_argument("--as-of", type=as_of, help="as it was known then (default: now)")
    command.add_argument("--json", action="store_true")
    command.add_argument("--set", type=int, choices=range(1, 6), metavar="1-5", help="set the watch condition yourself")
    command.add_argument("--by", default="", help="who sets it")
    command.add_argument("--reason", default="", help="why")
    command.set_defaults(run=run_levels)


def thresholds_options(command: argparse.ArgumentParser) -> None:
    """`vedette thresholds`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    shown = shared(inner.add_parser("list"))
    shown.add_argument("--as-of", type=as_of)
    shown.set_defaults(run=run_thresholds_list)
    change = shared(inner.add_parser("set"))
    change.add_argument("indicator")
    for level in ("watch", "warning", "critical"):
        change.add_argument(f"--{level}", type=whole)
    change.add_argument("--days", type=whole, help="counted over so many days")
    change.add_argument("--by", default="", help="who (default: this account)")
    change.add_argument("--reason", required=True)
    change.set_defaults(run=run_thresholds_set)
    previewing.add_options(inner)
    out = shared(inner.add_parser("export", help="the changes in force, as YAML"))
    out.set_defaults(run=run_thresholds_export)
    back = shared(inner.add_parser("import", help="take over an export"))
    back.add_argument("file", type=Path)
    back.add_argument("--by", default="")
    back.set_defaults(run=run_thresholds_import)


def detect_options(command: argparse.ArgumentParser) -> None:
    """`vedette detect`."""
    shared(command)
    command.add_argument("series", type=Path, help="CSV with a column `observed`, optionally date, exposure, coverage")
    command.add_argument("--method", required=True, help="nbp, ears, farrington, absolute, buildup, routine")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a parameter of the method")
    command.add_argument("--first", type=int, help="the first monitored row, counted from 1")
    command.add_argument("--last", type=int, help="the last monitored row")
    command.add_argument("--csv", action="store_true", help="CSV on stdout (the only form there is)")
    command.set_defaults(run=run_detect)


def run_detect(chosen: argparse.Namespace) -> None:
    """One detector over a series, row by row."""
    import pandas as pd

    from indicators.levels import detector

    text = text_of(chosen.series, "a CSV file with a column `observed`")
    try:
        series = pd.read_csv(StringIO(text))
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise Unusable(f"{chosen.series}: {reason}; give a CSV file with a column `observed`") from error
    parameters = {}
    for pair in chosen.set:
        key, sign, value = pair.partition("=")
        if not sign:
            raise Unusable(f"--set {pair}: has no '='; write it as baseline=7")
        parameters[key.strip()] = value.strip()
    try:
        rows = detector.run(chosen.method, series, parameters, first=chosen.first, last=chosen.last)
    except (detector.ParameterError, detector.SeriesError) as error:
        raise Unusable(f"{chosen.series}: {error}") from error
    # Seventeen digits bring every number back as it was.
    rows.to_csv(sys.stdout, index=False, float_format="%.17g")


def run_levels(chosen: argparse.Namespace) -> None:
    """The board of the problem."""
    if chosen.set is not None and not (chosen.by.strip() and chosen.reason.strip()):
        raise Unusable("--set: a level is set by a named person for a reason; add --by and --reason")
    if chosen.set is not None and chosen.as_of is not None:
        raise Unusable(
            "--set with --as-of: the past is not rewritten; leave --as-of out and the level is set as of now"
        )
    book, engine = catalogue(chosen), database(chosen, create=False)
    at = product_now(chosen, engine)
    if chosen.set is not None:
        from indicators.model.level import SetCondition

        with writing(engine) as connection:
            levels.set_condition(
                connection,
                SetCondition(
                    problem=book.problem.id,
                    condition=WatchCondition(chosen.set),
                    by=chosen.by,
                    at=at,
                    reason=chosen.reason,
                ),
            )
    with reading(engine) as connection:
        board = levels.board(connection, book.problem.id, as_of=at, name=book.problem.name, order=list(book.indicators))
    if chosen.json:
        emit(board_json(board))
        return
    _print_board(board, book)


def board_json(board: Board) -> dict[str, Any]:
    """A board in the contract's JSON form."""
    recommended = board.recommendation
    return {
        "problem": board.problem,
        "as_of": board.as_of,
        "recommended": None if recommended is None else {**_condition(recommended.condition), "why": recommended.why},
        "set": None
        if board.set is None
        else {
            "level": int(board.set.condition),
            "by": board.set.by,
            "at": board.set.at,
            "reason": board.set.reason,
        },
        "coverage": None if recommended is None or recommended.coverage is None else round(recommended.coverage, 4),
        "blind": [] if recommended is None else recommended.blind,
        "assessable_downward": None if recommended is None else recommended.assessable_downward,
        "history": [_step(step) for step in board.history],
        "indicators": [_standing(standing) for standing in board.standings],
    }


def _condition(condition: WatchCondition) -> dict[str, Any]:
    return {"level": int(condition), "name": condition.word}


def _step(step: Recommendation) -> dict[str, Any]:
    return {"at": step.at, "level": int(step.condition), "why": step.why}


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "id": standing.indicator,
        "level": standing.level.word,
        "no_data": standing.no_data,
        "learning": standing.learning,
        "weight": standing.weight.value,
        "count": standing.count,
        "expected": standing.expected,
        "coverage": None if standing.coverage is None else round(standing.coverage, 4),
        "origins": standing.origins,
        "active": standing.active,
        "since": standing.level_since,
        "why": standing.why,
    }


def _print_board(board: Board, book: Catalogue) -> None:
    recommended = board.recommendation
    if recommended is None:
        print(f"{board.name}: not evaluated yet as of {board.as_of:%Y-%m-%d %H:%M} UTC; is a poller running?")
        return
    covered = "unknown" if recommended.coverage is None else f"{recommended.coverage:.0%}"
    print(f"{board.name}, as of {board.as_of:%Y-%m-%d %H:%M} UTC")
    print(f"recommended: {int(recommended.condition)} {recommended.condition.word}, coverage {covered}")
    for line in recommended.why:
        print(f"    {line}")
    if board.set is not None:
        print(f"set: {int(board.set.condition)} {board.set.condition.word} by {board.set.by}: {board.set.reason}")
    table(
        [
            (
                book.indicators[one.indicator].code,
                one.indicator,
                "no data" if one.no_data and one.level is Level.NORMAL else one.level.word,
                one.count,
                one.origins,
                "-" if one.coverage is None else f"{one.coverage:.0%}",
                one.why,
            )
            for one in sorted(board.standings, key=lambda one: (-one.level, not one.no_data))
            if one.indicator in book.indicators
        ],
        ("code", "indicator", "level", "count", "origins", "coverage", "why"),
    )


def run_thresholds_list(chosen: argparse.Namespace) -> None:
    """Every indicator's limits, and whose they are."""
    engine = database(chosen)
    rows = []
    for name, one in limits_in_force(chosen, engine, product_now(chosen, engine)).items():
        limits = one.thresholds
        said = f"{one.change.by}: {one.change.reason}" if one.change else ""
        rows.append(
            (name, limits.watch, limits.warning, limits.critical, limits.within.days, one.authority.value, said)
        )
    table(rows, ("indicator", "watch", "warning", "critical", "days", "whose", "why"))


def run_thresholds_set(chosen: argparse.Namespace) -> None:
    """Change one indicator's limits, as a named person for a reason."""
    book, engine = catalogue(chosen), database(chosen)
    if chosen.indicator not in book.indicators:
        raise Unusable(f"{chosen.indicator}: no such indicator; `vedette thresholds list` names them")
    at = product_now(chosen, engine)
    present = limits_in_force(chosen, engine, at)[chosen.indicator].thresholds
    new = Thresholds(
        watch=present.watch if chosen.watch is None else chosen.watch,
        warning=present.warning if chosen.warning is None else chosen.warning,
        critical=present.critical if chosen.critical is None else chosen.critical,
        within=present.within if chosen.days is None else timedelta(days=chosen.days),
    )
    by = chosen.by or getpass.getuser()
    change = ThresholdChange(
        problem=book.problem.id, indicator=chosen.indicator, thresholds=new, by=by, at=at, reason=chosen.reason
    )
    try:
        with writing(engine) as connection:
            thresholds.change(connection, change)
    except thresholds.ThresholdsRefused as refused:
        raise Unusable(str(refused)) from refused
    print(
        f"{chosen.indicator}: watch {new.watch}, warning {new.warning}, critical {new.critical} in {new.within.days} d"
    )


def run_thresholds_export(chosen: argparse.Namespace) -> None:
    """The officers' changes in force, as YAML on stdout."""
    engine = database(chosen)
    with reading(engine) as connection:
        sys.stdout.write(thresholds.export(connection, catalogue(chosen).problem.id, as_of=product_now(chosen, engine)))


def run_thresholds_import(chosen: argparse.Namespace) -> None:
    """Take over another installation's changes."""
    text = text_of(chosen.file, "a file that `vedette thresholds export` wrote")
    engine = database(chosen)
    try:
        changes = thresholds.read_export(
            text, at=product_now(chosen, engine), by=chosen.by or getpass.getuser(), name=str(chosen.file)
        )
        known = catalogue(chosen).indicators
        if strange := sorted({change.indicator for change in changes} - set(known)):
            raise Finding(
                f"{chosen.file}: {', '.join(strange)}: no such indicator in this problem; nothing was changed"
            )
        with writing(engine) as connection:
            number = thresholds.change_all(connection, changes)
    except thresholds.ThresholdsRefused as refused:
        raise Unusable(str(refused)) from refused
    print(f"{number} indicators changed")
