"""Who first said it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from reporting import DAILY, HAJUN, NOBODY, NOON, RADIO, a_feed, a_report, a_signal, an_item, said_by

from feeds.model import FeedKind, OriginKind
from indicators.events.clustering import cluster
from indicators.events.origin import is_unnamed, known_channels, resolve_loops, trace, voices
from indicators.events.syndication import Reprint, ReprintKind
from indicators.model.actor import AttributionKind
from indicators.model.event import Origin


@dataclass(frozen=True)
class Entry:
    """An entry of the actor list, as the catalogue has it."""

    id: str
    name: str
    kind: str = "monitor"
    country: str | None = None
    attribution: str | None = None
    controlled_by: str | None = None
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)


ACTORS = {
    entry.id: entry
    for entry in (
        Entry("HAJUN", "Belarusian Hajun", attribution="independent_monitor", names={"ru": ("Беларускі Гаюн",)}),
        Entry("BLR", "Belarus", kind="state", country="BLR"),
        Entry("BLR_MOD", "Ministry of Defence of Belarus", kind="ministry", country="BLR", attribution="official"),
        Entry("LUKASHENKO", "Lukashenko", kind="leader", country="BLR", attribution="official"),
        Entry("BELTA", "BelTA", kind="agency", attribution="media", controlled_by="BLR"),
        Entry("UKR_GS", "General Staff of Ukraine", kind="ministry", country="UKR", attribution="official"),
    )
}
HAJUN_FEED = a_feed(
    "hajun_telegram",
    name="Belarusian Hajun (Telegram)",
    url="https://t.me/s/Hajun_BY",
    kind=FeedKind.TELEGRAM,
    owner="hajun",
    speaks_for="HAJUN",
    origin_kind=OriginKind.INDEPENDENT_MONITOR,
    reliability="B",
)


def origin_of(item=None, feed=None, reprint=None, root=None, **signal):
    """The origin and the rule that found it."""
    item = item or an_item()
    report = trace(
        a_signal(item.item_id, **signal),
        item=item,
        feed=feed or a_feed(),
        reprint=reprint,
        root=root,
        actors=ACTORS,
        channels=known_channels([HAJUN_FEED, a_feed()], ACTORS),
    )
    return report.origin, report.traced_by


def a_reprint(kind=ReprintKind.REPRINT, spans=()):
    """The item repeats hajun:1."""
    return Reprint(item_id="radio:1", of="hajun:1", kind=kind, shared=2, total=5, spans=spans)


def test_named_actor_is_the_origin():
    """'Belarusian Hajun reports' makes Hajun the origin, whoever prints it."""
    origin, why = origin_of(attribution=said_by("HAJUN", kind=AttributionKind.INDEPENDENT_MONITOR))
    assert (origin.id, origin.official, why) == ("HAJUN", False, "attribution")


def test_ministry_is_official_and_of_its_state():
    """A ministry's word is official, and one voice with its leader's and its agency's."""
    found = [
        origin_of(attribution=said_by(actor, kind=AttributionKind.OFFICIAL))[0]
        for actor in ("BLR_MOD", "LUKASHENKO", "BELTA")
    ]
    assert all(origin.official for origin in found)
    assert {origin.voice for origin in found} == {"state:BLR"}


@pytest.mark.parametrize("name", ["Hajun BY", "hajun_by", "Belarusian Hajun", "Беларускі Гаюн"])
def test_forwarded_post_is_its_channels(name):
    """A forwarded post speaks with the voice of the channel it comes from, by handle or by name."""
    origin, why = origin_of(an_item(forwarded_from=name))
    assert (origin.id, why) == ("HAJUN", "forwarded")


def test_forward_from_a_stranger_is_the_strangers():
    """A channel that no list holds is a voice of its own."""
    assert origin_of(an_item(forwarded_from="Gomel Today"))[0].id == "channel:gomel today"


def test_reprint_has_its_roots_origin():
    """A copy says what its root says, with the root's voice."""
    assert origin_of(reprint=a_reprint(), root=HAJUN) == (HAJUN, "reprint of hajun:1")


def test_only_the_shared_words_are_the_roots():
    """In an article that quotes, the quoted sentences are the root's and the others the publisher's."""
    quoting = a_reprint(ReprintKind.SHARES_TEXT, spans=((0, 20),))
    assert origin_of(reprint=quoting, root=HAJUN, start=5, end=15)[0] == HAJUN
    assert origin_of(reprint=quoting, root=HAJUN, start=30, end=40)[0].id == "owner:radio"


