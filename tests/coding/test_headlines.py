"""The headlines on which keyword counters and event coders fail, published on 20 December 2022."""

from __future__ import annotations

import pytest
from builders_for_coding import coded, counted

from indicators.model.signal import Assertion, Direction

# headline, families that must be counted (any of a set is written with |), families that must not be.
HEADLINES = [
    ("Is Putin slowly preparing a new Ukraine invasion through Belarus?", "", "*"),
    ("Belarusian Hajun: tanks and trucks moved from training grounds to southern Belarus", "equipment_move", "drill"),
    ("Belarus Defence Ministry announces joint drills with Russia at Brestsky training ground", "drill", "attack"),
    ("Putin visits Lukashenko in Minsk", "leader_meeting", ""),
    (
        "Troop numbers in southern Belarus are 'small and definitely not enough for any offensive action'",
        "insufficiency",
        "force_size attack threat",
    ),
    ("Kremlin denies plans for invasion from Belarus", "denial", "attack threat"),
    ("No sign of invasion from Belarus, says Ukraine border service", "", "*"),
    ("Lukashenko announces snap inspection of combat readiness", "inspection", ""),
    ("Belarus begins partial mobilisation call-up", "mobilisation", ""),
    ("Russia deploys pontoon bridge units and field hospitals near Gomel", "bridging medical", ""),
    ("US embassy urges citizens to leave Belarus immediately", "embassy", ""),
    ("Беларускі Гаюн: танки перебрасывают к границе с Украиной", "equipment_move", ""),
    ("Russia and Belarus begin war games near Ukraine border", "drill", "attack"),
    ("Convoys of military transports head for southern Belarus, missile units included", "equipment_move|missiles", ""),
    ("Updating: missile brigade consolidating near Gomel", "missiles|troop_move", ""),
]


@pytest.mark.parametrize("as_title", [True, False], ids=["title", "text"])
@pytest.mark.parametrize(("headline", "wanted", "unwanted"), HEADLINES, ids=[row[0][:30] for row in HEADLINES])
def test_each_headline_counts_what_it_reports_and_nothing_else(
    headline: str, wanted: str, unwanted: str, as_title: bool
) -> None:
    """A headline counts for its own families, as a title and as a bare text."""
    signals = coded(title=headline) if as_title else coded(headline)
    found = set(counted(signals))
    for choice in wanted.split():
        assert found & set(choice.split("|")), (choice, found)
    if unwanted == "*":
        assert not found
        assert signals, "an uncounted reading is kept and shown"
    assert not found & set(unwanted.split())


def test_the_monitor_is_the_origin_of_what_it_posts() -> None:
    """Hajun before the colon is credited, in English and in a Russian post under its Belarusian name."""
    for headline in (HEADLINES[1][0], HEADLINES[11][0]):
        move = counted(coded(headline))["equipment_move"]
        assert move.attribution is not None
        assert (move.attribution.actor, move.attribution.kind) == ("HAJUN", "independent_monitor")
        assert move.direction is Direction.TOWARD


def test_the_ground_and_the_ministry_of_the_drills_are_named() -> None:
    """The drills lie at the Brestsky training ground, on the ministry's word."""
    drill = counted(coded(HEADLINES[2][0]))["drill"]
    assert [one.place.id for one in drill.places] == ["brestsky_range"]
    assert drill.attribution is not None
    assert drill.attribution.actor == "BLR_MOD"


def test_uncounted_readings_say_how_they_were_put() -> None:
    """The question, the denied and the negated are kept with their own assertion."""
    assert {signal.assertion for signal in coded(HEADLINES[0][0])} == {Assertion.QUESTION}
    assert {signal.assertion for signal in coded(HEADLINES[5][0]) if not signal.counted} == {Assertion.DENIED}
    assert {signal.assertion for signal in coded(HEADLINES[6][0])} == {Assertion.NEGATED}


def test_a_denial_is_context_without_weight() -> None:
    """A denial counts in the denials series alone, and its weight is context."""
    denial = counted(coded(HEADLINES[5][0]))["denial"]
    assert (denial.indicator, denial.weight) == ("denials", "context")


def test_an_insufficiency_has_no_indicator() -> None:
    """A judgement that the force is too small is a series of its own."""
    judged = counted(coded(HEADLINES[4][0]))["insufficiency"]
    assert (judged.indicator, judged.weight) == (None, "context")
