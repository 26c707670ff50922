"""The letter: everything an officer needs, in both forms, whatever a hostile feed put into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_servers import DAY, HOUR, NOON, Relay, a_recommendation, a_standing, an_alert

from feeds.database import open_engine
from indicators import store
from indicators.alerts import message, outbox
from indicators.alerts.catcher import Catcher
from indicators.alerts.transitions import Change, Reason
from indicators.model.alert import AlertKind, MailState, Silence, Subscriber
from indicators.model.event import Event, Origin, Report
from indicators.model.level import Board, Level, SetCondition, Thresholds, WatchCondition
from indicators.model.signal import Assertion, Evidence, Signal, Weight
from indicators.settings import MailSettings
from indicators.store import reading, writing

SENDER = "vedette@example.org"


def a_report(quote: str = "Thirty tanks were moved", *, origin: str = "Hajun", **rest: Any) -> Report:
    """One item's word."""
    facts: dict[str, Any] = {"url": "https://example.org/1", "title": "Tanks moved south", "reprint_of": None}
    facts |= rest
    return Report(
        signal=Signal(
            item_id="hajun:1",
            source="hajun",
            indicator="equipment_moves",
            family="equipment_move",
            weight=Weight.SUPPORTING,
            evidence=Evidence(item_id="hajun:1", start=0, end=len(quote), quote=quote),
            assertion=Assertion.HAPPENED,
            occurred_on=(date(2022, 12, 19), date(2022, 12, 20)),
            counted=True,
            why="",
            published_at=NOON,
            known_at=NOON,
        ),
        owner="hajun",
        reliability="B",
        origin=Origin(id=origin.upper(), name=origin),
        traced_by="attribution",
        **facts,
    )


def an_event(*reports: Report) -> Event:
    """One happening."""
    return Event(
        event_id="e1",
        family="equipment_move",
        indicator="equipment_moves",
        occurred_on=date(2022, 12, 20),
        first_known_at=NOON,
        known_at=NOON,
        reports=reports or (a_report(),),
        credibility=3,
    )


def a_board(**rest: Any) -> Board:
    """Where the problem stands."""
    fields: dict[str, Any] = {
        "problem": "crossing",
        "name": "Attack over the crossing",
        "as_of": NOON,
        "recommendation": a_recommendation(3, blind=("hospitals",), assessable_downward=False),
        "set": SetCondition(
            problem="crossing", condition=WatchCondition.INTEREST, by="Cpt. Rossi", at=NOON, reason="drill"
        ),
        "history": (),
        "standings": (a_standing(expected=0.8),),
    }
    return Board(**(fields | rest))


def a_change(reason: Reason = Reason.RAISED, *, turn: int = 0, **rest: Any) -> Change:
    """What happened to an alert."""
    return Change(alert=an_alert(**rest), reason=reason, mail=True, turn=turn)


def a_mail(change: Change | None = None, **rest: Any) -> EmailMessage:
    """The mail as it arrives."""
    fields: dict[str, Any] = {
        "recipient": "officer@example.org",
        "sender": SENDER,
        "board": a_board(),
        "as_of": NOON,
        "evidence": [an_event()],
        "thresholds": Thresholds(),
        "names": {"equipment_moves": "Equipment moving to the south", "hospitals": "Hospitals cleared"},
        "page": "https://vedette.example.org/indicator?id=equipment_moves",
    }
    composed = message.compose(change or a_change(), **(fields | rest))
    return message_from_bytes(composed.as_bytes(), policy=default)


