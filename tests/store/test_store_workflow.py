"""Alerts, silences, subscribers, thresholds, outbox and heartbeat: the state that people and the poller share."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from store_builders import DAY, HOUR, NOON, PROBLEM, a_mail, a_standing, an_alert

from feeds.database import open_engine
from indicators import store
from indicators.model.alert import AlertState, MailState, Silence, Subscriber
from indicators.model.level import Level, ThresholdChange, Thresholds
from indicators.store import StoreProblem, reading, writing
from indicators.store.alerts import AlertRefused
from indicators.store.heartbeat import Heartbeat, Mode
from indicators.store.silences import SilenceRefused
from indicators.store.thresholds import Authority, ThresholdsRefused


def test_an_alert_is_raised_once(engine: Engine) -> None:
    """The same crossing seen again after a restart is the same alert."""
    with writing(engine) as connection:
        assert store.alerts.insert(connection, an_alert())
        assert not store.alerts.insert(connection, an_alert(count=9))
        assert store.alerts.alerts(connection, PROBLEM, as_of=NOON) == [an_alert()]
        assert store.alerts.alerts(connection, PROBLEM, as_of=NOON - HOUR) == []


def test_an_acknowledgement_runs_out(engine: Engine) -> None:
    """At the end of the shift the alert is open again, and every step of its life stays readable."""
    with writing(engine) as connection:
        store.alerts.insert(connection, an_alert())
        taken = store.alerts.acknowledge(
            connection, "a1", by="Rossi", at=NOON + HOUR, until=NOON + 8 * HOUR, note="on it"
        )
        assert (taken.state, taken.acked_by, taken.note) == (AlertState.ACKNOWLEDGED, "Rossi", "on it")

        def state(hours: int) -> AlertState:
            found = store.alerts.alert(connection, "a1", as_of=NOON + hours * HOUR)
            assert found is not None
            return found.state

        assert [state(hours) for hours in (0, 1, 7, 8)] == [
            AlertState.RAISED,
            AlertState.ACKNOWLEDGED,
            AlertState.ACKNOWLEDGED,
            AlertState.RAISED,
        ]
        with pytest.raises(AlertRefused, match="is over already"):
            store.alerts.acknowledge(connection, "a1", by="Rossi", at=NOON, until=NOON)
        with pytest.raises(AlertRefused, match="there is none"):
            store.alerts.acknowledge(connection, "zz", by="Rossi", at=NOON, until=NOON + HOUR)


def test_clearing_and_assessing(engine: Engine) -> None:
    """A cleared alert leaves the open ones, cannot be taken on, and can be judged afterwards."""
    with writing(engine) as connection:
        store.alerts.insert(connection, an_alert())
        store.alerts.clear(connection, "a1", at=NOON + DAY, why="back to normal")
        store.alerts.clear(connection, "a1", at=NOON + 2 * DAY)
        with pytest.raises(AlertRefused, match="assess it instead"):
            store.alerts.acknowledge(connection, "a1", by="Rossi", at=NOON + 2 * DAY, until=NOON + 3 * DAY)
        with pytest.raises(AlertRefused, match="write true, false, exercise or unclear"):
            store.alerts.assess(connection, "a1", assessment="maybe", at=NOON + DAY)
        judged = store.alerts.assess(connection, "a1", assessment="exercise", at=NOON + 2 * DAY)
        assert (judged.state, judged.cleared_at, judged.assessment) == (AlertState.CLEARED, NOON + DAY, "exercise")
        assert store.alerts.open_alerts(connection, PROBLEM, as_of=NOON + HOUR) == [an_alert()]
        assert store.alerts.open_alerts(connection, PROBLEM, as_of=NOON + DAY) == []
        assert len(store.alerts.history(connection, "a1")) == 3


def test_the_machine_does_not_overwrite_the_officer(engine: Engine) -> None:
    """A decision about a crossing keeps the acknowledgement and the assessment a person gave."""
    with writing(engine) as connection:
        assert store.alerts.save(connection, [an_alert()], at=NOON) == [an_alert()]
        store.alerts.acknowledge(connection, "a1", by="Rossi", at=NOON + HOUR, until=NOON + DAY)
        assert store.alerts.save(connection, [an_alert(count=7)], at=NOON + 2 * HOUR) == []
        held = store.alerts.alert(connection, "a1")
        assert held is not None
        assert (held.count, held.state, held.acked_by) == (7, AlertState.ACKNOWLEDGED, "Rossi")
        cleared = an_alert(state=AlertState.CLEARED, cleared_at=NOON + 3 * HOUR, note="back to normal")
        store.alerts.save(connection, [cleared], at=NOON + 3 * HOUR)
        held = store.alerts.alert(connection, "a1")
        assert held is not None
        assert (held.state, held.note, held.acked_by) == (AlertState.CLEARED, "back to normal", "Rossi")


def test_a_decision_knows_the_open_and_the_recent(engine: Engine) -> None:
    """Open alerts of any age and those of the last day are at hand, whatever became of them."""
    with writing(engine) as connection:
        for name, raised in (("old_open", 9), ("old_closed", 8), ("new_closed", 0)):
            store.alerts.insert(connection, an_alert(name, raised_at=NOON - raised * DAY))
            if "closed" in name:
                store.alerts.clear(connection, name, at=NOON)
        known = store.alerts.lately(connection, PROBLEM, as_of=NOON, raised_since=NOON - DAY)
    assert [alert.alert_id for alert in known] == ["new_closed", "old_open"]


def test_silences_run_and_end(engine: Engine) -> None:
    """A silence needs a reason and an end, and can be ended early."""
    silence = Silence(
        silence_id="s1",
        problem=PROBLEM,
        subject="drills",
        by="Rossi",
        reason="a known exercise",
        starts_at=NOON,
        ends_at=NOON + DAY,
    )
    with writing(engine) as connection:
        store.silences.add(connection, silence)
        assert store.silences.running(connection, PROBLEM, as_of=NOON) == [silence]
        assert store.silences.running(connection, "another", as_of=NOON) == []
        assert store.silences.running(connection, PROBLEM, as_of=NOON + DAY) == []
        assert store.silences.end(connection, "s1", at=NOON + HOUR)
        assert not store.silences.end(connection, "s1", at=NOON + 2 * HOUR)
        assert store.silences.running(connection, PROBLEM, as_of=NOON + 2 * HOUR) == []
        assert len(store.silences.all_silences(connection)) == 1
        with pytest.raises(SilenceRefused, match="no reason"):
            store.silences.add(connection, replace(silence, silence_id="s2", reason=" "))
        with pytest.raises(SilenceRefused, match="ends before it starts"):
            store.silences.add(connection, replace(silence, silence_id="s2", ends_at=NOON))


def test_subscribers_of_the_file_and_of_the_page(engine: Engine) -> None:
    """Both get mail; for one address and problem the wishes given on the page hold."""
    mine = Subscriber(address="a@example.org", minimum=Level.CRITICAL, indicators=("drills",))
    theirs = Subscriber(address="b@example.org")
    with writing(engine) as connection:
        store.subscribers.add(connection, replace(mine, minimum=Level.WATCH), by="Rossi", at=NOON)
        store.subscribers.add(connection, mine, by="Rossi", at=NOON)
        assert store.subscribers.added(connection) == [mine]
        configured = [theirs, Subscriber(address="a@example.org")]
        assert store.subscribers.everyone(connection, configured) == [mine, theirs]
        assert store.subscribers.remove(connection, "a@example.org") == 1
        assert store.subscribers.everyone(connection, configured) == [configured[1], theirs]


def a_threshold_change(**rest: object) -> ThresholdChange:
    """An officer's change."""
    fields = {
        "problem": PROBLEM,
        "indicator": "drills",
        "thresholds": Thresholds(watch=4, warning=6, critical=9, within=timedelta(days=7)),
        "by": "Rossi",
        "at": NOON,
        "reason": "weekly cycle",
    }
    return ThresholdChange(**(fields | rest))  # type: ignore[arg-type]


