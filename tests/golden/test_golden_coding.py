"""The labelled set: large enough, fair enough, and coded as well as it has been."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

from indicators.catalogue import load
from indicators.settings import data_folder

_spec = importlib.util.spec_from_file_location("golden_score", Path(__file__).parent / "score.py")
assert _spec is not None
assert _spec.loader is not None
golden = importlib.util.module_from_spec(_spec)
sys.modules["golden_score"] = golden
_spec.loader.exec_module(golden)

PRECISION_FLOOR = 0.82
RECALL_FLOOR = 0.68


@pytest.fixture(scope="module")
def catalogue():
    return load(data_folder())


def test_counted_signals_keep_their_precision_and_recall(catalogue):
    """Of the signals counted on the labelled set the floor's share is right; of those labelled, as much is counted."""
    whole = golden.measure(catalogue).tally()
    assert whole.precision >= PRECISION_FLOOR
    assert whole.recall >= RECALL_FLOOR


@pytest.mark.parametrize("lang", golden.LANGUAGES)
def test_the_set_is_large_and_half_of_it_is_traps(lang: str):
    """Each language has at least 150 items, every family three times over, and at least half of the items are traps."""
    items = list(golden.cases(lang))
    families = Counter(label.family for case in items for label in case.counted)
    assert len(items) >= 150
    assert 2 * sum(bool(case.trap) for case in items) >= len(items)
    assert len(families) == 36
    assert min(families.values()) >= 3


def test_labels_name_families_and_indicators_of_the_catalogue(catalogue):
    """Every labelled family is known, and every labelled indicator belongs to it."""
    for lang in golden.LANGUAGES:
        for case in golden.cases(lang):
            for label in case.expected:
                assert label.family in catalogue.families, case.item.text
                indicator = label.attributes["indicator"]
                assert indicator is None or catalogue.indicators[indicator].family == label.family, case.item.text