def bodies(mail: EmailMessage) -> tuple[str, str]:
    """Plain text and HTML."""
    return tuple(mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr, return-value]


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("br", "meta", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_letter_holds_everything_an_officer_needs() -> None:
    """Level, value, threshold, coverage, condition, blindness, evidence, origin, source, link and 'as of', twice."""
    mail = a_mail()
    assert mail["Subject"] == "[Vedette] WARNING equipment_moves: 3 independent events, limit 3"
    assert mail.get_content_type() == "multipart/alternative"
    plain, rich = bodies(mail)
    for words in (
        "WARNING",
        "Equipment moving to the south",
        "Attack over the crossing",
        "3 independent events; 0.8 expected; 2 independent origins",
        "watch 2, warning 3, critical 5 within 3 days",
        "90% of what its sources usually give",
        "3 Heightened recommended, coverage 71%, not assessable downward; 4 Interest set by Cpt. Rossi",
        "Hospitals cleared",
        "Thirty tanks were moved",
        "Tanks moved south",
        "hajun (B), 20 December 2022 12:00 UTC",
        "1 independent origin: Hajun",
        "credibility 3",
        "20 December 2022 12:00 UTC",
    ):
        assert words in plain
        assert words in Tags(rich).text
    assert "Read on: https://vedette.example.org/indicator?id=equipment_moves" in plain
    links = [attributes["href"] for tag, attributes in Tags(rich).tags if tag == "a"]
    assert links == ["https://example.org/1", "https://vedette.example.org/indicator?id=equipment_moves"]


def test_the_html_is_the_dialect_every_mail_program_shows() -> None:
    """Tables and inline styles, tags closed in order; no script, style sheet, image or outside request."""
    _, rich = bodies(a_mail())
    page = Tags(rich)
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {
        "html", "head", "meta", "title", "body", "table", "tr", "td", "span", "b", "br", "a",
    }  # fmt: skip
    assert not any(name in ("src", "background", "class") or name.startswith("on") for _, a in page.tags for name in a)


def test_headers_say_what_the_mail_is() -> None:
    """A robot's mail, threaded by episode, listed, and important only when critical."""
    mail = a_mail()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "Vedette alerts <alerts.example.org>"
    assert mail["From"] == "Vedette <vedette@example.org>"
    assert mail["Date"].datetime == NOON
    assert mail["Importance"] is None
    assert a_mail(a_change(level=int(Level.CRITICAL)))["Importance"] == "high"
    assert a_mail(a_change(Reason.CLEARED, level=int(Level.CRITICAL)))["Importance"] is None


def test_the_same_news_to_the_same_person_is_the_same_mail() -> None:
    """The id depends on alert, turn and recipient alone, so a restart sends nothing twice; each episode is a thread."""
    ids = {
        name: (mail["Message-ID"], mail["References"])
        for name, mail in {
            "first": a_mail(),
            "again": a_mail(as_of=NOON + HOUR, evidence=[], board=a_board(standings=())),
            "higher": a_mail(a_change(alert_id="a2", level=int(Level.CRITICAL))),
            "cleared": a_mail(a_change(Reason.CLEARED)),
            "reminder": a_mail(a_change(Reason.REMINDER, turn=1)),
            "second reminder": a_mail(a_change(Reason.REMINDER, turn=2)),
            "colleague": a_mail(recipient="other@example.org"),
            "next episode": a_mail(a_change(alert_id="a3", episode="ep2")),
        }.items()
    }
    assert ids["first"] == ids["again"]
    assert len({message_id for message_id, _ in ids.values()}) == len(ids) - 1
    thread = ids["first"][1]
    assert {name for name, (_, root) in ids.items() if root == thread} == {
        "first", "again", "higher", "cleared", "reminder", "second reminder",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "subject", "headline"),
    [
        (a_change(Reason.CLEARED), "NORMAL equipment_moves: back to normal", "back to normal"),
        (
            a_change(Reason.REMINDER, turn=2, level=3),
            "CRITICAL equipment_moves: not acknowledged for 2 days",
            "nobody has taken it on",
        ),
        (
            a_change(kind=AlertKind.CONDITION, subject="crossing", level=3),
            "LEVEL 3 crossing: Heightened recommended",
            "watch condition 3, Heightened, recommended",
        ),
        (
            a_change(Reason.CLEARED, kind=AlertKind.CONDITION, subject="crossing", level=3),
            "ROUTINE crossing: back to routine",
            "back to 5, Routine",
        ),
        (
            a_change(kind=AlertKind.FEED, subject="hajun", level=0, why="HTTP 500 for 26 h"),
            "BLIND hajun: HTTP 500 for 26 h",
            "hajun cannot be read",
        ),
        (
            a_change(Reason.CLEARED, kind=AlertKind.FEED, subject="hajun", level=0),
            "SEES hajun: read again",
            "read again",
        ),
    ],
)
def test_each_kind_of_news_has_its_words(change: Change, subject: str, headline: str) -> None:
    """Subject and headline say at a glance what happened to what."""
    mail = a_mail(change)
    assert mail["Subject"] == f"[Vedette] {subject}"
    assert all(headline in body for body in bodies(mail))


