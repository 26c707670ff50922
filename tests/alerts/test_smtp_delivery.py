"""Mail through real servers: what they answer is taken for what it is, and nothing leaves twice."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_servers import DAY, NOON, Relay, a_certificate, a_mail, login, password

from indicators.alerts import outbox, smtp
from indicators.alerts.catcher import Catcher, Caught
from indicators.alerts.smtp import Verdict
from indicators.model.alert import Mail, MailState
from indicators.settings import MailSettings


@dataclass
class Shelf:
    """An outbox in memory."""

    mails: dict[str, Mail] = field(default_factory=dict)

    def claim(self, *, now: datetime, limit: int) -> list[Mail]:
        """What is due."""
        due = [m for m in self.mails.values() if m.state is MailState.WAITING and m.next_try_at <= now]
        return due[:limit]

    def record(self, mails: Iterable[Mail]) -> None:
        self.mails |= {mail.message_id: mail for mail in mails}


def a_shelf(*mails: Mail) -> Shelf:
    """An outbox with these mails in it."""
    return Shelf({mail.message_id: mail for mail in mails})


def a_closed_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def test_a_batch_goes_in_one_session() -> None:
    """Several mails to several people cost one connection, and each arrives as it was written."""
    mails = [a_mail(f"officer{n}@example.org") for n in range(5)]
    with Relay() as relay:
        receipts = smtp.send(relay.settings(), mails)
    assert {receipt.verdict for receipt in receipts} == {Verdict.SENT}
    assert relay.recipients == [mail.recipient for mail in mails]
    assert len(relay.sessions) == 1
    assert relay.raw == [mail.content for mail in mails]


def test_starttls_with_login_and_a_self_made_certificate(tmp_path: Path) -> None:
    """With its certificate named as trusted, a relay of one's own is spoken to encrypted and logged in to."""
    certificate, context = a_certificate(tmp_path)
    options = {"tls_context": context, "require_starttls": True, "authenticator": login, "auth_required": True}
    with Relay(options=options) as relay:
        settings = relay.settings(
            security="starttls", ca_file=certificate, username="officer", password=password("geheim")
        )
        assert smtp.send(settings, [a_mail()])[0].verdict is Verdict.SENT
        untrusting = relay.settings(security="starttls", username="officer", password=password("geheim"))
        (receipt,) = smtp.send(untrusting, [a_mail()])
        assert receipt.verdict is Verdict.DEFERRED
        assert "certificate cannot be trusted" in receipt.detail
        assert "mail.ca_file" in receipt.detail
        assert len(relay.taken) == 1


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    """A trusted certificate for another host does not open the way."""
    certificate, context = a_certificate(tmp_path, "DNS:elsewhere.example.org")
    with Relay(options={"tls_context": context, "require_starttls": True}) as relay:
        (receipt,) = smtp.send(relay.settings(security="starttls", ca_file=certificate), [a_mail()])
    assert "certificate cannot be trusted" in receipt.detail
    assert relay.taken == []


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    """`security = "tls"` speaks to a server that never speaks in the clear."""
    certificate, context = a_certificate(tmp_path)
    with Relay(options={"ssl_context": context}) as relay:
        (receipt,) = smtp.send(relay.settings(security="tls", ca_file=certificate), [a_mail()])
    assert receipt.verdict is Verdict.SENT
    assert len(relay.taken) == 1


def test_a_server_without_starttls_gets_nothing() -> None:
    """Mail never falls back to the clear by itself."""
    with Relay() as relay:
        (receipt,) = smtp.send(relay.settings(security="starttls"), [a_mail()])
    assert receipt.verdict is Verdict.DEFERRED
    assert "does not offer STARTTLS" in receipt.detail
    assert relay.taken == []