@pytest.mark.parametrize(
    "name",
    ["Telegram channels", "local media", "sources", "телеграм-каналы", "источники", "СМИ", "джерела", "ЗМІ",
     "місцеві жителі", "крыніцы", "сродкі масавай інфармацыі", ""],
)  # fmt: skip
def test_nobody_in_particular_is_unknown(name):
    """'Telegram channels', 'СМИ', 'джерела' corroborate nothing."""
    assert is_unnamed(name)
    origin, why = origin_of(attribution=said_by(None, name))
    assert (origin.known, why) == (False, "unnamed")


def test_unlisted_name_does_not_corroborate():
    """A name that the actor list does not hold may be a known voice misspelt: shown, and not counted as a voice."""
    origin, why = origin_of(attribution=said_by(None, "Ivan Petrovich"))
    assert (origin.known, origin.name) == (False, "Ivan Petrovich")
    assert "not in the actor list" in why


def test_publisher_speaks_for_itself():
    """Without a word on its source a report is its publisher's: the actor it speaks for, else the owner's family."""
    assert origin_of(feed=HAJUN_FEED)[0].id == "HAJUN"
    assert origin_of(feed=HAJUN_FEED)[0].kind == "independent_monitor"
    one, other = (origin_of(feed=a_feed(name, owner="group"))[0] for name in ("radio_en", "radio_ru"))
    assert one.id == other.id == "owner:group"


def test_state_medium_is_official():
    """What a state-controlled medium says of its own is its state's word."""
    origin, _ = origin_of(feed=a_feed("belta_en", owner="belta", state_controlled=True))
    assert (origin.official, origin.voice) == (True, "state:BLR")


def test_agency_of_a_ministrys_family_is_its_states():
    """A state agency without an actor of its own, owned like the ministry, is the same state's word."""
    ministry = a_feed("blr_mod", owner="blr_government", speaks_for="BLR_MOD", origin_kind=OriginKind.OFFICIAL)
    agency = a_feed("state_agency", owner="blr_government", state_controlled=True)
    item = an_item(source="state_agency")
    report = trace(
        a_signal(item.item_id),
        item=item,
        feed=agency,
        actors=ACTORS,
        channels=known_channels([ministry, agency], ACTORS),
    )
    assert (report.origin.official, report.origin.voice) == (True, "state:BLR")


def test_registered_source_is_a_known_voice():
    """A text that credits a source of the registry by its name credits that source's voice."""
    assert origin_of(attribution=said_by(None, "Radio"), feed=a_feed("daily"))[0].id == "owner:radio"


def test_item_without_a_feed_has_its_source_as_owner():
    """An archive's item whose feed is not registered still has an owner, graded F."""
    report = trace(a_signal(), item=an_item())
    assert (report.origin.id, report.owner, report.reliability) == ("owner:radio", "radio", "F")


def test_loop_of_mutual_citation_is_one_voice():
    """Radio cites The Daily, which cites Radio: the first of them is the origin of both."""
    reports = [
        a_report("radio:1", origin=DAILY),
        a_report("daily:1", origin=RADIO, hours=2),
        a_report("daily:2", origin=RADIO, hours=3),
    ]
    settled = resolve_loops(reports, voices([a_feed("radio"), a_feed("daily")], {}))
    assert {report.origin.id for report in settled} == {"owner:radio"}
    assert "loop" in settled[0].traced_by
    (event,) = cluster(reports)
    assert not event.corroborated


def test_longer_loop_is_found():
    """A cites B, B cites C, C cites A."""
    names = ["a", "b", "c"]
    reports = [
        a_report(f"{name}:1", origin=Origin(id=f"owner:{cited}", name=cited), hours=hour)
        for hour, (name, cited) in enumerate(zip(names, ["b", "c", "a"], strict=True))
    ]
    assert {report.origin.id for report in resolve_loops(reports, {})} == {"owner:a"}


def test_citing_is_no_loop():
    """One who cites another that speaks for itself is left alone, and so is a voice of nobody."""
    reports = (
        a_report("radio:1", origin=DAILY),
        a_report("daily:1", origin=DAILY, hours=1),
        a_report("x:1", origin=NOBODY, hours=1),
    )
    assert resolve_loops(reports, {}) == reports


def test_late_copy_of_an_early_voice_counts_once():
    """Thirty-seven articles that trace to one channel and one ministry are two origins."""
    reports = [a_report(f"p{n}:1", origin=HAJUN, hours=n / 10) for n in range(30)]
    ministry = Origin(id="BLR_MOD", name="Ministry", official=True, state="BLR")
    reports += [a_report(f"m{n}:1", origin=ministry, hours=n / 10) for n in range(7)]
    (event,) = cluster(reports)
    assert (len(event.reports), len(event.origins)) == (37, 2)
    assert event.first_known_at == NOON
    assert event.known_at == NOON + timedelta(hours=2.9)
