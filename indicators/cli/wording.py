"""The catalogue, its corrections, and coding again what is kept: `catalogue`."""

from __future__ import annotations

import argparse
import getpass
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from feeds.archive import read_items
from feeds.model import Item
from indicators import catalogue as knowledge
from indicators.catalogue.background import OFTEN, frequent
from indicators.cli.coding import language, signal_json
from indicators.cli.context import (
    FAILED,
    Finding,
    Unusable,
    as_of,
    catalogue,
    database,
    emit,
    instant,
    now,
    product_now,
    registry,
    shared,
    table,
)
from indicators.coding import code, explain
from indicators.model.correction import Correction, Verdict
from indicators.model.signal import Signal
from indicators.settings import data_folder

SHOWN_CHANGES = 60


def catalogue_options(command: argparse.ArgumentParser) -> None:
    """`vedette catalogue`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    check = shared(inner.add_parser("check", help="every problem with file and line"))
    check.add_argument("folder", nargs="?", type=Path, help="a data folder (default: the shipped one)")
    check.add_argument(
        "--background", metavar="ARCHIVE", action="append", default=[], help="list anchors that fire often in it"
    )
    check.add_argument("--over", type=_share, default=OFTEN, help="as often as this share of the items (default 0.005)")
    check.set_defaults(run=run_check)
    why = shared(inner.add_parser("explain", help="why a text codes as it does"))
    why.add_argument("text", help="the text, or a file that holds it")
    why.add_argument("--published-at", type=instant)
    why.add_argument("--lang", type=language, default="")
    why.set_defaults(run=run_explain)
    again = shared(inner.add_parser("recode", help="code what is kept again with the catalogue as it is now"))
    does = again.add_mutually_exclusive_group()
    does.add_argument("--preview", action="store_true", help="only show what would change (so it is without --write)")
    does.add_argument("--write", action="store_true", help="keep it, known from now on; then restart a running poller")
    again.add_argument("--json", action="store_true")
    again.set_defaults(run=run_recode)
    word = shared(inner.add_parser("correct", help="an officer's word on a signal"))
    word.add_argument("item", help="the item's id")
    word.add_argument("coded", help="the indicator or family it was coded as")
    word.add_argument("right", help="right, none, or the indicator or family that it is")
    word.add_argument("--by", default="", help="who (default: this account)")
    word.add_argument("--reason", required=True)
    word.set_defaults(run=run_correct)
    listed = shared(inner.add_parser("corrections", help="what officers corrected, and the precision it shows"))
    listed.add_argument("--as-of", type=as_of, help="as it was known then (default: now)")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=run_corrections)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no share; write a number from 0 to 1, such as 0.005")
    return share


def run_check(chosen: argparse.Namespace) -> int:
    """Print every problem of the catalogue; 1 when there is any. Frequent anchors are listed and no fault."""
    folder = chosen.folder or data_folder()
    if not folder.is_dir():
        raise Unusable(f"{folder}: no such folder; name a data folder that holds problems/")
    problems = knowledge.check(folder)
    for problem in problems:
        print(problem)
    if problems:
        raise Finding(f"{folder}: {len(problems)} problem{'s' if len(problems) > 1 else ''} in the catalogue")
    print(f"{folder}: no problems")
    if chosen.background:
        anchors = frequent(catalogue(chosen), _archived(chosen.background), over=chosen.over)
        for anchor in anchors:
            print(anchor)
        print(f"{len(anchors)} single-word anchors in more than {chosen.over:.2%} of the items of their language")
    return 0


def _archived(paths: list[str]) -> Iterator[Item]:
    for path in paths:
        yield from read_items(path)


def run_explain(chosen: argparse.Namespace) -> int:
    """Print every candidate, what matched, what excluded it and why."""
    place = Path(chosen.text)
    try:
        text = place.read_text(encoding="utf-8", errors="replace") if place.is_file() else chosen.text
    except OSError:
        # A text longer than a file name can be is a text.
        text = chosen.text
    at = chosen.published_at or now()
    item = Item(item_id="text", source="", url="", title="", text=text, published_at=at, known_at=at, lang=chosen.lang)
    print(explain(item, catalogue(chosen)))
    return 0 if any(signal.counted for signal in code(item, catalogue(chosen))) else FAILED


def run_recode(chosen: argparse.Namespace) -> None:
    """Show what coding everything again would change; write it only when asked."""
    from indicators import recoding
    from indicators.store.problems import reading, writing

    book, engine = catalogue(chosen), database(chosen, create=False)
    at = product_now(chosen, engine)
    if chosen.write:
        # What is written must be what was looked at, so both are done under one lock.
        with writing(engine) as connection:
            found = recoding.preview(connection, book, registry(chosen), as_of=at)
            changed = recoding.write(connection, book, found, at)
    else:
        changed = ()
        with reading(engine) as connection:
            found = recoding.preview(connection, book, registry(chosen), as_of=at)
    if chosen.json:
        for change in found.changes:
            sides = {"before": change.before, "after": change.after}
            emit({name: signal_json(one) if one is not None else None for name, one in sides.items()})
        return
    for change in found.changes[:SHOWN_CHANGES]:
        print(change)
    if len(found.changes) > SHOWN_CHANGES:
        print(f"... and {len(found.changes) - SHOWN_CHANGES} more; --json lists all")
    kinds = Counter(str(change).partition(":")[0].partition(" ")[0] for change in found.changes)
    said = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "nothing changes"
    print(f"{found.items} items coded with catalogue {found.catalogue_version}: {said}")
    for name, (old, new) in found.counts().items():
        print(f"  {name}: {old} -> {new} counted events")
    if chosen.write:
        print(f"written: {len(found.recoded)} items, {len(changed)} changes of counts, known from {at:%Y-%m-%d %H:%M}Z")
        print("restart a running poller, so that it goes on from here")
    elif found.changes:
        print("nothing was written; add --write to keep it")


def run_correct(chosen: argparse.Namespace) -> None:
    """Keep an officer's word on one signal; the poller applies it at its next turn."""
    from indicators.store import corrections, signals
    from indicators.store.problems import reading, writing

    book, engine = catalogue(chosen), database(chosen, create=False)
    at = product_now(chosen, engine)
    with reading(engine) as connection:
        said = signals.signals_of(connection, book.problem.id, chosen.item, as_of=at)
    if not said:
        raise Unusable(f"{chosen.item}: no signal of this item is kept; `vedette events show` names items")
    signal = _one(said, chosen.coded, chosen.item)
    verdict, right = _verdict(chosen.right, book)
    by = chosen.by or getpass.getuser()
    word = Correction.on(signal, book.problem.id, verdict, right=right, by=by, at=at, reason=chosen.reason)
    with writing(engine) as connection:
        corrections.add(connection, word)
    print(f"{signal.indicator or signal.family} of {signal.item_id}: {verdict}; it counts so from the next turn on")


