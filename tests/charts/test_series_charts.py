"""Count series as pictures: gaps, bands, labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.charts.series import Marker, Panel, Series, board_figure, gaps, indicator_figure, over_window
from indicators.charts.theme import DARK, LIGHT
from indicators.model.level import Level, Thresholds

FIRST = date(2022, 9, 1)
LIMITS = Thresholds(watch=2, warning=3, critical=5, within=timedelta(days=3))


def a_series(*events: float | None) -> Series:
    days = tuple(FIRST + timedelta(days=number) for number in range(len(events)))
    return Series(days=days, events=events, coverage=tuple(None if one is None else 0.9 for one in events))


def test_a_day_without_data_is_a_hole_in_the_line_and_never_a_zero() -> None:
    """What was not observed is None in every trace, and the line is not drawn over it."""
    series = a_series(1, None, None, 2)
    assert over_window(series, LIMITS.within) == (1, None, None, 2)
    figure = indicator_figure(series, LIMITS)
    line = next(trace for trace in figure.data if trace.name == "3 days")
    assert list(line.y) == [1, None, None, 2]
    assert line.connectgaps is False
    bars = next(trace for trace in figure.data if trace.name == "that day")
    assert list(bars.y) == [1, None, None, 2]


def test_a_gap_is_hatched_from_its_first_day_to_its_last() -> None:
    """Every stretch without data is one hatched area that begins and ends half a day beside it."""
    series = a_series(1, None, None, 2, None)
    assert gaps(series) == [
        (FIRST + timedelta(days=1), FIRST + timedelta(days=2)),
        (FIRST + timedelta(days=4), FIRST + timedelta(days=4)),
    ]
    hatched = next(trace for trace in indicator_figure(series, LIMITS).data if trace.name == "no data")
    assert hatched.fillpattern.shape == "/"
    assert hatched.x[0] == "2022-09-01T12:00:00"
    assert hatched.x[1] == "2022-09-03T12:00:00"
    assert hatched.x[6] == "2022-09-04T12:00:00"


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_each_limit_has_its_band_its_line_and_its_name(theme) -> None:
    """Watch, warning and critical are each a band, a line and a word with the number."""
    figure = indicator_figure(a_series(0, 1, 4), LIMITS, theme=theme)
    named = {shape.name: shape for shape in figure.layout.shapes if shape.name}
    assert {f"{kind} {level.word}" for kind in ("band", "limit") for level in Level if level} <= set(named)
    assert named["limit warning"].y0 == 3
    texts = [note.text for note in figure.layout.annotations]
    assert {"watch 2", "warning 3", "critical 5"} <= set(texts)


def test_indicators_drawn_together_keep_their_own_limits() -> None:
    """In the figure of several, each row has the bands of its own indicator."""
    mark = DARK.level(Level.WATCH)
    other = Thresholds(watch=4, warning=8, critical=12, within=timedelta(days=7))
    figure = board_figure(
        [
            Panel(title="M1 one", series=a_series(1, 2, 3), thresholds=LIMITS, mark=mark),
            Panel(title="M9 <b>two</b>", series=a_series(4, None, 6), thresholds=other, mark=mark),
        ]
    )
    lines = [(shape.yref, shape.y0) for shape in figure.layout.shapes if shape.name == "limit watch"]
    assert lines == [("y", 2), ("y2", 4)]
    assert any("&lt;b&gt;two" in note.text for note in figure.layout.annotations)


def test_an_empty_series_draws_an_empty_picture_and_nothing_breaks() -> None:
    """Before the first collection there is nothing, and that is drawn without a number."""
    assert "nan" not in indicator_figure(Series(), LIMITS).to_json().lower()
    assert board_figure([]).to_json()


def test_labels_of_close_events_do_not_share_a_lane() -> None:
    """Two markers whose names would touch stand one above the other."""
    markers = [
        Marker(on=FIRST + timedelta(days=40), label="Snap inspection of combat readiness announced"),
        Marker(on=FIRST + timedelta(days=42), label="Putin in Minsk"),
        Marker(on=date(1999, 1, 1), label="long ago"),
    ]
    figure = indicator_figure(a_series(*([1.0] * 60)), LIMITS, markers=markers)
    placed = {note.text: note.yshift for note in figure.layout.annotations if note.x in {m.on for m in markers}}
    assert len(placed) == 2
    assert len(set(placed.values())) == 2
    assert "long ago" not in placed


@settings(deadline=None, max_examples=25)
@given(st.lists(st.one_of(st.none(), st.integers(min_value=0, max_value=500)), max_size=40))
def test_no_picture_ever_says_nan(events) -> None:
    """Whatever is known and unknown, neither the picture nor its labels hold 'nan'."""
    figure = indicator_figure(a_series(*events), LIMITS)
    assert "nan" not in figure.to_json().lower()
    window = over_window(a_series(*events), LIMITS.within)
    assert [count is None for count in window] == [count is None for count in events]


def test_articles_stand_in_a_strip_of_their_own() -> None:
    """Four hundred articles about one happening neither raise the count nor squeeze its axis; the strip says so."""
    series = replace(a_series(1.0, None, 2.0), mentions=(400.0, None, 3.0))
    figure = indicator_figure(series, LIMITS)
    (strip,) = (trace for trace in figure.data if trace.name == "articles")
    assert list(strip.y) == [400.0, None, 3.0]
    assert figure.layout.yaxis.range[1] < 20
    assert any(note.text == "articles<br>at most 400" for note in figure.layout.annotations)
