"""The command line: a contract that scripts rely on. 0 done, 1 a finding or failure, 2 unusable arguments or input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

VERBS: Mapping[str, tuple[str, str]] = {
    "run": ("collection", "poller and dashboard together"),
    "poll": ("collection", "the poller alone"),
    "feeds": ("sources", "the registry of sources"),
    "parse": ("trying", "a document to items"),
    "ingest": ("collection", "items from an archive into the store"),
    "code": ("coding", "text to signals"),
    "catalogue": ("wording", "check it, explain a code, correct one, code again"),
    "levels": ("warning", "where the problem stands"),
    "events": ("happenings", "happenings, with their reports and origins"),
    "thresholds": ("warning", "the limits in force, and whose they are"),
    "detect": ("warning", "one detector over a count column"),
    "simulate": ("measuring", "what the rules are held to, measured on made-up series"),
    "labels": ("measuring", "past days that stay out of the baselines"),
    "replay": ("replaying", "the spine over archives, as of each day"),
    "backfill": ("replaying", "archives into a new database, so that its baselines are learned"),
    "validator": ("replaying", "which indicators tell attack from no attack"),
    "alerts": ("people", "list, acknowledge, assess, silence, try the mail"),
    "subscribers": ("people", "who gets mail"),
    "briefing": ("people", "the weekly product"),
    "db": ("operation", "the database: upgrade, backup, restore"),
    "doctor": ("operation", "is everything in order?"),
}
"""Every verb, the module of this package that carries it out, and what it does."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line; the usage, many lines long, is there for the asking."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.removeprefix('argument ')}; see `{self.prog} --help`\n")


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, with the options of `verb` alone; of every verb when none is named.

    A room is imported when its verb is called: `vedette --help` must not wait for the page server's libraries.
    """
    top = _Parser(
        prog="vedette",
        description="Indications and warning from public feeds: what is known, since when, how sure, what is blind.",
    )
    top.add_argument("--version", action="version", version=f"vedette {_version()}")
    verbs = top.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    for name, (room, help_) in VERBS.items():
        command = verbs.add_parser(name, help=help_)
        if verb in (None, name):
            getattr(import_module(f"{__name__}.{room}"), f"{name}_options")(command)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; expected trouble is one line on stderr, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser(next((word for word in given if not word.startswith("-")), "none")).parse_args(given)
    from indicators.cli.context import DONE, FAILED, UNUSABLE, Finding, Unusable, expected_trouble

    unusable: tuple[type[Exception], ...] = (Unusable, *expected_trouble())
    try:
        code = int(chosen.run(chosen) or DONE)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away: nothing more to say, and no fault of ours.
        _drop_output()
        code = FAILED
    except Finding as finding:
        code = _say(finding, FAILED)
    except unusable as trouble:
        code = _say(trouble, UNUSABLE)
    except OSError as error:
        # A full disk or a missing right where no room foresaw it; the reason is the system's own.
        code = _say(f"{error.filename or 'output'}: {error.strerror or error}; put that right and try again", FAILED)
        _drop_output()
    return code


def _say(trouble: object, code: int) -> int:
    print(f"vedette: {trouble}", file=sys.stderr)
    return code


def _drop_output() -> None:
    # What is still buffered goes nowhere, or the interpreter would complain about it on its way out.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version() -> str:
    try:
        return version("vedette")
    except PackageNotFoundError:
        return "(a plain checkout)"
