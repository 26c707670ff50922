"""Alerts: what crossed a line, who has taken it on, what was mailed, what is muted."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage
from html import escape

import streamlit as st

from indicators.charts.board import chip, moment
from indicators.charts.theme import DARK, Mark
from indicators.model.alert import Alert, AlertKind, AlertState, Silence
from indicators.model.level import Level, WatchCondition
from indicators.pages import frame, reading
from indicators.pages.views import AlertsView
from indicators.store.mail_servers import MailServer

SHIFT_HOURS = 12
HEADERS = ("From", "To", "Subject", "Date", "Message-ID")


def page() -> None:
    """The alert desk."""
    as_of = frame.chosen_moment()
    problem = reading.problem_id()
    pulse = reading.pulse()
    title, picker = st.columns([6, 1.6], vertical_alignment="center")
    title.html('<div class="v-bar"><b>Alerts</b><span>A silence mutes mail, never the board</span></div>')
    with picker:
        frame.moment_picker(pulse, as_of)

    @st.fragment(run_every=frame.refresh(pulse, as_of))
    def live() -> None:
        view = reading.alert_desk(problem, as_of)
        st.html("".join(frame.notices(view.pulse, as_of)) or "<span></span>")
        summary(view)

    live()
    view = reading.alert_desk(problem, as_of)
    desk, mail, who = st.tabs(["Open and history", "Mail", "Silences and subscribers"])
    with desk:
        open_alerts(view)
        history(view)
    with mail:
        mails(view)
    with who:
        left, right = st.columns(2, gap="large")
        with left:
            silences(problem, view)
        with right:
            subscribers(problem, view)
            mail_settings(view)


def summary(view: AlertsView) -> None:
    """The numbers of the desk."""
    raised = [alert for alert in view.alerts if alert.state is AlertState.RAISED]
    taken = [alert for alert in view.alerts if alert.state is AlertState.ACKNOWLEDGED]
    dead = [mail for mail in view.mails if mail.state.value == "dead"]
    waiting = [mail for mail in view.mails if mail.state.value == "waiting"]
    cells = (
        ("Open", str(len(raised)), "nobody has taken them on"),
        ("Acknowledged", str(len(taken)), "until the shift ends"),
        ("Mails waiting", str(len(waiting)), "tried again by themselves"),
        ("Mails refused for good", str(len(dead)), "someone must look" if dead else "none"),
        ("Silences running", str(len(view.silences)), "mail only; the board shows all"),
    )
    st.html(frame.numbers(cells))


def mark_of(alert: Alert) -> Mark:
    """How an alert's level is shown."""
    match alert.kind:
        case AlertKind.CONDITION:
            return DARK.condition(WatchCondition(alert.level))
        case AlertKind.FEED:
            return DARK.blind
        case AlertKind.INDICATOR:
            return DARK.level(Level(alert.level))


def word_of(alert: Alert) -> str:
    """The level of an alert in words."""
    match alert.kind:
        case AlertKind.CONDITION:
            return f"condition {alert.level} {WatchCondition(alert.level).word}"
        case AlertKind.FEED:
            return "source lost"
        case AlertKind.INDICATOR:
            return Level(alert.level).word


def subject_of(alert: Alert, view: AlertsView) -> str:
    """What an alert is about, linked where there is a page for it."""
    name = escape(view.names.get(alert.subject, alert.subject))
    if alert.kind is not AlertKind.INDICATOR:
        return name
    where = frame.address("indicator", view.as_of if view.pinned else None, id=alert.subject)
    return f'<a class="v-out" href="{escape(where)}" target="_self">{name}</a>'


def open_alerts(view: AlertsView) -> None:
    """What still needs a person."""
    waiting = [alert for alert in view.alerts if alert.state is not AlertState.CLEARED]
    frame.heading("Open alerts", f"as of {moment(view.as_of)}")
    if not waiting:
        frame.quiet("No alert is open. That says nothing of what could not be seen: look at Feeds.", panel=True)
        return
    for alert in waiting:
        with st.container(border=True):
            told, act = st.columns([4, 1], vertical_alignment="center")
            taken = ""
            if alert.state is AlertState.ACKNOWLEDGED:
                until = f"acknowledged by {escape(alert.acked_by)} until {moment(alert.ack_until)}"
                taken = f'<span class="v-tag">{until}</span>'
            limit = f" · {alert.count} against a limit of {alert.threshold}" if alert.threshold else ""
            note = f"<br><i>{escape(alert.note)}</i>" if alert.note else ""
            told.html(
                f'<div class="v v-text">{chip(mark_of(alert), word_of(alert))} <b>{subject_of(alert, view)}</b>{taken}'
                f"<br>{escape(alert.why)}{limit}{note}<br><small>raised {moment(alert.raised_at)}</small></div>"
            )
            with act:
                acknowledge_form(alert, view)


