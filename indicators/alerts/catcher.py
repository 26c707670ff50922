"""A mail server on this machine alone, for replays: what it takes is kept to be read, and goes to nobody."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.policy import default
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

LOOPBACK = "127.0.0.1"
LARGEST = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One mail as it was handed over."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    dated_at: datetime | None
    """The mail's own date: in a replay, the replay's clock."""
    content: bytes


class Catcher:
    """Takes mail on a free loopback port and hands each one to `keep`, until it is stopped.

    A mail that cannot be kept is answered with 'try again', so that its sender keeps it.
    """

    def __init__(self, keep: Callable[[Caught], None]) -> None:
        self._keep = keep
        self._controller: _OnFreePort | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._controller is None:
            raise RuntimeError("the mail catcher is not started; call start() or use it in a with statement")
        return int(self._controller.port)

    def start(self) -> int:
        """Listen, and say on which port."""
        if self._controller is None:
            controller = _OnFreePort(_Handler(self._keep), hostname=LOOPBACK, data_size_limit=LARGEST)
            controller.start()
            self._controller = controller
        return self.port

    def stop(self) -> None:
        """Stop listening; stopping twice is as good as once."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Catcher:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _OnFreePort(Controller):
    """The system chooses the port, and the socket is ours before anyone is told of it: no race for a free one."""

    def __init__(self, handler: Any, **options: Any) -> None:
        self._socket = socket.create_server((LOOPBACK, 0))
        super().__init__(handler, port=self._socket.getsockname()[1], **options)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._socket, ssl=self.ssl_context)


class _Handler:
    def __init__(self, keep: Callable[[Caught], None]) -> None:
        self._keep = keep

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- its name there
        raw = envelope.original_content or b""
        try:
            self._keep(read(raw, sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos)))
        except Exception as trouble:  # noqa: BLE001 -- whatever hinders keeping it, the sender must hold on to it
            return f"451 cannot be kept now: {type(trouble).__name__}"
        return "250 kept"


def read(raw: bytes, *, sender: str, recipients: tuple[str, ...]) -> Caught:
    """What a mail's bytes say, however odd they are."""
    mail = message_from_bytes(raw, policy=default)
    try:
        dated = parsedate_to_datetime(str(mail["Date"]))
        dated_at = dated.astimezone(UTC) if dated.tzinfo is not None else dated.replace(tzinfo=UTC)
    except (TypeError, ValueError, HeaderParseError):
        dated_at = None
    return Caught(
        sender=sender,
        recipients=recipients,
        subject=str(mail["Subject"] or ""),
        message_id=str(mail["Message-ID"] or ""),
        dated_at=dated_at,
        content=raw,
    )