def test_whose_thresholds_are_in_force(engine: Engine) -> None:
    """The officer goes before the deployment, the deployment before the catalogue, each from its instant on."""
    catalogue = {"drills": Thresholds(), "moves": Thresholds(), "hospitals": Thresholds()}
    own = {"moves": Thresholds(watch=1)}
    change = a_threshold_change()
    with writing(engine) as connection:
        store.thresholds.change(connection, change)
        before = store.thresholds.effective(connection, PROBLEM, catalogue, as_of=NOON - HOUR, deployment=own)
        after = store.thresholds.effective(connection, PROBLEM, catalogue, as_of=NOON, deployment=own)
        again = a_threshold_change(at=NOON + HOUR, thresholds=Thresholds())
        store.thresholds.change(connection, again)
        assert store.thresholds.latest(connection, PROBLEM, as_of=NOON + HOUR) == {"drills": again}
        assert store.thresholds.history(connection, PROBLEM, "drills", as_of=NOON + DAY) == [change, again]
    assert [one.authority for one in before.values()] == [
        Authority.CATALOGUE,
        Authority.DEPLOYMENT,
        Authority.CATALOGUE,
    ]
    assert after["drills"].change == change
    assert after["drills"].thresholds == change.thresholds


@pytest.mark.parametrize(
    ("thresholds", "said"),
    [
        (Thresholds(watch=5, warning=3, critical=9), "5/3/9 does not rise"),
        (Thresholds(watch=0), "counts nothing"),
        (Thresholds(within=timedelta(0)), "too short"),
    ],
)
def test_impossible_thresholds_are_refused(engine: Engine, thresholds: Thresholds, said: str) -> None:
    """Limits that cannot be are refused in one line, and nothing is kept."""
    with writing(engine) as connection:
        with pytest.raises(ThresholdsRefused, match=said):
            store.thresholds.change(connection, a_threshold_change(thresholds=thresholds))
        assert store.thresholds.latest(connection, PROBLEM, as_of=NOON + DAY) == {}