def acknowledge_form(alert: Alert, view: AlertsView) -> None:
    """Take an alert on until the shift ends."""
    label = "Acknowledge" if alert.state is AlertState.RAISED else "Acknowledged"
    with st.popover(label, width="stretch", disabled=view.pinned), st.form(f"ack_{alert.alert_id}", border=False):
        by = st.text_input("Your name", value=frame.officer(), key=f"ack_by_{alert.alert_id}", max_chars=80)
        hours = st.number_input("For hours", 1, 24, SHIFT_HOURS, key=f"ack_for_{alert.alert_id}")
        note = st.text_input("Note", key=f"ack_note_{alert.alert_id}", max_chars=300)
        if st.form_submit_button("Acknowledge", type="primary", width="stretch"):
            if not by.strip():
                st.error("Give your name: an acknowledgement is a person's.")
                return
            st.session_state["officer"] = by.strip()
            until = view.pulse.acting_at + timedelta(hours=int(hours))
            try:
                reading.acknowledge(
                    alert.alert_id, by=by.strip(), at=view.pulse.acting_at, until=until, note=note.strip()
                )
            except reading.Unreadable as line:
                st.error(str(line))
                return
            st.rerun()


def history(view: AlertsView) -> None:
    """What was raised and how it ended."""
    done = [alert for alert in view.alerts if alert.state is AlertState.CLEARED]
    frame.heading("History", f"{len(done)} cleared")
    if not done:
        return
    rows = "".join(
        f"<tr><td>{moment(alert.raised_at)}</td><td>{chip(mark_of(alert), word_of(alert))}</td>"
        f"<td>{subject_of(alert, view)}</td><td>{escape(alert.why)}</td><td>{moment(alert.cleared_at)}</td>"
        f"<td>{escape(alert.acked_by) or '–'}</td><td>{escape(alert.assessment) or '–'}</td></tr>"
        for alert in done[:100]
    )
    st.html(frame.table(("Raised", "Level", "About", "Why", "Cleared", "Acknowledged by", "Assessed"), rows))
    if len(done) > 100:
        frame.quiet(f"{len(done) - 100} earlier ones: <code>vedette alerts list</code>.")


def mails(view: AlertsView) -> None:
    """What was sent, what waits, and in a replay what was caught."""
    if view.pulse.replay:
        frame.heading("Caught mail", "a replay mails nobody: these were caught on this machine")
        if not view.caught:
            frame.quiet("No mail has been caught yet.", panel=True)
        for caught in view.caught[:40]:
            with st.expander(f"{moment(caught.dated_at)} · {caught.subject}"):
                st.html(message(caught.content))
        if len(view.caught) > 40:
            frame.quiet(f"and {len(view.caught) - 40} earlier ones")
    frame.heading("Outbox", "a mail keeps its identity over every retry")
    if not view.mails:
        frame.quiet("Nothing has been queued.", panel=True)
        return
    rows = "".join(
        f"<tr><td>{moment(mail.queued_at)}</td><td>{escape(mail.state.value)}</td><td>{escape(mail.recipient)}</td>"
        f"<td>{escape(mail.subject)}</td><td>{mail.tries}</td><td>{escape(mail.error) or '–'}</td></tr>"
        for mail in view.mails[:100]
    )
    st.html(frame.table(("Queued", "State", "To", "Subject", "Tries", "Trouble"), rows))


def message(content: bytes) -> str:
    """A mail's head and plain text; its HTML is shown as nothing but text, since it may quote anyone."""
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    head = "".join(f"<b>{name}</b> {escape(str(parsed.get(name, '')))}<br>" for name in HEADERS)
    return f'<div class="v v-text">{head}</div><div class="v-mail">{escape(plain_text(parsed))}</div>'


def plain_text(parsed: EmailMessage | email.message.Message) -> str:
    """The readable part of a mail."""
    body = parsed.get_body(preferencelist=("plain", "html")) if isinstance(parsed, EmailMessage) else None
    if body is None:
        return "This mail has no readable text."
    try:
        return str(body.get_content())
    except (LookupError, UnicodeDecodeError) as problem:
        return f"This mail's text cannot be decoded: {problem}"


