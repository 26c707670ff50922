"""The mail server that people set."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from feeds.database import open_engine
from indicators import store
from indicators.settings import MailSettings
from indicators.store import mail_servers, reading, writing
from indicators.store.mail_servers import MailServer, MailServerRefused

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)
FILE = MailSettings(host="mail.example.org", sender="watch@example.org", password=SecretStr("from the environment"))


@pytest.fixture
def engine(tmp_path) -> Engine:
    opened = open_engine(f"sqlite:///{tmp_path / 'mail.db'}")
    store.upgrade(opened)
    return opened


def a_server(**more) -> MailServer:
    return MailServer(
        **{"host": "relay.example.org", "sender": "vedette@example.org", "by": "N. N.", "at": NOON, **more}
    )


def test_without_a_change_the_settings_hold(engine):
    """Until somebody sets a server, mail leaves as the settings file says."""
    with reading(engine) as connection:
        assert mail_servers.effective(connection, FILE) == FILE
        assert mail_servers.latest(connection) is None


def test_the_last_change_is_in_force_with_the_settings_password(engine):
    """The last change wins; the password it needs comes from the settings and is kept nowhere else."""
    with writing(engine) as connection:
        mail_servers.change(connection, a_server(), FILE)
        mail_servers.change(connection, a_server(host="other.example.org", username="vedette"), FILE)
    with reading(engine) as connection:
        mail = mail_servers.effective(connection, FILE)
    assert (mail.host, mail.username, mail.password.get_secret_value()) == (
        "other.example.org",
        "vedette",
        "from the environment",
    )
    assert "password" not in mail_servers.mail_servers.c


def test_an_empty_host_returns_to_the_settings(engine):
    """Setting no host gives the settings file its say back."""
    with writing(engine) as connection:
        mail_servers.change(connection, a_server(), FILE)
        mail_servers.change(connection, a_server(host=""), FILE)
    with reading(engine) as connection:
        assert mail_servers.effective(connection, FILE) == FILE


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sender": ""}, "no sender"),
        ({"sender": "nobody"}, "no mail address"),
        ({"username": "x", "security": "none"}, "in the clear"),
        ({"port": 99999}, "port"),
    ],
)
def test_a_server_that_cannot_work_is_refused_and_not_kept(engine, wrong, words):
    """A fault is one line with the remedy, and what was in force stays in force."""
    with pytest.raises(MailServerRefused, match=words) as raised, writing(engine) as connection:
        mail_servers.change(connection, a_server(**wrong), FILE)
    assert "\n" not in str(raised.value)
    with reading(engine) as connection:
        assert mail_servers.latest(connection) is None