def test_a_wrong_password_defers(tmp_path: Path) -> None:
    """A login that fails is put right in the settings; the mails wait for it."""
    certificate, context = a_certificate(tmp_path)
    with Relay(options={"tls_context": context, "authenticator": login, "auth_required": True}) as relay:
        settings = relay.settings(security="starttls", ca_file=certificate, username="officer", password=password("no"))
        (receipt,) = smtp.send(settings, [a_mail()])
        assert (receipt.verdict, "VEDETTE_SMTP_PASSWORD" in receipt.detail) == (Verdict.DEFERRED, True)
        without = relay.settings(security="starttls", ca_file=certificate)
        assert smtp.send(without, [a_mail()])[0].verdict is Verdict.DEFERRED


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("451 4.7.1 greylisted", Verdict.DEFERRED),
        ("452 4.2.2 mailbox full", Verdict.DEFERRED),
        ("550 5.1.1 no such user", Verdict.DEAD),
        ("554 5.7.1 refused", Verdict.DEAD),
    ],
)
def test_a_refused_recipient_stops_only_its_own_mail(answer: str, verdict: Verdict) -> None:
    """'Try again' waits, 'never' is dead, and the other mails of the batch arrive."""
    mails = [a_mail("first@example.org"), a_mail("odd@example.org"), a_mail("last@example.org")]
    with Relay(answers={"odd@example.org": [answer]}) as relay:
        receipts = smtp.send(relay.settings(), mails)
    assert [receipt.verdict for receipt in receipts] == [Verdict.SENT, verdict, Verdict.SENT]
    assert answer in receipts[1].detail
    assert relay.recipients == ["first@example.org", "last@example.org"]


@pytest.mark.parametrize(("answer", "verdict"), [("452 disk full", Verdict.DEFERRED), ("554 spam", Verdict.DEAD)])
def test_a_refused_message_is_taken_at_its_word(answer: str, verdict: Verdict) -> None:
    """A refusal after the message itself counts like one of its recipient."""
    with Relay(data_answer=answer) as relay:
        (receipt,) = smtp.send(relay.settings(), [a_mail()])
    assert receipt.verdict is verdict


def test_a_server_that_hangs_up_loses_no_mail() -> None:
    """The mail under which a session died waits; those behind it get a session of their own."""
    mails = [a_mail("first@example.org"), a_mail("odd@example.org"), a_mail("last@example.org")]
    with Relay(answers={"odd@example.org": ["hang up"]}) as relay:
        receipts = smtp.send(relay.settings(), mails)
    assert [receipt.verdict for receipt in receipts] == [Verdict.SENT, Verdict.DEFERRED, Verdict.SENT]
    assert relay.recipients == ["first@example.org", "last@example.org"]


def test_a_refused_connection_defers_all() -> None:
    """A server that is down loses nothing: every mail waits, and the reason is one line."""
    settings = MailSettings(host="127.0.0.1", port=a_closed_port(), security="none", sender="v@example.org")
    receipts = smtp.send(settings, [a_mail("a@example.org"), a_mail("b@example.org")])
    assert [receipt.verdict for receipt in receipts] == [Verdict.DEFERRED] * 2
    assert all("connection refused" in receipt.detail and "\n" not in receipt.detail for receipt in receipts)