def silences(problem: str, view: AlertsView) -> None:
    """What is muted, until when, by whom."""
    frame.heading("Silences", "every silence has an end and a reason")
    for silence in view.silences:
        told, act = st.columns([4, 1], vertical_alignment="center")
        subject = "everything" if silence.subject == "*" else view.names.get(silence.subject, silence.subject)
        told.html(
            f'<div class="v v-text"><b>{escape(subject)}</b> until {moment(silence.ends_at)}<br>'
            f"<small>{escape(silence.by)}: {escape(silence.reason)}</small></div>"
        )
        if act.button("End now", key=f"end_{silence.silence_id}", disabled=view.pinned, width="stretch"):
            reading.end_silence(silence.silence_id, at=view.pulse.acting_at)
            st.rerun()
    with st.form("silence", border=True):
        options = ["*", *(name for name in view.names if name != problem)]
        subject = st.selectbox(
            "Mute mail about", options, format_func=lambda one: "everything" if one == "*" else view.names[one]
        )
        hours = st.number_input("For hours", 1, 168, 4)
        by = st.text_input("Your name", value=frame.officer(), key="silence_by", max_chars=80)
        reason = st.text_input("Reason", key="silence_reason", max_chars=300)
        if st.form_submit_button("Mute", disabled=view.pinned):
            if not by.strip() or not reason.strip() or subject is None:
                st.error("Give your name and a reason: a silence without them is forgotten.")
                return
            at = view.pulse.acting_at
            try:
                reading.add_silence(
                    Silence(
                        silence_id=reading.new_id(),
                        problem=problem,
                        subject=subject,
                        by=by.strip(),
                        reason=reason.strip(),
                        starts_at=at,
                        ends_at=at + timedelta(hours=int(hours)),
                    )
                )
            except reading.Unreadable as line:
                st.error(str(line))
                return
            st.rerun()


def subscribers(problem: str, view: AlertsView) -> None:
    """Who gets mail."""
    frame.heading("Subscribers", "those of the settings file are changed there")
    own = {one.address for one in view.subscribers}
    rows = "".join(
        f"<tr><td>{escape(one.address)}</td><td>{one.minimum.word} and above</td>"
        f"<td>{escape(', '.join(view.names.get(name, name) for name in one.indicators)) or 'all'}</td>"
        f"<td>{'this page' if one.address in own else 'settings file'}</td></tr>"
        for one in [*view.subscribers, *(one for one in view.configured if one.address not in own)]
    )
    if rows:
        st.html(frame.table(("Address", "From", "Indicators", "Kept in"), rows))
    else:
        frame.quiet("Nobody gets mail yet.", panel=True)
    add, strike = st.columns(2)
    with add, st.form("subscribe", border=True, clear_on_submit=True):
        address = st.text_input("Address", key="subscribe_address", max_chars=254)
        minimum = st.selectbox("From level", [level for level in Level if level], format_func=lambda level: level.word)
        chosen = st.multiselect(
            "Only these indicators",
            [name for name in view.names if name != problem],
            format_func=lambda one: view.names[one],
        )
        if st.form_submit_button("Subscribe", disabled=view.pinned) and minimum is not None:
            by = frame.officer() or "a person at the page"
            try:
                reading.subscribe(
                    address.strip(), minimum=minimum, indicators=chosen, problem=problem, by=by, at=view.pulse.acting_at
                )
            except reading.Unreadable as line:
                st.error(str(line))
                return
            st.rerun()
    with strike:
        gone = st.selectbox("Strike", sorted(own), index=None, placeholder="an address kept here")
        if st.button("Unsubscribe", disabled=view.pinned or gone is None) and gone is not None:
            reading.unsubscribe(gone)
            st.rerun()


def mail_settings(view: AlertsView) -> None:
    """How mail leaves, without secrets; a form to change it, and a test."""
    frame.heading("Mail server", "a password stays in the settings file or VEDETTE_SMTP_PASSWORD")
    rows = "".join(f"<tr><td>{escape(key)}</td><td>{escape(value)}</td></tr>" for key, value in view.mail_settings)
    st.html(frame.table((), rows))
    with st.form("mail_server", border=True):
        host, port = st.columns([3, 1])
        name = host.text_input("Server", placeholder="empty: as in the settings file", max_chars=253)
        number = port.number_input("Port (0: usual)", 0, 65535, 0)
        security = st.selectbox("Security", ("starttls", "tls", "none"))
        sender = st.text_input("Sender", placeholder="vedette@example.org", max_chars=254)
        username = st.text_input("User name, where it asks for one", max_chars=254)
        by = st.text_input("Your name", value=frame.officer(), key="server_by", max_chars=80)
        if st.form_submit_button("Set mail server", disabled=view.pinned):
            if not by.strip():
                st.error("Give your name: people will ask who changed it.")
                return
            try:
                reading.set_mail_server(
                    MailServer(
                        host=name.strip(),
                        port=int(number),
                        security=str(security),
                        username=username.strip(),
                        sender=sender.strip(),
                        by=by.strip(),
                        at=view.pulse.acting_at,
                    )
                )
            except reading.Unreadable as line:
                st.error(str(line))
                return
            st.rerun()
    with st.form("test_mail", border=True):
        address = st.text_input("Send a test mail to", key="test_address", max_chars=254)
        ready = len(view.mail_settings) > 1 and not view.pinned
        if st.form_submit_button("Send", disabled=not ready):
            try:
                trouble = reading.send_test_mail(address.strip())
            except reading.Unreadable as line:
                trouble = str(line)
            if trouble:
                st.error(trouble)
            else:
                st.success(f"One mail left for {address.strip()}.")
