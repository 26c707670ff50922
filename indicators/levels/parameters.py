"""Parameters as people write them, read as the type their detector declares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args, get_type_hints

import numpy as np

from indicators.levels.history import ParameterError


def read_options(method: str, options: type[Any], params: Mapping[str, Any]) -> Any:
    """A detector's options with these values, text or not, for the defaults; `ParameterError` for the unusable."""
    hints = get_type_hints(options)
    known = {field.name: field.default for field in fields(options) if field.default is not MISSING}
    values: dict[str, Any] = {}
    for key, value in params.items():
        if key not in known:
            raise ParameterError(f"{method}: no parameter {key!r}; use one of {', '.join(known)}")
        try:
            values[key] = _read(value, known[key], get_args(hints[key]))
        except (ValueError, TypeError, KeyError) as trouble:
            raise ParameterError(
                f"{method}: {key}={value!r} cannot be used; write it like {_like(known[key])}"
            ) from trouble
    _check(method, {**known, **values})
    return options(**values)


def _read(value: Any, default: Any, choices: tuple[Any, ...]) -> Any:
    """The value as its parameter's type; text comes from the command line."""
    if isinstance(default, str):
        found = {str(choice).lower(): choice for choice in choices}.get(str(value).lower())
        if found is None:
            raise ValueError(value)
        return found
    if isinstance(default, bool):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).lower()]
    if isinstance(default, tuple):
        parts = re.findall(r"-?\d+", value) if isinstance(value, str) else list(value)
        if len(parts) != len(default):
            raise ValueError(value)
        return tuple(int(part) for part in parts)
    number = float(value)
    if isinstance(default, int):
        if number != int(number):
            raise ValueError(value)
        return int(number)
    return number


def _like(default: Any) -> str:
    return json.dumps(list(default)) if isinstance(default, tuple) else str(default).lower()


_SHARES = ("alpha", "p_threshold_trend", "hit", "share", "chance", "out_of_turn")
_ONE_OR_MORE = ("baseline", "frequency", "b", "no_periods", "within", "at_least", "reference", "memory", "cycles")


def _check(method: str, values: Mapping[str, Any]) -> None:
    """Values no formula can use, refused by name."""
    for key, value in values.items():
        if isinstance(value, (bool, str, tuple)):
            continue
        if not np.isfinite(value) or value < 0:
            raise ParameterError(f"{method}: {key}={value} is out of range; use 0 or more")
        if key in _SHARES and not 0 < value <= 1:
            raise ParameterError(f"{method}: {key}={value} is out of range; use a probability above 0 and up to 1")
        if key in _ONE_OR_MORE and value < 1:
            raise ParameterError(f"{method}: {key}={value} is out of range; use 1 or more")
    if values.get("baseline", 2) < 2:
        raise ParameterError(f"{method}: baseline={values['baseline']} is out of range; a spread needs 2 days or more")
    if values.get("ratio", 2.0) <= 1:
        raise ParameterError(f"{method}: ratio={values['ratio']} is out of range; growth is more than 1")
