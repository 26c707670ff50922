"""The claims this room is held to, each measured: small here, in full with `vedette simulate`."""

from __future__ import annotations

import os

import pytest

from indicators.levels.trials import TRIALS

SERIES = 400 if os.environ.get("VEDETTE_BENCH") == "full" else 100


@pytest.mark.parametrize("name", TRIALS)
def test_the_claim_holds(name: str) -> None:
    """What must come of the trial's series came of them, and the figure says how nearly."""
    trial = TRIALS[name](SERIES)
    print(f"\n{trial.name}: {trial.figure}")
    assert trial.holds, f"{trial.claim}: {trial.figure}"