def test_no_data_is_said_and_unknown_is_not_zero() -> None:
    """A mail about a level held blind says so; coverage nobody can know is not printed as nought."""
    blind = a_board(standings=(a_standing(no_data=True, coverage=0.2),))
    assert "NO DATA now, the level is held" in bodies(a_mail(board=blind))[0]
    nothing = a_board(
        standings=(a_standing(coverage=None),), recommendation=a_recommendation(4, coverage=None), set=None
    )
    plain, _ = bodies(a_mail(board=nothing))
    assert "nothing can carry this indicator" in plain
    assert "coverage unknown" in plain
    assert "0%" not in plain
    assert "not evaluated yet" in bodies(a_mail(board=a_board(recommendation=None, set=None)))[0]


def test_a_replay_never_looks_like_the_world() -> None:
    """A mail of a replay says so in its subject and at its top."""
    mail = a_mail(recording="belarus-2022-12, a reconstruction")
    assert mail["Subject"].startswith("[Vedette replay] ")
    assert all("not the world" in body for body in bodies(mail))


def test_what_is_left_out_is_counted() -> None:
    """Many events and many reports are cut for reading, and the letter says how many it leaves to the page."""
    many = [an_event(*(a_report(f"quote {n} {k}") for k in range(9))) for n in range(20)]
    plain, rich = bodies(a_mail(evidence=many))
    for body in (plain, Tags(rich).text):
        assert "8 more events are on the page." in body
        assert "and 6 more reports of it" in body


def test_echoes_are_not_quoted_beside_what_they_repeat() -> None:
    """The mail quotes who said it first; a reprint is counted, and quoted only when nothing else is there."""
    own, echo = a_report("the first word"), a_report("the echo", reprint_of="hajun:1")
    plain, _ = bodies(a_mail(evidence=[an_event(own, echo)]))
    assert "the echo" not in plain
    assert "and 1 more report of it" in plain
    assert "the echo" in bodies(a_mail(evidence=[an_event(echo)]))[0]


HOSTILE = 'x\r\nBcc: victim@example.org\r\n\r\n<script>alert("1")</script>\x00\u202e<img src=x onerror=alert(1)>\ud800'


def test_hostile_text_is_only_text() -> None:
    """Header breaks, scripts, control and direction marks from a feed reach nobody as more than letters."""
    report = a_report(HOSTILE, origin=HOSTILE, title=HOSTILE, url="javascript:alert(1)")
    mail = a_mail(
        a_change(why=HOSTILE, subject="equipment_moves" + HOSTILE, kind=AlertKind.FEED, level=0),
        evidence=[an_event(report)],
        board=a_board(name=HOSTILE),
        names={"hospitals": HOSTILE},
        page="javascript:alert(2)",
        recording=HOSTILE,
    )
    assert mail["Bcc"] is None
    assert [name for name, _ in mail.items()].count("Subject") == 1
    plain, rich = bodies(mail)
    page = Tags(rich)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not any(tag == "a" for tag, _ in page.tags)
    assert "javascript" not in plain + rich
    assert not any(mark in plain + rich for mark in ("\u202e", "\x00", "\ud800"))
    assert "Bcc: victim" not in [line.strip() for line in plain.splitlines()]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=80))
