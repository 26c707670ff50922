"""The labelled set: large enough, fair enough, and coded as well as it has been."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from indicators.catalogue import Catalogue, load
from indicators.settings import data_folder

_spec = importlib.util.spec_from_file_location("golden_score", Path(__file__).parent / "score.py")
assert _spec is not None
assert _spec.loader is not None
golden = importlib.util.module_from_spec(_spec)
sys.modules["golden_score"] = golden
_spec.loader.exec_module(golden)

# Precision and recall just below what was measured last; raise them when the coder gets better, never lower them.
FLOORS = {
    "first": (0.97, 0.95),
    "second": (0.91, 0.74),
    "third": (0.84, 0.69),
    "fourth": (0.93, 0.72),
    "fifth": (0.92, 0.75),
    "sixth": (0.88, 0.79),
    "seventh": (0.93, 0.78),
    "eighth": (0.93, 0.87),
    "ninth": (0.93, 0.87),
    "tenth": (0.86, 0.79),
    "eleventh": (0.95, 0.92),
    "twelfth": (0.94, 0.89),
}
HEADLINE_FLOORS = {"counted": (0.90, 0.82), "seen": (0.92, 0.84)}
LATER = ("third", "fourth", "fifth", "sixth")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(data_folder())


def hold(score: Any, floor: tuple[float, float]) -> None:
    """Prints the figures and holds them to the floor."""
    print("\n" + "\n".join(golden.report(score)))
    whole = score.tally()
    precision, recall = floor
    assert whole.precision >= precision
    assert whole.recall >= recall


@pytest.mark.parametrize("name", FLOORS)
def test_counted_signals_keep_their_precision_and_recall(catalogue: Catalogue, name: str) -> None:
    """Of the signals counted on a list the floor's share is right; of those labelled, the floor's share is counted."""
    hold(golden.measure(catalogue, name=name), FLOORS[name])


@pytest.mark.shared_data
@pytest.mark.parametrize("what", HEADLINE_FLOORS)
def test_real_headlines_are_coded_as_well_as_they_have_been(catalogue: Catalogue, shared: Path, what: str) -> None:
    """Of real headlines the floor's share is counted rightly, and families are recognised out of the area too."""
    languages = golden.languages_of(golden.HEADLINES)
    hold(
        golden.measure(catalogue, languages, golden.HEADLINES, seen=what == "seen"),
        HEADLINE_FLOORS[what],
    )


def test_the_held_out_list_shows_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody can mend from the held-out list by asking for its failures."""
    golden.main(["--list", golden.HELD_OUT, "--lang", "en", "--failures"])
    printed = capsys.readouterr().out
    assert "right" in printed
    assert "MISSED" not in printed
    assert "WRONG" not in printed


@pytest.mark.parametrize("lang", golden.LANGUAGES)
def test_the_set_is_large_and_half_of_it_is_traps(lang: str) -> None:
    """Each language has at least 150 items, every family three times over, and at least half of the items are traps."""
    items = list(golden.cases(lang))
    families = Counter(label.family for case in items for label in case.counted)
    assert len(items) >= 150
    assert 2 * sum(bool(case.trap) for case in items) >= len(items)
    assert len(families) == 36
    assert min(families.values()) >= 3


@pytest.mark.parametrize(("name", "lang"), list(product(LATER, golden.LANGUAGES)))
def test_a_later_list_asks_for_every_family_half_the_time_and_for_details(name: str, lang: str) -> None:
    """Half of a list's items are traps, every family is asked for, and four tenths of those in full detail."""
    items = list(golden.cases(lang, name))
    wanted = [case for case in items if case.counted]
    detailed = [case for case in wanted if any(len(label.attributes) > 1 for label in case.counted)]
    assert len(items) >= (95 if name == golden.HELD_OUT else 70)
    assert len(items) - len(wanted) >= 0.4 * len(items)
    assert len({label.family for case in wanted for label in case.counted}) == 36
    assert len(detailed) >= 0.4 * len(wanted)


def test_no_two_items_say_the_same() -> None:
    """A text stands in one list only, so that what one list taught is not asked by another."""
    texts = Counter(
        (row.get("title", ""), row["text"])
        for name, lang in product(FLOORS, golden.LANGUAGES)
        for row in golden.labelled(lang, name)
    )
    assert [text for text, times in texts.items() if times > 1] == []


def test_labels_name_families_and_indicators_of_the_catalogue(catalogue: Catalogue) -> None:
    """Every labelled family is known, and every labelled indicator belongs to it."""
    for name in golden.LISTS:
        for lang in golden.languages_of(name):
            for row in golden.labelled(lang, name):
                for label in row["expect"]:
                    assert label["family"] in catalogue.families, row
                    indicator = label.get("indicator")
                    assert indicator is None or catalogue.indicators[indicator].family == label["family"], row
