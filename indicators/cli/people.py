"""What reaches people: `alerts`, `subscribers`, `briefing`."""

from __future__ import annotations

import argparse
import getpass
from datetime import timedelta
from pathlib import Path
from typing import Any

from indicators.cli.context import (
    Finding,
    Unusable,
    catalogue,
    database,
    hours,
    now,
    registry,
    settings,
    shared,
    table,
)
from indicators.model.alert import Silence, Subscriber
from indicators.model.level import Level
from indicators.store import alerts, heartbeat, mail_servers, silences, subscribers
from indicators.store.problems import reading, writing

LEVELS = {level.word: level for level in Level if level}


def alerts_options(command: argparse.ArgumentParser) -> None:
    """`vedette alerts`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    shown = shared(inner.add_parser("list"))
    shown.add_argument("--open", action="store_true", help="only those not cleared")
    shown.set_defaults(run=run_list)
    ack = shared(inner.add_parser("ack", help="take an alert on until the end of your shift"))
    ack.add_argument("alert")
    ack.add_argument("--by", default="")
    ack.add_argument("--hours", type=hours, default=timedelta(hours=8))
    ack.add_argument("--note", default="")
    ack.set_defaults(run=run_ack)
    judge = shared(inner.add_parser("assess", help="what it turned out to be"))
    judge.add_argument("alert")
    judge.add_argument("assessment", choices=("true", "false", "exercise", "unclear"))
    judge.add_argument("--note", default="")
    judge.set_defaults(run=run_assess)
    mute = shared(inner.add_parser("silence", help="mute the mail about an indicator or feed; never the board"))
    mute.add_argument("subject", help="an indicator, a feed, or *")
    mute.add_argument("--hours", type=hours, required=True)
    mute.add_argument("--by", default="")
    mute.add_argument("--reason", required=True)
    mute.set_defaults(run=run_silence)
    trial = shared(inner.add_parser("test-mail", help="send one mail by the configured server"))
    trial.add_argument("address")
    trial.set_defaults(run=run_test_mail)


def subscribers_options(command: argparse.ArgumentParser) -> None:
    """`vedette subscribers`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    new = shared(inner.add_parser("add"))
    new.add_argument("address")
    new.add_argument("--minimum", choices=sorted(LEVELS), default="warning")
    new.add_argument("--indicator", action="append", default=[], help="only this indicator (may be repeated)")
    new.set_defaults(run=run_subscribe)
    everyone = shared(inner.add_parser("list"))
    everyone.set_defaults(run=run_subscribers)
    gone = shared(inner.add_parser("remove"))
    gone.add_argument("address")
    gone.set_defaults(run=run_unsubscribe)


def briefing_options(command: argparse.ArgumentParser) -> None:
    """`vedette briefing`."""
    weekly = shared(command)
    weekly.add_argument("--week", required=True, help="an ISO week: 2022-W51")
    weekly.add_argument("--out", type=Path, required=True, help="the folder to write into")
    weekly.add_argument("--format", default="html,png,pdf", help="html,png,pdf (HTML is always written)")
    weekly.set_defaults(run=run_briefing)


def _time(engine: Any) -> Any:
    with reading(engine) as connection:
        return heartbeat.product_time(connection, real_now=now())


def run_list(chosen: argparse.Namespace) -> None:
    """The alerts of the problem, latest first."""
    engine = database(chosen, create=False)
    with reading(engine) as connection:
        found = alerts.alerts(connection, settings(chosen).problem, as_of=_time(engine), only_open=chosen.open)
    table(
        [
            (
                one.alert_id,
                f"{one.raised_at:%Y-%m-%d %H:%M}",
                one.kind.value,
                one.subject,
                one.level,
                one.state.value,
                one.why,
            )
            for one in found
        ],
        ("alert", "raised (UTC)", "kind", "subject", "level", "state", "why"),
    )


def run_ack(chosen: argparse.Namespace) -> None:
    """Take an alert on."""
    engine = database(chosen, create=False)
    at = _time(engine)
    try:
        with writing(engine) as connection:
            one = alerts.acknowledge(
                connection,
                chosen.alert,
                by=chosen.by or getpass.getuser(),
                at=at,
                until=at + chosen.hours,
                note=chosen.note,
            )
    except alerts.AlertRefused as refused:
        raise Unusable(str(refused)) from refused
    print(f"{one.alert_id}: acknowledged by {one.acked_by} until {one.ack_until:%Y-%m-%d %H:%M} UTC")


def run_assess(chosen: argparse.Namespace) -> None:
    """Judge an alert afterwards."""
    engine = database(chosen, create=False)
    try:
        with writing(engine) as connection:
            alerts.assess(connection, chosen.alert, assessment=chosen.assessment, at=_time(engine), note=chosen.note)
    except alerts.AlertRefused as refused:
        raise Unusable(str(refused)) from refused
    print(f"{chosen.alert}: assessed as {chosen.assessment}")