def test_no_text_breaks_a_letter(quote: str, title: str, url: str) -> None:
    """Whatever a feed says: the mail has its headers, short seven-bit lines, both bodies, and well-formed HTML."""
    report = a_report(quote, title=title, url=url, origin=title)
    composed = message.compose(
        a_change(why=quote, subject=title[:40]),
        recipient="officer@example.org",
        sender=SENDER,
        board=a_board(name=title),
        as_of=NOON,
        evidence=[an_event(report)],
    )
    raw = composed.as_bytes()
    assert raw.isascii()
    assert message_from_bytes(raw, policy=default)["Subject"] == composed["Subject"]
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in raw.split(b"\r\n"))
    mail = message_from_bytes(raw, policy=default)
    assert {"Subject", "From", "To", "Message-ID", "References"} <= set(mail.keys())
    assert mail["To"] == "officer@example.org"
    assert mail.defects == []
    plain, rich = bodies(mail)
    assert Tags(rich).open == []
    assert plain


def a_recipient(address: str, **rest: Any) -> Subscriber:
    """Someone who gets mail."""
    return Subscriber(address=address, **rest)


def prepared(change: Change, **rest: Any) -> list[Any]:
    """The mails for two subscribers."""
    fields: dict[str, Any] = {
        "subscribers": [a_recipient("a@example.org"), a_recipient("b@example.org")],
        "silences": [],
        "sender": SENDER,
        "now": NOON,
    }
    return outbox.prepare(change, message.write(change, board=a_board(), as_of=NOON), **(fields | rest))


def test_a_silenced_mail_is_kept_with_its_reason() -> None:
    """A silence holds the mail, not the record of it: the row says who muted it and why."""
    silence = Silence(
        silence_id="s1",
        problem="*",
        subject="equipment_moves",
        by="Rossi",
        reason="a known exercise",
        starts_at=NOON,
        ends_at=NOON + DAY,
    )
    held = prepared(a_change(), silences=[silence])
    assert {mail.state for mail in held} == {MailState.MUTED}
    assert held[0].error == "silenced until 2022-12-21 12:00 UTC by Rossi: a known exercise"
    assert prepared(replace(a_change(), mail=False)) == []


def test_from_a_crossing_to_two_people_once(tmp_path: Path) -> None:
    """Alert, outbox and a real server: each subscriber gets one mail, and a restart sends nothing again."""
    engine = open_engine(f"sqlite:///{tmp_path / 'vedette.db'}")
    store.upgrade(engine)
    queue = store.outbox.Queue(engine)
    with Relay() as relay:
        for _restart in range(2):
            with writing(engine) as connection:
                store.alerts.save(connection, [a_change().alert], at=NOON)
                store.outbox.put(connection, prepared(a_change()))
            outbox.deliver(queue, relay.settings(), now=NOON + HOUR)
    assert sorted(relay.recipients) == ["a@example.org", "b@example.org"]
    assert [mail["Subject"] for mail in relay.taken] == [
        message.write(a_change(), board=a_board(), as_of=NOON).subject
    ] * 2
    with reading(engine) as connection:
        assert store.outbox.tally(connection)[MailState.SENT] == 2
        assert len(store.alerts.alerts(connection, "crossing", as_of=NOON)) == 1
    engine.dispose()


def test_a_replays_mail_is_caught_and_can_be_read(tmp_path: Path) -> None:
    """In a replay the mails lie in the database, dated by the replay's clock, and went to nobody."""
    engine = open_engine(f"sqlite:///{tmp_path / 'replay.db'}")
    store.upgrade(engine)
    with writing(engine) as connection:
        store.outbox.put(connection, prepared(a_change()))
    with Catcher(store.outbox.keeper(engine, clock=lambda: NOON + 999 * DAY)) as catcher:
        settings = MailSettings(host="127.0.0.1", port=catcher.port, security="none", sender=SENDER)
        delivery = outbox.deliver(store.outbox.Queue(engine), settings, now=NOON + 999 * DAY)
    assert delivery.sent == 2
    with reading(engine) as connection:
        caught = store.outbox.caught(connection, as_of=NOON)
        assert store.outbox.caught(connection, as_of=NOON - HOUR) == []
    assert {mail.recipients for mail in caught} == {("a@example.org",), ("b@example.org",)}
    assert caught[0].dated_at == NOON
    assert message_from_bytes(caught[0].content, policy=default)["Subject"] == caught[0].subject
    engine.dispose()