def _one(said: list[Signal], name: str, item: str) -> Signal:
    fitting = [one for one in said if name in (one.indicator, one.family)]
    if not fitting:
        known = ", ".join(sorted({one.indicator or one.family for one in said}))
        raise Unusable(f"{item}: nothing of it was coded as '{name}'; choose from {known}")
    return next((one for one in fitting if one.counted), fitting[0])


def _verdict(right: str, book: knowledge.Catalogue) -> tuple[Verdict, tuple[str, str | None]]:
    if right in (Verdict.RIGHT, Verdict.NONE):
        return Verdict(right), ("", None)
    other = book.coded_as(right)
    if other is None:
        raise Unusable(f"'{right}' is neither right, none, an indicator nor a family; see `vedette catalogue explain`")
    return Verdict.OTHER, other


def run_corrections(chosen: argparse.Namespace) -> None:
    """Each word in force, and how much of what rules and sources gave was right."""
    from indicators.store import corrections
    from indicators.store.problems import reading

    book, engine = catalogue(chosen), database(chosen, create=False)
    at = product_now(chosen, engine)
    with reading(engine) as connection:
        words = corrections.in_force(connection, book.problem.id, as_of=at)
        rates = {of: corrections.precision(connection, book.problem.id, of=of, as_of=at) for of in ("rule", "source")}
    if chosen.json:
        for word in words:
            emit(
                {
                    "item_id": word.item_id,
                    "coded": word.family,
                    "rule": word.rule,
                    "source": word.source,
                    "verdict": word.verdict.value,
                    "right": word.right_indicator or word.right_family,
                    "by": word.by,
                    "at": word.at.isoformat(),
                    "reason": word.reason,
                }
            )
        return
    for word in words:
        right = f" -> {word.right_indicator or word.right_family}" if word.verdict is Verdict.OTHER else ""
        print(f"{word.at:%Y-%m-%d %H:%M}Z {word.by}: {word.family} of {word.item_id}: {word.verdict}{right}")
        print(f"    {word.reason}")
    for of, rows in rates.items():
        if rows:
            shown = [(one.name, one.coded, one.judged, one.right, f"{one.share or 0:.2f}") for one in rows]
            table(shown, (of, "coded", "judged", "right", "precision"))
        else:
            print(f"of no {of} was anything counted judged yet")
