"""What is wrong with a catalogue, said all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CatalogueProblem:
    """One thing wrong in one file: where it stands, what was written there, and what to write instead."""

    file: str
    line: int
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.message}; {self.remedy}"


class CatalogueProblems(Exception):
    """Every problem of every file of a catalogue."""

    def __init__(self, problems: Iterable[CatalogueProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[CatalogueProblems], tuple[tuple[CatalogueProblem, ...]]]:
        return (type(self), (self.problems,))
