"""Parsers that do to a worker what a hostile document may do."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from feeds.errors import ParseError
from feeds.parsing import Parsed


def parse(content: bytes, **_rest: Any) -> Any:  # noqa: PLR0912 - one branch a crime
    """What the document says to do."""
    match content:
        case b"spin":
            while True:
                pass
        case b"hang":
            time.sleep(60)
        case b"grow":
            return [bytearray(64 * 1024 * 1024) for _ in range(200)]
        case b"die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"exit":
            os._exit(3)
        case b"deep":
            return parse(b"deep", **_rest)
        case b"bad":
            raise ParseError("this is no feed; give another")
        case b"defect":
            raise KeyError("secret of the document")
        case b"chatter":
            print("noise" * 1000)
            sys.stdout.flush()
            os.write(1, b"more noise")
        case b"evil":
            return Evil()
        case b"secrets":
            return Parsed(title=",".join(sorted(os.environ)), entries=())
        case b"who":
            return Parsed(title=str(os.getpid()), entries=())
    return Parsed(title="ok", entries=())


class Evil:
    """What a worker that was taken over might send."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch /tmp/vedette-taken-over",))
