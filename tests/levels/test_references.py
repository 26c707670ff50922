"""Every EARS and Farrington case of the shared reference set, made with R's surveillance 1.20.3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from indicators.levels.detector import run

SHARED = Path(__file__).parents[3] / "shared" / "detection"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SHARED.exists(), reason="shared data absent"),
]
MANIFEST: dict[str, Any] = json.loads((SHARED / "manifest.json").read_text()) if SHARED.exists() else {"cases": {}}
NAMES = {
    "method": "variant",
    "minSigma": "min_sigma",
    "weightsThreshold": "weights_threshold",
    "pThresholdTrend": "p_threshold_trend",
    "powertrans": "power",
    "noPeriods": "no_periods",
    "pastWeeksNotIncluded": "past_weeks_not_included",
    "thresholdMethod": "threshold_method",
    "populationOffset": "population_offset",
}
LEFT_OUT = {"range", "glmWarnings"}


def cases(detector: str) -> list[str]:
    """The names of a detector's cases."""
    return [name for name, case in MANIFEST["cases"].items() if case["detector"] == detector]


def answered(name: str, method: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What we say of a case, and what R said."""
    case = MANIFEST["cases"][name]
    params = {NAMES.get(key, key): value for key, value in case["params"].items() if key not in LEFT_OUT}
    if method == "farrington":
        params["frequency"] = MANIFEST["series"][case["series"]]["freq"]
    frame = pd.read_csv(SHARED / "series" / f"{case['series']}.csv")
    first, last = case["params"].get("range", (None, None))
    return run(method, frame, params, first=first, last=last), pd.read_csv(SHARED / "reference" / f"{name}.csv")


def numbers(column: pd.Series) -> np.ndarray[Any, Any]:
    """A column as floats, NaN where empty."""
    return column.to_numpy(dtype=float, na_value=np.nan)


@pytest.mark.parametrize("name", cases("earsC"))
def test_ears_equals_the_reference(name: str) -> None:
    """Rows, alarms and empty alarms are equal, limits within 1e-8."""
    ours, theirs = answered(name, "ears")
    assert ours["index"].tolist() == theirs["index"].tolist()
    np.testing.assert_array_equal(numbers(ours["alarm"]), numbers(theirs["alarm"]))
    np.testing.assert_allclose(ours["upperbound"], theirs["upperbound"], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", cases("farringtonFlexible"))
def test_farrington_equals_the_reference(name: str) -> None:
    """Rows and alarms are equal; limits, expected counts and p-values within 1e-8."""
    ours, theirs = answered(name, "farrington")
    assert ours["index"].tolist() == theirs["index"].tolist()
    np.testing.assert_array_equal(numbers(ours["alarm"]), numbers(theirs["alarm"]))
    for column in ("upperbound", "expected", "pvalue"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-8, atol=1e-9)