def run_silence(chosen: argparse.Namespace) -> None:
    """Mute mail about a subject for a while."""
    book, engine = catalogue(chosen), database(chosen)
    at = _time(engine)
    if chosen.subject not in {"*", book.problem.id, *book.indicators, *registry(chosen)}:
        with reading(engine) as connection:
            # A replay's sources stand in no registry, but they can have raised an alert.
            raised = {one.subject for one in alerts.alerts(connection, book.problem.id, as_of=at)}
        if chosen.subject not in raised:
            raise Unusable(
                f"{chosen.subject}: no such indicator or feed; `vedette thresholds list` and `vedette feeds list` "
                "name them, * is all"
            )
    silence = Silence(
        silence_id=f"{chosen.subject}-{at:%Y%m%dT%H%M%S}",
        problem=book.problem.id,
        subject=chosen.subject,
        by=chosen.by or getpass.getuser(),
        reason=chosen.reason,
        starts_at=at,
        ends_at=at + chosen.hours,
    )
    try:
        with writing(engine) as connection:
            silences.add(connection, silence)
    except silences.SilenceRefused as refused:
        raise Unusable(str(refused)) from refused
    print(f"mail about {chosen.subject} is muted until {silence.ends_at:%Y-%m-%d %H:%M} UTC; the board is not")


def run_mail_server(chosen: argparse.Namespace) -> None:
    """Set the mail server, or show the one in force."""
    configured, engine = settings(chosen).mail, database(chosen)
    if chosen.host is None:
        with reading(engine) as connection:
            mail, last = mail_servers.effective(connection, configured), mail_servers.latest(connection)
    else:
        last = mail_servers.MailServer(
            host=chosen.host,
            port=chosen.port,
            security=chosen.security,
            username=chosen.username,
            sender=chosen.sender,
            by=chosen.by or getpass.getuser(),
            at=now(),
        )
        try:
            with writing(engine) as connection:
                mail = mail_servers.change(connection, last, configured)
        except mail_servers.MailServerRefused as refused:
            raise Unusable(str(refused)) from refused
    whose = f"set by {last.by}, {last.at:%Y-%m-%d %H:%M} UTC" if last and last.host else "from the settings"
    if mail.configured:
        print(f"{mail.host}:{mail.effective_port}, {mail.security}, sender {mail.sender} ({whose})")
    else:
        print(f"no mail server: nothing is mailed ({whose})")


def run_test_mail(chosen: argparse.Namespace) -> None:
    """Send one mail and say how it went."""
    from indicators.alerts import smtp

    with reading(database(chosen)) as connection:
        mail = mail_servers.effective(connection, settings(chosen).mail)
    trouble = smtp.send_test(mail, chosen.address, now=now())
    if trouble:
        raise Finding(trouble)
    print(f"one mail left for {chosen.address}")


def run_subscribe(chosen: argparse.Namespace) -> None:
    """Add a subscriber."""
    from indicators.settings import subscriber_wish

    wish = subscriber_wish(chosen.address, minimum=chosen.minimum, indicators=chosen.indicator)
    strange = sorted(set(chosen.indicator) - set(catalogue(chosen).indicators))
    if strange:
        raise Unusable(f"--indicator {', '.join(strange)}: no such indicator; `vedette thresholds list` names them")
    engine = database(chosen)
    subscriber = Subscriber(
        address=wish.address,
        problem=settings(chosen).problem,
        minimum=wish.minimum,
        indicators=wish.indicators,
    )
    with writing(engine) as connection:
        subscribers.add(connection, subscriber, by=getpass.getuser(), at=now())
    print(f"{subscriber.address}: mail from {subscriber.minimum.word} up")


def run_subscribers(chosen: argparse.Namespace) -> None:
    """Who gets mail, from the settings and from here."""
    with reading(database(chosen)) as connection:
        everyone = subscribers.everyone(connection, settings(chosen).configured_subscribers)
    table(
        [(one.address, one.problem, one.minimum.word, ", ".join(one.indicators) or "all") for one in everyone],
        ("address", "problem", "from", "indicators"),
    )


def run_unsubscribe(chosen: argparse.Namespace) -> None:
    """Strike a subscriber."""
    with writing(database(chosen)) as connection:
        gone = subscribers.remove(connection, chosen.address)
    if not gone:
        raise Finding(f"{chosen.address}: is no subscriber kept here; one in the settings file is removed there")
    print(f"{chosen.address}: struck")


def run_briefing(chosen: argparse.Namespace) -> None:
    """Write the weekly briefing and say what was written."""
    from indicators import briefing

    engine, book = database(chosen, create=False), catalogue(chosen)
    defaults = {name: indicator.thresholds for name, indicator in book.indicators.items()}
    try:
        written = briefing.write_week(
            engine,
            book,
            week=chosen.week,
            out=chosen.out,
            formats=tuple(part.strip() for part in chosen.format.split(",") if part.strip()),
            as_of=_time(engine),
            own=settings(chosen).deployment_thresholds(defaults),
        )
    except briefing.BriefingProblem as problem:
        raise Unusable(str(problem)) from problem
    for path in written.paths:
        print(path)
    for note in written.notes:
        print(f"note: {note}")
