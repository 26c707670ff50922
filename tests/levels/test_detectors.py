"""One battery of contracts that every detector of the table must pass, and what `run` refuses."""

from __future__ import annotations

import doctest
import importlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.levels import absolute, buildup, detector, ears, farrington, predictive, routine, simulation
from indicators.levels.detector import DETECTORS, ParameterError, SeriesError, run

METHODS = sorted(DETECTORS)
QUICK: dict[str, dict[str, Any]] = {
    "nbp": {"baseline": 40, "guard": 3},
    "buildup": {"reference": 40, "guard": 20, "usable": 20},
    "ears": {"baseline": 7},
    "farrington": {"b": 4, "past_weeks_not_included": 2},
    "absolute": {},
    "routine": {"memory": 60},
}
COUNTS = st.lists(st.one_of(st.none(), st.integers(0, 60)), max_size=90)
every = pytest.mark.parametrize("method", METHODS)


def ran(method: str, counts: list[Any] | np.ndarray[Any, Any], **columns: Any) -> pd.DataFrame:
    """The detector with short memories over these counts, every row monitored."""
    frame = pd.DataFrame({"observed": pd.Series(counts, dtype="float64"), **columns})
    return run(method, frame, QUICK[method], first=1 if len(frame) else None)


@every
@settings(max_examples=25, deadline=None)
@given(counts=COUNTS)
def test_every_row_has_an_answer_or_none(method: str, counts: list[int | None]) -> None:
    """A row for each day; alarm 1, 0 or empty; p between 0 and 1; no alarm on an unseen day but by known events."""
    rows = ran(method, counts)
    assert len(rows) == len(counts)
    assert set(rows["alarm"].dropna().unique()) <= {0, 1}
    if "pvalue" in rows:
        assert rows["pvalue"].dropna().between(0, 1).all()
    if method != "absolute":
        assert rows["alarm"][rows["observed"].isna()].isna().all()


@every
@settings(max_examples=25, deadline=None)
@given(counts=COUNTS, cut=st.integers(0, 90))
def test_what_comes_later_changes_nothing(method: str, counts: list[int | None], cut: int) -> None:
    """A day's answer is the same whether the series ends there or goes on."""
    whole, part = ran(method, counts)[: min(cut, len(counts))], ran(method, counts[:cut])
    pd.testing.assert_frame_equal(whole.reset_index(drop=True), part, rtol=1e-6)


@every
@settings(max_examples=15, deadline=None)
@given(counts=COUNTS, scale=st.sampled_from([0.001, 7.0, 2300.0]))
def test_the_unit_of_exposure_does_not_matter(method: str, counts: list[int | None], scale: float) -> None:
    """Items read or thousands of them: the alarms are the same."""
    plain, scaled = ran(method, counts), ran(method, counts, exposure=[scale] * len(counts))
    pd.testing.assert_series_equal(plain["alarm"], scaled["alarm"])


@every
@pytest.mark.parametrize("value", [0, 5])
def test_a_constant_series_never_alarms(method: str, value: int) -> None:
    """All zero, or the same count every day, is calm once the officer's own limit lies above it."""
    frame = pd.DataFrame({"observed": [value] * 200})
    rows = run(method, frame, {"at_least": 16} if method == "absolute" else {})
    assert not (rows["alarm"] == 1).any()


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"buildup", "routine"}))
def test_a_great_burst_alarms(method: str) -> None:
    """A hundred where one is usual is an alarm of every detector that looks at single days, not weeks or cycles."""
    counts = [1, 0, 2, 1, 0, 1, 2] * 30
    assert ran(method, [*counts, 100])["alarm"].iloc[-1] == 1


@every
@pytest.mark.parametrize("counts", [[], [3], [None], [None] * 50])
def test_too_little_is_no_answer(method: str, counts: list[int | None]) -> None:
    """Nothing, one day, or gaps only: rows without an alarm, no error."""
    rows = ran(method, counts)
    assert len(rows) == len(counts)
    assert not (rows["alarm"] == 1).any() or method == "absolute"


@every
def test_an_outage_is_not_a_fall_to_zero(method: str) -> None:
    """Ten unseen days, then as before: no alarm on return."""
    random = np.random.default_rng(3)
    counts = random.poisson(6, 260).astype(float)
    counts[230:240] = np.nan
    exposure = np.where(np.isnan(counts), 0.0, 1.0)
    frame = pd.DataFrame({"observed": counts, "exposure": exposure})
    rows = run(method, frame, {"at_least": 60} if method == "absolute" else {}, first=241, last=245)
    assert not (rows["alarm"] == 1).any()


@every
def test_population_is_another_name_of_exposure(method: str) -> None:
    """The alias gives the same rows."""
    counts = np.random.default_rng(4).poisson(2, 120)
    volume = np.linspace(1, 3, 120)
    pd.testing.assert_frame_equal(ran(method, counts, exposure=volume), ran(method, counts, population=volume))