def test_thresholds_travel(engine: Engine) -> None:
    """What one installation exports another imports, with who set it first."""
    with writing(engine) as connection:
        store.thresholds.change(connection, a_threshold_change())
        exported = store.thresholds.export(connection, PROBLEM, as_of=NOON)
    (read,) = store.thresholds.read_export(exported, at=NOON + DAY, by="Bianchi")
    assert read == a_threshold_change(by="Bianchi", at=NOON + DAY, reason="weekly cycle (imported; set by Rossi)")


def test_a_broken_export_is_refused_whole() -> None:
    """Every fault has its line, and nothing is imported in part."""
    entries = ["{indicator: a, watch: 1}", "{indicator: b, watch: 3, warning: 2, critical: 1}", "7"]
    text = "problem: p\nthresholds:\n" + "".join(f"- {entry}\n" for entry in entries)
    with pytest.raises(ThresholdsRefused) as refused:
        store.thresholds.read_export(text, at=NOON, by="x", name="t.yaml")
    assert str(refused.value).splitlines() == [
        "t.yaml: entry 1: a: warning: None is no whole number; write how many events",
        "t.yaml: entry 2: b: 3/2/1 does not rise from watch over warning to critical; order them",
        "t.yaml: entry 3: 7 is no entry; write keys indicator, watch, warning, critical, within, by, at, reason",
    ]
    for broken in ("{", "[]", "thresholds: []", "problem: p"):
        with pytest.raises(ThresholdsRefused):
            store.thresholds.read_export(broken, at=NOON, by="x")


def test_a_mail_is_queued_once(engine: Engine) -> None:
    """A restart that queues the same mails again adds none, sent or not."""
    with writing(engine) as connection:
        assert store.outbox.put(connection, [a_mail(), a_mail("<m2@v>")]) == 2
        assert store.outbox.put(connection, [a_mail(), a_mail("<m3@v>")]) == 1
        assert len(store.outbox.mails(connection)) == 3
        assert store.outbox.tally(connection)[MailState.WAITING] == 3
        assert store.outbox.next_try_at(connection) == NOON


def test_two_senders_never_hold_the_same_mail(engine: Engine) -> None:
    """A claimed mail is another sender's business until its claim runs out."""
    queue, other = store.outbox.Queue(engine), store.outbox.Queue(engine)
    with writing(engine) as connection:
        store.outbox.put(connection, [a_mail(f"<m{number}@v>") for number in range(5)])
    assert len(queue.claim(now=NOON, limit=3)) == 3
    assert len(other.claim(now=NOON, limit=9)) == 2
    assert other.claim(now=NOON + timedelta(minutes=4)) == []
    assert len(other.claim(now=NOON + timedelta(minutes=6))) == 5


