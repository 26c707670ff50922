"""`python -m indicators.catalogue [FOLDER]`: every problem of a catalogue, one a line; exit 1 when there is one."""

from __future__ import annotations

import sys
from pathlib import Path

from indicators.catalogue.load import check


def main(arguments: list[str]) -> int:
    """Print what is wrong under the folder; 0 when nothing is."""
    found = check(Path(arguments[0]) if arguments else Path("data"))
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    sys.stdout.write(f"{len(found)} problems\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