@every
def test_index_counts_from_one_and_first_and_last_limit(method: str) -> None:
    """`first` and `last` name rows of the series, both included."""
    frame = pd.DataFrame({"observed": [1] * 100})
    assert run(method, frame, first=90, last=95)["index"].tolist() == [90, 91, 92, 93, 94, 95]


@every
def test_every_parameter_can_be_set_from_text(method: str) -> None:
    """The defaults, written as the command line writes them, are accepted and give the same rows."""
    known = DETECTORS[method].options()
    written = {name: str(getattr(known, name)) for name in type(known).__dataclass_fields__}
    frame = pd.DataFrame({"observed": [1, 0, 2] * 60})
    pd.testing.assert_frame_equal(run(method, frame), run(method, frame, written))


BAD = [
    ({"count": [1]}, "observed: no such column among count"),
    ({"observed": [1, -2]}, "observed: row 2 is -2; a count is a whole number"),
    ({"observed": [1, 2.5]}, "observed: row 2 is 2.5; a count is a whole number"),
    ({"observed": ["1", "many"]}, "observed: row 2 is many; a count is a whole number"),
    ({"observed": [1, float("inf")]}, "observed: row 2 is inf; a count is a whole number"),
    ({"observed": [1, 1], "exposure": [1, -1]}, "exposure: row 2 is -1; exposure is 0 or more"),
    ({"observed": [1, 1], "date": ["2022-01-02", "2022-01-01"]}, "date: row 2, 2022-01-01, comes after 2022-01-02"),
    ({"observed": [1, 1], "date": ["2022-01-01", "2022-01-01"]}, "date: row 2, 2022-01-01, is there twice"),
    ({"observed": [1, 1], "date": ["2022-01-01", "soon"]}, "date: row 2 is soon; write it like 2022-12-20"),
    (
        {"observed": [1, 1, 1], "date": ["2022-01-01", "2022-01-02", "2022-01-05"]},
        "date: row 3, 2022-01-05, follows 2022-01-02 after 3 days where 1 is the step",
    ),
]


@every
@pytest.mark.parametrize(("columns", "says"), BAD, ids=[says[:24] for _, says in BAD])
def test_a_broken_series_is_one_clear_line(method: str, columns: dict[str, list[Any]], says: str) -> None:
    """Column, row, value and remedy are named."""
    with pytest.raises(SeriesError, match=says.replace(".", r"\.")):
        run(method, pd.DataFrame(columns))


@pytest.mark.parametrize(
    ("method", "params", "says"),
    [
        ("magic", {}, "method: 'magic' is no detector; use one of nbp"),
        ("ears", {"window": 7}, "ears: no parameter 'window'; use one of variant, baseline"),
        ("ears", {"variant": "C4"}, "ears: variant='C4' cannot be used; write it like c2"),
        ("ears", {"baseline": "seven"}, "ears: baseline='seven' cannot be used; write it like 28"),
        ("ears", {"baseline": 7.5}, "ears: baseline=7.5 cannot be used"),
        ("ears", {"baseline": 1}, "ears: baseline=1 is out of range; a spread needs 2"),
        ("ears", {"alpha": 0}, "ears: alpha=0.0 is out of range; use a probability"),
        ("nbp", {"weekday": "perhaps"}, "nbp: weekday='perhaps' cannot be used; write it like false"),
        ("farrington", {"limit54": "5"}, "farrington: limit54='5' cannot be used; write it like"),
        ("farrington", {"no_periods": 12}, "farrington: no_periods=12 blocks do not fit a season of 7"),
        ("buildup", {"ratio": 1}, "buildup: ratio=1.0 is out of range; growth is more than 1"),
        ("nbp", {"guard": -1}, "nbp: guard=-1 is out of range; use 0 or more"),
    ],
)
def test_an_unusable_parameter_is_one_clear_line(method: str, params: dict[str, Any], says: str) -> None:
    """The method, the key, the value and what to write instead."""
    with pytest.raises(ParameterError) as caught:
        run(method, pd.DataFrame({"observed": [1] * 80}), params)
    assert str(caught.value).startswith(says)


def test_rows_outside_the_series_are_refused() -> None:
    """`--last 300` of a series of 80 says how long it is."""
    with pytest.raises(ParameterError, match="the series has 1 to 80"):
        run("nbp", pd.DataFrame({"observed": [1] * 80}), last=300)


MODULES = [absolute, buildup, detector, ears, farrington, predictive, routine, simulation]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_example_in_the_book_runs(module: Any) -> None:
    """Each detector's docstring has a formula, its parameters, a paper, and an example that runs."""
    result = doctest.testmod(importlib.import_module(module.__name__))
    assert result.attempted
    assert not result.failed
    if module not in (detector, simulation):
        text = (module.__doc__ or "") + (getattr(module, "read", None).__doc__ or "" if module is absolute else "")
        assert all(word in text for word in ("Formula", "Parameters", "Paper"))