def test_what_was_sent_stays_sent(engine: Engine) -> None:
    """A slow sender that reports a failure of a mail already out does not send it again."""
    queue = store.outbox.Queue(engine)
    with writing(engine) as connection:
        store.outbox.put(connection, [a_mail()])
    (mail,) = queue.claim(now=NOON)
    sent = replace(mail, state=MailState.SENT, tries=1, sent_at=NOON)
    queue.record([sent])
    queue.record([replace(mail, tries=1, error="451 later", next_try_at=NOON + HOUR)])
    with reading(engine) as connection:
        assert store.outbox.mails(connection) == [sent]
        assert store.outbox.mails(connection, state=MailState.WAITING) == []
        assert store.outbox.next_try_at(connection) is None


def test_an_officer_retries_a_dead_mail(engine: Engine) -> None:
    """What was refused for good goes back in line when a person says so."""
    with writing(engine) as connection:
        store.outbox.put(connection, [a_mail(state=MailState.DEAD, tries=9, error="550")])
        assert store.outbox.retry(connection, a_mail().message_id, now=NOON + HOUR)
        assert not store.outbox.retry(connection, a_mail().message_id, now=NOON + HOUR)
        (mail,) = store.outbox.mails(connection, alert_id="a1")
    assert (mail.state, mail.tries, mail.next_try_at) == (MailState.WAITING, 0, NOON + HOUR)


def test_the_heartbeat_gives_the_pages_their_time(engine: Engine) -> None:
    """In a replay 'now' is the recording's, also after it ended; live it is the world's."""
    replay = Heartbeat(mode=Mode.REPLAY, at=NOON, real_at=NOON + 900 * DAY, pid=7, note="reading", next_due_at=NOON)
    with writing(engine) as connection:
        assert store.heartbeat.latest(connection) is None
        assert store.heartbeat.product_time(connection, real_now=NOON + DAY) == NOON + DAY
        store.heartbeat.beat(connection, replay)
        store.heartbeat.beat(connection, replace(replay, at=NOON + HOUR))
        found = store.heartbeat.latest(connection)
        assert found == replace(replay, at=NOON + HOUR)
        assert found.running
        assert found.age(NOON + 901 * DAY) == DAY
        store.heartbeat.stop(connection, real_at=NOON + 901 * DAY)
        stopped = store.heartbeat.latest(connection)
        assert stopped is not None
        assert not stopped.running
        assert store.heartbeat.product_time(connection, real_now=NOON + 999 * DAY) == NOON + HOUR
        store.heartbeat.beat(connection, replace(replay, mode=Mode.LIVE))
        assert store.heartbeat.product_time(connection, real_now=NOON + 5 * DAY) == NOON + 5 * DAY


def a_database(tmp_path: Path, name: str = "vedette.db") -> Engine:
    """An up-to-date embedded database."""
    engine = open_engine(f"sqlite:///{tmp_path / name}")
    store.upgrade(engine)
    return engine


def test_a_full_disk_is_one_clear_line_and_loses_nothing(tmp_path: Path) -> None:
    """When the disk is full the step is undone whole, what was kept stays, and room makes it go on."""
    engine = a_database(tmp_path)
    with writing(engine) as connection:
        store.levels.save_standings(connection, [a_standing()])
    with engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    many = [a_mail(f"<m{number}@v>", content=b"x" * 4000) for number in range(200)]

    def put(room: int) -> None:
        with writing(engine) as connection:
            connection.execute(text(f"PRAGMA max_page_count = {room}"))
            store.outbox.put(connection, many)

    with pytest.raises(StoreProblem, match=r"vedette\.db: the disk is full; free some space") as problem:
        put(pages + 10)
    assert "\n" not in str(problem.value)
    with reading(engine) as connection:
        assert store.outbox.mails(connection) == []
        assert len(store.levels.latest_standings(connection, PROBLEM, as_of=NOON)) == 1
    put(pages + 10_000)
    with reading(engine) as connection:
        assert store.outbox.tally(connection)[MailState.WAITING] == 200
    engine.dispose()


