"""What the rules are held to, measured here and now: `simulate`; and which past days are known episodes: `labels`."""

from __future__ import annotations

import argparse
import getpass
from dataclasses import asdict

from indicators.cli.context import Finding, Unusable, catalogue, database, day, emit, product_now, shared, table, whole
from indicators.model.series import SeriesLabel
from indicators.store.problems import reading, writing


def simulate_options(command: argparse.ArgumentParser) -> None:
    """`vedette simulate`."""
    shared(command)
    command.add_argument("--series", type=whole, default=400, help="made-up series of each kind (default: 400)")
    command.add_argument("--days", type=whole, default=730, help="their length in days (default: 730)")
    command.add_argument("--json", action="store_true", help="JSON Lines on stdout")
    command.set_defaults(run=run_simulate)


def run_simulate(chosen: argparse.Namespace) -> None:
    """Every claim with its figure, and the rules beside each other in one made-up world."""
    from indicators.levels import simulation, trials

    if chosen.days < 300:
        raise Unusable(f"--days {chosen.days}: leaves nothing after 16 weeks of baseline; write 300 or more")
    failed = []
    for trial in trials.TRIALS.values():
        found = trial(chosen.series)
        if chosen.json:
            emit({"kind": "trial", **asdict(found)})
        else:
            print(f"{'holds' if found.holds else 'FAILS'}  {found.name}: {found.figure} (claim: {found.claim})")
        if not found.holds:
            failed.append(found.name)
    scores = simulation.compare(series=chosen.series, days=chosen.days)
    if chosen.json:
        for score in scores:
            emit({"kind": "rule", **asdict(score)})
    else:
        table(
            [(one.rule, f"{one.rate:g}", f"{one.false_per_year:.2f}", f"{one.found:.0%}") for one in scores],
            ("rule", "events a day", "false a series-year", "fourfold ramps found in 14 days"),
        )
    if failed:
        raise Finding(f"{', '.join(failed)}: the claim does not hold for {chosen.series} series")


def labels_options(command: argparse.ArgumentParser) -> None:
    """`vedette labels`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    shown = shared(inner.add_parser("list", help="which past days stay out of the baselines, and who said so"))
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(run=run_labels_list)
    new = shared(inner.add_parser("set", help="label days of an indicator; `none` makes them ordinary again"))
    new.add_argument("indicator")
    new.add_argument("label", choices=("event", "test", "none"))
    new.add_argument("--from", dest="since", type=day, required=True)
    new.add_argument("--to", dest="until", type=day, required=True)
    new.add_argument("--by", default="", help="who (default: this account)")
    new.add_argument("--reason", required=True)
    new.set_defaults(run=run_labels_set)


def run_labels_list(chosen: argparse.Namespace) -> None:
    """Every label, in the order in which it was said; a later one speaks over an earlier one."""
    from indicators.store import labels

    book, engine = catalogue(chosen), database(chosen, create=False)
    with reading(engine) as connection:
        found = labels.known(connection, book.problem.id, as_of=product_now(chosen, engine))
    if chosen.json:
        for one in found:
            emit(asdict(one))
        return
    table(
        [
            (one.indicator, one.first_on, one.last_on, one.label, one.by, f"{one.at:%Y-%m-%d}", one.reason)
            for one in found
        ],
        ("indicator", "from", "to", "label", "by", "said on", "why"),
    )


def run_labels_set(chosen: argparse.Namespace) -> None:
    """Label days as a named person for a reason."""
    from indicators.store import labels

    book, engine = catalogue(chosen), database(chosen)
    if chosen.indicator not in book.indicators:
        raise Unusable(f"{chosen.indicator}: no such indicator; `vedette thresholds list` names them")
    label = SeriesLabel(
        problem=book.problem.id,
        indicator=chosen.indicator,
        first_on=chosen.since,
        last_on=chosen.until,
        label=chosen.label,
        by=chosen.by or getpass.getuser(),
        at=product_now(chosen, engine),
        reason=chosen.reason,
    )
    try:
        with writing(engine) as connection:
            labels.add(connection, [label])
    except labels.LabelRefused as refused:
        raise Unusable(str(refused)) from refused
    print(f"{label.indicator}: {label.first_on} to {label.last_on} is {label.label}")
