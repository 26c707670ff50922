"""What one hostile document may cost: the claim that every test of hostility makes, in one place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

WORK_S = 6.0
"""Seconds of computing, on any machine that a watch floor would use."""


@contextmanager
def bounded_work() -> Iterator[None]:
    """What is done inside costs this process less than a hostile document may."""
    began = time.process_time()
    yield
    spent = time.process_time() - began
    assert spent < WORK_S, f"{spent:.1f} s of computing"