def test_a_read_only_database_is_one_clear_line(tmp_path: Path) -> None:
    """A database that may only be read can be looked at, and says what to do when it should be written."""
    engine = a_database(tmp_path)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA query_only = ON"))
        connection.commit()
        with pytest.raises(StoreProblem, match="is not writable; change the rights"):
            store.levels.save_standings(connection, [a_standing()])
    engine.dispose()


def test_a_locked_database_is_one_clear_line(tmp_path: Path) -> None:
    """Another process that holds the lock too long is named as the cause."""
    engine = a_database(tmp_path)
    other = sqlite3.connect(tmp_path / "vedette.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA busy_timeout = 50"))
        connection.commit()
    with pytest.raises(StoreProblem, match="kept it locked too long"), writing(engine) as connection:
        store.outbox.put(connection, [a_mail()])
    other.rollback()
    other.close()
    with writing(engine) as connection:
        assert store.outbox.put(connection, [a_mail()]) == 1
    engine.dispose()


def test_a_database_without_tables_says_upgrade(engine: Engine, tmp_path: Path) -> None:
    """Reading before the schema is there names the command that brings it."""
    bare = store.guard(open_engine(f"sqlite:///{tmp_path / 'bare.db'}"))
    with pytest.raises(StoreProblem, match="run: vedette db upgrade"), reading(bare) as connection:
        store.alerts.alerts(connection, as_of=NOON)
    bare.dispose()
    with writing(engine) as connection:
        connection.execute(text("DROP TABLE silences"))
    with pytest.raises(StoreProblem, match="run: vedette db upgrade"), reading(engine) as connection:
        store.silences.running(connection, as_of=NOON)


def test_a_backup_is_taken_while_others_write(tmp_path: Path) -> None:
    """The copy is whole, is made beside a running watch, and brings the state back."""
    engine = a_database(tmp_path)
    with writing(engine) as connection:
        store.outbox.put(connection, [a_mail()])
    copy = store.backup(engine, tmp_path / "copies" / "monday.db")
    with writing(engine) as connection:
        store.outbox.put(connection, [a_mail("<later@v>")])
    with reading(engine) as watching:
        store.outbox.mails(watching)
        kept = store.restore(f"sqlite:///{tmp_path / 'vedette.db'}", copy)
    with reading(engine) as connection:
        assert [mail.message_id for mail in store.outbox.mails(connection)] == [a_mail().message_id]
    assert kept is not None
    before = open_engine(f"sqlite:///{kept}")
    with reading(before) as connection:
        assert len(store.outbox.mails(connection)) == 2
    before.dispose()
    engine.dispose()
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["monday.db"]


def test_only_a_sound_copy_is_restored(tmp_path: Path) -> None:
    """A missing, foreign or damaged file is refused in one line and the database stays as it is."""
    engine = a_database(tmp_path)
    with writing(engine) as connection:
        store.outbox.put(connection, [a_mail(f"<m{n}@v>", content=b"x" * 9000) for n in range(40)])
    copy = store.backup(engine, tmp_path / "copy.db")
    url = f"sqlite:///{tmp_path / 'vedette.db'}"
    (tmp_path / "text.db").write_text("no database at all, but long enough to look at" * 50, encoding="utf-8")
    with sqlite3.connect(tmp_path / "foreign.db") as foreign:
        foreign.execute("CREATE TABLE other (x)")
    raw = bytearray(copy.read_bytes())
    raw[4096:12288] = b"\xff" * 8192
    (tmp_path / "damaged.db").write_bytes(raw)
    for name, said in (
        ("absent.db", "no such file"),
        ("text.db", "not a Vedette database"),
        ("foreign.db", "holds no Vedette tables"),
        ("damaged.db", "damaged"),
        ("vedette.db", "is the database itself"),
    ):
        with pytest.raises(StoreProblem, match=said) as refused:
            store.restore(url, tmp_path / name)
        assert "\n" not in str(refused.value)
    with reading(engine) as connection:
        assert store.outbox.tally(connection)[MailState.WAITING] == 40
    with pytest.raises(StoreProblem, match="is a folder"):
        store.backup(engine, tmp_path)
    engine.dispose()
