"""The board and the banner: order, words, escaping, and the unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from indicators.charts import board as html
from indicators.charts.board import Row
from indicators.charts.sparklines import sparkline
from indicators.charts.style import sheet
from indicators.charts.theme import DARK, LIGHT, THEMES, rank
from indicators.model.level import Board, Level, Recommendation, SetCondition, Standing, WatchCondition

NOW = datetime(2022, 12, 25, 6, 30, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'


def a_standing(level: Level = Level.NORMAL, **given) -> Standing:
    known = {"problem": "p", "indicator": "i", "at": NOW, "level_since": NOW, "coverage": 0.95, "count": 1}
    return Standing(**(known | {"level": level} | given))


def a_row(code: str, standing: Standing | None) -> Row:
    return Row(id=code.lower(), code=code, name=f"name of {code}", standing=standing)


def a_board(**given) -> Board:
    found = Recommendation(
        problem="p", at=NOW, condition=WatchCondition.HEIGHTENED, why=("because",), coverage=0.71, since=NOW
    )
    known = {"problem": "p", "name": "Problem", "as_of": NOW, "recommendation": found, "set": None}
    return Board(**(known | {"history": (), "standings": ()} | given))


def test_the_board_is_sorted_by_gravity_and_the_blind_come_before_the_calm() -> None:
    """Critical, warning, watch, no data, partly seen, normal."""
    rows = [
        a_row("N", a_standing()),
        a_row("P", a_standing(coverage=0.68)),
        a_row("B", a_standing(no_data=True, coverage=0.1)),
        a_row("U", None),
        a_row("W", a_standing(Level.WATCH)),
        a_row("C", a_standing(Level.CRITICAL)),
        a_row("A", a_standing(Level.WARNING)),
    ]
    assert [row.code for row in html.ordered(rows)][:3] == ["C", "A", "W"]
    assert {row.code for row in html.ordered(rows)[3:5]} == {"B", "U"}
    assert [row.code for row in html.ordered(rows)][5:] == ["P", "N"]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize(
    ("standing", "word"),
    [
        (a_standing(), "normal"),
        (a_standing(coverage=0.68), "partly seen"),
        (a_standing(no_data=True), "no data"),
        (a_standing(coverage=None), "no data"),
        (None, "no data"),
        (a_standing(Level.WATCH), "watch"),
        (a_standing(Level.WARNING, no_data=True), "warning"),
        (a_standing(Level.CRITICAL), "critical"),
    ],
)
def test_a_state_is_colour_glyph_and_word(theme, standing, word) -> None:
    """Nothing is said by colour alone, and 68 % coverage is not called normal."""
    mark = theme.standing(standing)
    chip = html.standing_chip(standing, theme)
    assert mark.word == word
    assert mark.glyph in chip
    assert mark.color in chip
    assert word in chip


def test_each_glyph_and_colour_stands_for_one_level() -> None:
    """Levels differ in glyph, in colour and in lightness, so a grey print can still be read."""
    for theme in THEMES.values():
        marks = [*theme.levels.values(), theme.blind]
        assert len({mark.glyph for mark in marks}) == len(marks)
        assert len({mark.color for mark in marks}) == len(marks)


def test_a_level_held_without_data_says_so() -> None:
    """A held level keeps its colour and is tagged as held blind; its count is not shown as nought."""
    standing = a_standing(Level.WARNING, no_data=True, count=0, coverage=0.1)
    text = html.board_table([a_row("M1", standing)])
    assert "held blind" in text
    assert "<b>–</b>" in text
    assert "<b>0</b>" not in text


def test_the_unknown_is_a_dash() -> None:
    """No number is invented: None and nan are printed as a dash."""
    assert html.number(None) == html.number(float("nan")) == html.percent(None) == html.percent(float("nan")) == "–"
    text = html.board_table([a_row("M1", a_standing(expected=None, coverage=None)), a_row("M2", None)])
    assert "nan" not in text.replace("name of", "").lower()
    assert "None" not in text


def test_everything_from_outside_is_escaped() -> None:
    """Names, reasons and persons cannot write markup."""
    chosen = SetCondition(problem="p", condition=WatchCondition.INTEREST, by=HOSTILE, at=NOW, reason=HOSTILE)
    found = Recommendation(
        problem="p", at=NOW, condition=WatchCondition.HIGH, why=(HOSTILE,), coverage=None, since=NOW, blind=(HOSTILE,)
    )
    row = Row(id=HOSTILE, code=HOSTILE, name=HOSTILE, standing=a_standing(why=HOSTILE))
    text = html.banner(a_board(set=chosen, recommendation=found)) + html.board_table(
        [row], link=lambda one: f"?id={one}"
    )
    assert "<script" not in text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "", "//x", "http://"])
def test_only_web_addresses_become_links(url) -> None:
    """A report's address is followed only when it is http or https and names a host."""
    assert "href" not in html.anchor(url, "title")
    assert html.safe_link("https://example.org/a") == "https://example.org/a"


def test_the_banner_says_who_decided_what_was_seen_and_as_of_when() -> None:
    """Condition, coverage, blindness and instant are all words on the banner."""
    text = html.banner(a_board())
    assert "Heightened" in text
    assert "71%" in text
    assert "25 Dec 2022 06:30 UTC" in text
    assert "Not set" in text


def test_before_the_first_evaluation_the_banner_is_not_calm() -> None:
    """Nothing evaluated is hatched and says that it is not calm."""
    text = html.banner(a_board(recommendation=None))
    assert "Not evaluated" in text
    assert "This is not calm" in text
    assert "Routine</em>" not in text


def test_a_sparkline_parts_its_line_at_a_gap() -> None:
    """A hole is a hatched area, the line on either side of it a path of its own."""
    picture = unquote(sparkline([1, 2, None, None, 3], mark=DARK.level(Level.WATCH), limit=2))
    assert picture.startswith("data:image/svg+xml,")
    assert picture.count("<path") == 2
    assert picture.count("url(#h)") == 1
    assert "nan" not in picture.lower()


def test_an_empty_sparkline_is_still_a_picture() -> None:
    """No days, or only holes, give a valid picture."""
    for counts in ([], [None, None]):
        assert "</svg>" in unquote(sparkline(counts, mark=DARK.blind))


def test_the_style_asks_for_nothing_outside() -> None:
    """No font, picture or sheet is fetched, and no theme word is left unfilled."""
    for name in THEMES:
        css = sheet(name)
        assert "url(" not in css
        assert "@import" not in css
        assert "@font-face" not in css
        assert "@ink" not in css


def test_rank_puts_a_held_level_above_everything_blind() -> None:
    """A warning that can no longer be seen is still a warning."""
    assert rank(a_standing(Level.WARNING, no_data=True)) < rank(a_standing(no_data=True)) < rank(a_standing())
