"""The mail server people set on the page or the command line: each change a row, with who and when.

A password is never kept here: it stays in the settings file or in VEDETTE_SMTP_PASSWORD.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import Column, Connection, Integer, String, Table, insert, select

from feeds.database import Instant, metadata
from indicators.settings import MailSettings

mail_servers = Table(
    "mail_servers",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("host", String, nullable=False),
    Column("port", Integer, nullable=False),
    Column("security", String, nullable=False),
    Column("username", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("set_by", String, nullable=False),
    Column("at", Instant, nullable=False),
)


class MailServerRefused(ValueError):
    """This mail server cannot be used; the line names the value and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """How mail leaves, as somebody set it. Without a host the settings file's own holds again."""

    host: str = ""
    port: int = 0
    security: str = "starttls"
    username: str = ""
    sender: str = ""
    by: str
    at: datetime


def change(connection: Connection, server: MailServer, configured: MailSettings) -> MailSettings:
    """Keep a change once it is known to make sense with what the settings hold; gives what is then in force."""
    in_force = over(server, configured)
    connection.execute(
        insert(mail_servers).values(
            host=server.host,
            port=server.port,
            security=server.security,
            username=server.username,
            sender=server.sender,
            set_by=server.by,
            at=server.at,
        )
    )
    return in_force


def latest(connection: Connection) -> MailServer | None:
    """The last change, or None when nobody ever made one."""
    row = connection.execute(select(mail_servers).order_by(mail_servers.c.seq.desc()).limit(1)).first()
    if row is None:
        return None
    return MailServer(
        host=row.host,
        port=row.port,
        security=row.security,
        username=row.username,
        sender=row.sender,
        by=row.set_by,
        at=row.at,
    )


def effective(connection: Connection, configured: MailSettings) -> MailSettings:
    """How mail leaves now: the last change where it names a host, else the settings file and the environment."""
    last = latest(connection)
    return configured if last is None else over(last, configured)


def over(server: MailServer, configured: MailSettings) -> MailSettings:
    """`server` with the password, certificates and patience of `configured`; or `MailServerRefused`."""
    if not server.host:
        return configured
    try:
        return MailSettings.model_validate(
            {
                "host": server.host,
                "port": server.port,
                "security": server.security,
                "username": server.username,
                "password": configured.password,
                "sender": server.sender,
                "ca_file": configured.ca_file,
                "timeout": configured.timeout,
            }
        )
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or server.host}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise MailServerRefused(f"mail server: {said}") from error