def test_a_silent_server_defers_in_time() -> None:
    """A server that takes the call and says nothing does not hold the poller up."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = int(mute.getsockname()[1])
        settings = MailSettings(host="127.0.0.1", port=port, security="none", sender="v@example.org", timeout="0.3s")
        (receipt,) = smtp.send(settings, [a_mail()])
    assert receipt.verdict is Verdict.DEFERRED


def test_a_deferred_mail_is_tried_again_later_and_arrives_once() -> None:
    """Greylisting: refused at first, sent half a minute later, and never again after that."""
    shelf = a_shelf(a_mail("grey@example.org"))
    with Relay(answers={"grey@example.org": ["451 later", "250 OK"]}) as relay:
        settings = relay.settings()
        first = outbox.deliver(shelf, settings, now=NOON)
        at_once = outbox.deliver(shelf, settings, now=NOON + timedelta(seconds=29))
        later = outbox.deliver(shelf, settings, now=NOON + timedelta(seconds=30))
        after = outbox.deliver(shelf, settings, now=NOON + DAY)
    assert (first.deferred, at_once, later.sent, after) == (1, outbox.Delivery(), 1, outbox.Delivery())
    (mail,) = shelf.mails.values()
    assert (mail.state, mail.tries, mail.sent_at) == (MailState.SENT, 2, NOON + timedelta(seconds=30))
    assert len(relay.taken) == 1
    assert relay.taken[0]["Message-ID"] == mail.message_id


def test_a_dead_mail_is_not_tried_again() -> None:
    """What a server refuses for good is kept for a person to look at, and bothers it no more."""
    shelf = a_shelf(a_mail("gone@example.org"))
    with Relay(answers={"gone@example.org": ["550 gone"]}) as relay:
        assert outbox.deliver(shelf, relay.settings(), now=NOON).dead == 1
        assert outbox.deliver(shelf, relay.settings(), now=NOON + DAY) == outbox.Delivery()
    assert "550 gone" in next(iter(shelf.mails.values())).error


def test_without_a_server_everything_waits() -> None:
    """An installation that mails nothing touches nothing in its outbox."""
    shelf = a_shelf(a_mail())
    assert outbox.deliver(shelf, MailSettings(), now=NOON) == outbox.Delivery()
    assert next(iter(shelf.mails.values())).tries == 0


@given(st.integers(1, 200))
def test_waits_double_up_to_an_hour(tries: int) -> None:
    """Each wait is as long as the one before or twice it, never over an hour."""
    before, now = outbox.wait(tries), outbox.wait(tries + 1)
    assert timedelta(seconds=30) <= before <= now <= timedelta(hours=1)
    assert now in (before, before * 2, timedelta(hours=1))


def test_a_mail_nobody_takes_is_given_up_at_last() -> None:
    """After three days of trying an alert is no news; it is shown as dead."""
    tired = replace(a_mail(), tries=outbox.GIVE_UP_AFTER - 1)
    receipt = smtp.Receipt(message_id=tired.message_id, verdict=Verdict.DEFERRED, detail="451 later")
    assert outbox.settled(tired, receipt, now=NOON).state is MailState.DEAD
    fresh = outbox.settled(a_mail(), receipt, now=NOON)
    assert (fresh.state, fresh.next_try_at) == (MailState.WAITING, NOON + timedelta(seconds=30))
    waited = sum((outbox.wait(n) for n in range(1, outbox.GIVE_UP_AFTER)), timedelta())
    assert timedelta(days=3) <= waited <= timedelta(days=4)


def test_the_test_mail_says_what_is_wrong() -> None:
    """`vedette alerts test-mail` sends one mail, or says in one line why not."""
    with Relay() as relay:
        assert smtp.send_test(relay.settings(), "officer@example.org", now=NOON) == ""
        assert relay.taken[0]["Subject"] == "[Vedette] Test mail"
    assert "no server is set" in smtp.send_test(MailSettings(), "officer@example.org", now=NOON)
    with Relay(answers={"officer@example.org": ["550 nobody"]}) as relay:
        assert "550 nobody" in smtp.send_test(relay.settings(), "officer@example.org", now=NOON)


def test_the_catcher_keeps_what_it_takes() -> None:
    """A replay's mail is kept with its own date, and a closing dot or a long line does not spoil it."""
    kept: list[Caught] = []
    odd = b"Date: Tue, 20 Dec 2022 14:00:00 +0200\r\nSubject: =?utf-8?b?0LfQsNC70LA=?=\r\n\r\n.\r\n..x\r\n"
    with Catcher(kept.append) as catcher:
        settings = MailSettings(host="127.0.0.1", port=catcher.port, security="none", sender="v@replay.invalid")
        receipts = smtp.send(settings, [replace(a_mail(), content=odd), replace(a_mail(), content=b"\r\nno head\r\n")])
        assert {receipt.verdict for receipt in receipts} == {Verdict.SENT}
    assert kept[0].content == odd
    assert (kept[0].dated_at, kept[0].subject) == (NOON, "зала")
    assert kept[0].recipients == ("officer@example.org",)
    assert (kept[1].dated_at, kept[1].subject) == (None, "")


def test_a_mail_that_cannot_be_kept_stays_with_its_sender() -> None:
    """When the database refuses, the catcher says 'try again' and the mail waits in the outbox."""

    def full(_mail: Caught) -> None:
        raise OSError("disk full")

    with Catcher(full) as catcher:
        settings = MailSettings(host="127.0.0.1", port=catcher.port, security="none", sender="v@replay.invalid")
        (receipt,) = smtp.send(settings, [a_mail()])
    assert receipt.verdict is Verdict.DEFERRED


def test_stopping_the_catcher_twice_is_harmless() -> None:
    """However a run ends, no server is left behind."""
    catcher = Catcher(lambda _mail: None)
    port = catcher.start()
    assert catcher.start() == port
    catcher.stop()
    catcher.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
