"""The command line: a contract that scripts rely on. 0 done, 1 a finding or failure, 2 unusable arguments or input."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from indicators.cli import coding, collection, operation, people, warning
from indicators.cli.context import FAILED, UNUSABLE, Finding, Unusable, expected_trouble

ROOMS = (collection, coding, warning, people, operation)


def parser() -> argparse.ArgumentParser:
    """Every verb of the contract; each room adds its own."""
    top = argparse.ArgumentParser(
        prog="vedette",
        description="Indications and warning from public feeds: what is known, since when, how sure, what is blind.",
    )
    top.add_argument("--version", action="version", version=f"vedette {version('vedette')}")
    verbs = top.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    for room in ROOMS:
        room.add_to(verbs)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; expected trouble is one line on stderr, never a traceback."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen) or 0)
    except Finding as finding:
        print(f"vedette: {finding}", file=sys.stderr)
        return FAILED
    except Unusable as unusable:
        print(f"vedette: {unusable}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:
        # The reader of our output went away: nothing more to say, and no fault of ours.
        sys.stderr.close()
        return FAILED
    except KeyboardInterrupt:
        return 130
    except expected_trouble() as trouble:
        print(f"vedette: {trouble}", file=sys.stderr)
        return UNUSABLE
