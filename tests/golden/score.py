"""Scores the coder on the labelled set: precision and recall per family, per language and overall.

Run it from the top level: `python -m tests.golden.score [--failures] [--lang ru]`. The labels follow the design's
rules of what counts; `allow` in an item names families that a careful reader could also see: neither demanded nor held
against the coder. Every list after the first was written by people who had not seen the coder's rules; what a list
scored when it was first measured tells what to expect on unseen text, and afterwards the rules may be mended from it.

The list `headlines` labels real headlines, whose text is read from the third-party archive beside the checkout and not
kept here. Most of them tell of a war outside the problem's area, so that a second figure is printed for it, `SEEN`:
which families were recognised, in the area or out of it.

The list `sixth` is held out for good: never mend from it. Its failures are not printed, for what is read is mended.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "coding"
ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth")
LISTS = {"first": FOLDER} | {name: FOLDER / name for name in ORDINALS}
HEADLINES = "headlines"
HELD_OUT = "sixth"
LISTS[HEADLINES] = FOLDER / HEADLINES
LANGUAGES = ("en", "ru", "uk", "be")
SHARED = Path(__file__).resolve().parents[3] / "shared"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from feeds.model import Item  # noqa: E402
from indicators.catalogue import Catalogue, load  # noqa: E402
from indicators.coding import code  # noqa: E402
from indicators.model.signal import Assertion, Signal  # noqa: E402
from indicators.settings import data_folder  # noqa: E402


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One labelled signal; an attribute that is absent from `attributes` is not judged."""

    family: str
    counted: bool
    attributes: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled item."""

    item: Item
    expected: tuple[Expected, ...]
    allowed: frozenset[str]
    trap: str

    @property
    def counted(self) -> list[Expected]:
        """The signals that must count."""
        return [label for label in self.expected if label.counted]

    @property
    def seen(self) -> list[Expected]:
        """The signals that are there, in the problem's area or outside it; not what is denied or only supposed."""
        return [
            label
            for label in self.expected
            if label.counted or Assertion(str(label.attributes.get("assertion", Assertion.HAPPENED))).countable
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a family was rightly counted, wrongly counted, missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        """Share of the counted signals that were expected; None when nothing was counted."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        """Share of the expected signals that were counted; None when nothing was expected."""
        return self.right / (self.right + self.missed) if self.right + self.missed else None


@dataclass(slots=True)
class Score:
    """What one run over the set found, keyed by language and family."""

    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    stated: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def tally(self, *, lang: str | None = None, family: str | None = None) -> Tally:
        """The counts of one language, one family, both or all."""

        def total(counts: Counter[tuple[str, str]]) -> int:
            return sum(n for (la, fa), n in counts.items() if lang in (None, la) and family in (None, fa))

        return Tally(right=total(self.right), wrong=total(self.wrong), missed=total(self.missed))


def languages_of(name: str) -> tuple[str, ...]:
    """The languages a list has."""
    return tuple(lang for lang in LANGUAGES if (LISTS[name] / f"{lang}.yaml").is_file())


def labelled(lang: str, name: str) -> list[dict[str, Any]]:
    """The rows of one language in one list, as they are written."""
    rows: list[dict[str, Any]] = yaml.safe_load((LISTS[name] / f"{lang}.yaml").read_text(encoding="utf-8"))
    return rows


def cases(lang: str, name: str = "first") -> Iterator[Case]:
    """The labelled items of one language in one list."""
    rows = labelled(lang, name)
    if name == HEADLINES:
        rows = list(_with_archived_text(rows))
    for number, row in enumerate(rows, 1):
        published_at = datetime.combine(row["published_at"], time(12), tzinfo=UTC)
        item = Item(
            item_id=f"golden_{lang}:{number}",
            source=f"golden_{lang}",
            url=f"https://example.org/{lang}/{number}",
            title=row.get("title", ""),
            text=row["text"],
            published_at=published_at,
            known_at=published_at,
            lang=lang,
        )
        yield Case(
            item=item,
            expected=tuple(_labels(row)),
            allowed=frozenset(row.get("allow", ())),
            trap=row.get("trap", ""),
        )


def _labels(row: Mapping[str, Any]) -> Iterator[Expected]:
    for label in row["expect"]:
        attributes = {name: label[name] for name in ATTRIBUTES if name in label}
        yield Expected(family=label["family"], counted=label["counted"], attributes=attributes)


def _with_archived_text(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The labelled headlines with the text that their archive holds for them."""
    found: dict[str, dict[str, Any]] = {}
    wanted = {row["key"] for row in rows}
    for archive in sorted({row["archive"] for row in rows}):
        with gzip.open(SHARED / "archive" / f"{archive}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                told = json.loads(line)
                identity = "\n".join((told["published_at"], told["url"], told["title"]))
                key = hashlib.sha256(identity.encode()).hexdigest()[:20]
                if key in wanted:
                    found[key] = told
    for row in rows:
        told = found[row["key"]]
        published_on = date.fromisoformat(told["published_at"][:10])
        yield row | {"title": told["title"], "text": told["text"], "published_at": published_on}


FOUND: Mapping[str, Callable[[Signal], object]] = {
    "indicator": lambda signal: signal.indicator,
    "assertion": lambda signal: signal.assertion.value,
    "direction": lambda signal: signal.direction.value,
    "origin": lambda signal: signal.attribution.actor if signal.attribution else None,
    "quantity": lambda signal: (
        {"low": int(signal.quantity.low), "unit": signal.quantity.unit} if signal.quantity else None
    ),
    "occurred_on": lambda signal: list(signal.occurred_on),
    "places": lambda signal: [{"id": mention.place.id, "role": mention.role.value} for mention in signal.places],
}
"""What the coder said of one attribute, in the form in which it is labelled."""
ATTRIBUTES = tuple(FOUND)


def agrees(label: object, value: object, attribute: str) -> bool:
    """Whether a found attribute is the labelled one.

    A single labelled day stands for first and last. Every labelled place must be among the found ones, in the labelled
    role where one is given; several ids in one label are so many readings of one name, a town and its airfield. A found
    place that no label names is not held against the coder.
    """
    if attribute == "places" and isinstance(label, list) and isinstance(value, list):
        return all(any(_is_place(wanted, place) for place in value) for wanted in label)
    if attribute == "occurred_on" and isinstance(label, list):
        days: list[date] = label if len(label) == 2 else label * 2
        return days == value
    return label == value


def _is_place(wanted: Mapping[str, Any], place: Mapping[str, str]) -> bool:
    ids = wanted["id"] if isinstance(wanted["id"], list) else [wanted["id"]]
    return place["id"] in ids and wanted.get("role", place["role"]) == place["role"]


def measure(
    catalogue: Catalogue, languages: tuple[str, ...] = LANGUAGES, name: str = "first", *, seen: bool = False
) -> Score:
    """Codes every item and compares; a family counts once an item.

    With `seen` the area is left out of it: a family counts wherever it is said to happen.
    """
    score = Score()
    for lang in languages:
        for case in cases(lang, name):
            signals = code(case.item, catalogue)
            counted: dict[str, list[Signal]] = {}
            for signal in signals:
                if signal.counted or (seen and signal.assertion.countable):
                    counted.setdefault(signal.family, []).append(signal)
            wanted = {label.family for label in (case.seen if seen else case.counted)}
            head = f"{lang} {case.item.item_id.split(':')[1]}"
            text = " // ".join(part for part in (case.item.title, case.item.text) if part)
            for family in wanted & counted.keys():
                score.right[lang, family] += 1
            for family in sorted(wanted - counted.keys()):
                score.missed[lang, family] += 1
                score.failures.append(
                    f"{head} MISSED {family}{_uncounted(signals, family)}: {text} ({case.item.published_at:%Y-%m-%d})"
                )
            for family in sorted(counted.keys() - wanted - case.allowed):
                score.wrong[lang, family] += 1
                why = "; ".join(f"«{signal.evidence.quote}» {signal.why}" for signal in counted[family])
                score.failures.append(
                    f"{head} WRONG {family} [{why}]{f' (trap: {case.trap})' * bool(case.trap)}: {text}"
                )
            _compare(case, signals, head, text, score)
    return score


def _uncounted(signals: list[Signal], family: str) -> str:
    reasons = [f"{signal.assertion.value}, {signal.why}" for signal in signals if signal.family == family]
    return f" [uncounted: {'; '.join(reasons)}]" if reasons else ""


def _compare(case: Case, signals: list[Signal], head: str, text: str, score: Score) -> None:
    """Attributes are judged on the signal of the labelled family that agrees best; missed signals are not judged."""
    for label in case.expected:
        rivals = [signal for signal in signals if signal.family == label.family and signal.counted == label.counted]
        if not rivals:
            continue

        def agreement(signal: Signal, label: Expected = label) -> int:
            return sum(agrees(value, FOUND[name](signal), name) for name, value in label.attributes.items())

        best = max(rivals, key=agreement)
        for name, value in label.attributes.items():
            score.stated[name] += 1
            if agrees(value, FOUND[name](best), name):
                score.agreed[name] += 1
            else:
                score.failures.append(
                    f"{head} ATTRIBUTE {label.family}.{name}: said {FOUND[name](best)}, labelled {value}: {text}"
                )


def percent(value: float | None) -> str:
    """A share as it is printed; a dash where there was nothing to measure."""
    return f"{value:6.3f}" if value is not None else "     -"


def report(score: Score, languages: tuple[str, ...] = LANGUAGES) -> Iterator[str]:
    """The lines of the printed report."""
    families = sorted({family for counts in (score.right, score.wrong, score.missed) for _, family in counts})
    yield f"{'family':<20}" + "".join(f"{lang + ' P':>8}{lang + ' R':>7}" for lang in (*languages, "all"))
    for family in (*families, None):
        line = f"{family or 'ALL':<20}"
        for lang in (*languages, None):
            tally = score.tally(lang=lang, family=family)
            line += f"  {percent(tally.precision)} {percent(tally.recall)}"
        yield line
    whole = score.tally()
    yield f"right {whole.right}, wrong {whole.wrong}, missed {whole.missed}"
    for name in ATTRIBUTES:
        if score.stated[name]:
            share = percent(score.agreed[name] / score.stated[name]).strip()
            yield f"attribute {name}: {score.agreed[name]} of {score.stated[name]} ({share})"


def main(arguments: list[str] | None = None) -> int:
    """Prints the report; 0 always, for the test holds the floors."""
    parser = argparse.ArgumentParser(description="score the coder on the labelled set")
    parser.add_argument("--failures", action="store_true", help="list every disagreement")
    parser.add_argument("--lang", choices=LANGUAGES, action="append", help="only this language; may be repeated")
    parser.add_argument("--list", choices=(*LISTS, "all"), default="first", help="which list of labels (first)")
    options = parser.parse_args(arguments)
    catalogue = load(data_folder())
    for name in LISTS if options.list == "all" else (options.list,):
        languages = tuple(options.lang or languages_of(name))
        if name == HEADLINES and not (SHARED / "archive").is_dir():
            sys.stdout.write(f"headlines: no archive at {SHARED / 'archive'}; their text is read from there\n")
            continue
        score = measure(catalogue, languages, name)
        lines = [f"list {name}", *report(score, languages)]
        lines += score.failures if options.failures and name != HELD_OUT else ()
        if name == HEADLINES:
            score = measure(catalogue, languages, name, seen=True)
            lines += ["SEEN, in the area or outside it", *report(score, languages)]
            lines += score.failures if options.failures else ()
        sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
