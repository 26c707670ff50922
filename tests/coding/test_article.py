"""The article this project began with, as of 20 December 2022."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import pytest
from builders_for_coding import coded, counted

from indicators.model.signal import Assertion, Direction, Signal

ARTICLE = Path(__file__).parents[3] / "shared" / "article.txt"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not ARTICLE.is_file(), reason="shared data absent"),
]


@lru_cache(maxsize=1)
def signals() -> tuple[Signal, ...]:
    """The article's signals."""
    return tuple(coded(ARTICLE.read_text(encoding="utf-8"), published_at=datetime(2022, 12, 20, tzinfo=UTC)))


def test_it_counts_the_moves_the_drills_the_meeting_and_the_voices_and_nothing_else() -> None:
    """Six families are counted; of indicators only the four that were reported and the denial."""
    found = counted(list(signals()))
    assert set(found) == {
        "equipment_move",
        "troop_move",
        "drill",
        "leader_meeting",
        "denial",
        "insufficiency",
        "concern",
    }
    assert {one.indicator for one in signals() if one.counted} == {
        "equipment_moves",
        "troop_moves",
        "drills",
        "leader_meetings",
        "denials",
        None,
    }


def test_the_moves_go_toward_the_border_on_the_monitors_word() -> None:
    """Equipment and troops go toward the Ukrainian border; Belarusian Hajun is the origin."""
    found = counted(list(signals()))
    for family in ("equipment_move", "troop_move"):
        assert found[family].direction is Direction.TOWARD
        assert found[family].attribution is not None
        assert found[family].attribution.actor == "HAJUN"


def test_the_drills_are_at_the_brestsky_ground_on_the_ministrys_word() -> None:
    """One signal for the drills, at the training ground, credited to the Belarusian ministry."""
    drill = counted(list(signals()))["drill"]
    assert drill.places[0].place.id == "brestsky_range"
    assert drill.attribution is not None
    assert drill.attribution.actor == "BLR_MOD"
    assert sum(one.family == "drill" for one in signals()) == 1


def test_the_leaders_met_in_minsk_on_monday() -> None:
    """The meeting is dated 19 December, in Minsk."""
    meeting = counted(list(signals()))["leader_meeting"]
    assert meeting.occurred_on == (date(2022, 12, 19), date(2022, 12, 19))
    assert "minsk" in [one.place.id for one in meeting.places]


def test_the_regional_group_is_recalled_from_october() -> None:
    """What was announced in October is background."""
    (group,) = [one for one in signals() if one.family == "grouping"]
    assert (group.assertion, group.counted) == (Assertion.RECALLED, False)
    assert group.occurred_on == (date(2022, 10, 1), date(2022, 10, 31))


def test_both_judgements_of_too_small_a_force_are_kept() -> None:
    """The author's and the monitor's."""
    judged = [one for one in signals() if one.family == "insufficiency"]
    assert [one.attribution.actor if one.attribution else None for one in judged] == [None, "HAJUN"]


def test_putins_denial_is_his() -> None:
    """The denial is credited to the president and counts as a denial alone."""
    denial = counted(list(signals()))["denial"]
    assert denial.attribution is not None
    assert denial.attribution.actor == "PUTIN"


def test_questions_captions_and_furniture_count_nothing() -> None:
    """Nothing counted quotes the headline, the caption, the menu or the biography."""
    for one in signals():
        if one.counted:
            assert not one.evidence.quote.endswith("?")
            for words in ("Subscribe", "Image Credit", "Smart Bombs", "Breaking News Editor", "Connect with"):
                assert words not in one.evidence.quote


def test_every_quote_is_the_text_it_points_to() -> None:
    """Offsets and quotes agree, and each says why."""
    text = ARTICLE.read_text(encoding="utf-8")
    for one in signals():
        assert text[one.evidence.start : one.evidence.end] == one.evidence.quote
        assert one.why
