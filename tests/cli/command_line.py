"""The command line as a person meets it: run in this process, with its exit code and both of its streams."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indicators.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@contextlib.contextmanager
def environment(**variables: str | None) -> Iterator[None]:
    """These environment variables, and afterwards those of before; None takes one away."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def vedette(*words: str | Path) -> Answer:
    """Run one command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([str(word) for word in words])
        except SystemExit as gone:
            code = int(gone.code or 0)
    return Answer(code=code, out=out.getvalue(), err=err.getvalue())


def an_archive(path: Path, *rows: Mapping[str, Any]) -> Path:
    """A packed archive of these rows; what a row leaves out is filled in."""
    whole = [
        {"title": f"Nothing much, part {number}", "text": "", "lang": "en", "url": f"https://a.example/{number}"} | row
        for number, row in enumerate(rows)
    ]
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in whole)
    return path
