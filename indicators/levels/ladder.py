"""The ladder of watch conditions as configuration: every number of it can be set in a problem's YAML."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from indicators.levels.composite import Composite, IndexRule
from indicators.model.level import WatchCondition


class LadderProblems(ValueError):
    """Every fault of a `ladder:` mapping, one line each: key, value, remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """When a problem is recommended which condition.

    In problem.yaml, with these defaults (every key may be left out):

        ladder:
          active_within: 72h        # an indicator is active while its latest event is no older
          origins: 2                # independent origins that make an active indicator corroborated
          sufficiency_line: 20000   # troops reported inside the area
          force_families: [force_size, troop_move]   # whose quantities of `troops` are held against the line
          observable: 60%           # of the critical indicators; with less the condition does not step down
          down_after: 3d            # observed days below the entry rule before one step down
          interest: {supporting: 3, groups: 2, critical: 1, build_up: true}
          heightened: {critical: 1, supporting: 5, groups: 3}
          high: {critical: 3, groups: 2, force: true}
          imminent: {critical: 5, families: [command, medical, bridging], unless_eased: true, corroborated: 3}
          rhetoric_ceiling: 3       # the gravest condition that rhetoric alone can carry
          force_lasts: 28d          # a reported force stands so long, or until others count anew
          composites: []            # {name, of: [ids], at_watch: 3, at_warning: 2, within: 7d, required: [], veto: [],
                                    #  decisive: [], raises: interest}
          indices: []               # {name, weights: {id: 2}, raises: interest}

    `interest`: so many indicators at watch or above from so many groups; or so many critical ones active, corroborated
    or not; or a sustained build-up. `heightened`: so many critical ones active and corroborated; or so many at watch or
    above from so many groups. `high`: so many critical ones active in so many groups and, with `force`, the sufficiency
    line reached. `imminent`: so many critical ones active in as many groups as `high` asks for, one of them of these
    families, and, with `unless_eased`, no counter-indicator confirmed by a voice that is not official. `heightened` is
    needed for both; for `imminent` the rule of `high` is not, as nobody may have counted the force: what is dear and
    perishable is not brought forward for show. In place of the force so many of them must then be `corroborated`. A
    composite or an index that holds carries the problem to what it `raises`: interest or heightened, never higher.
    """

    active_within: timedelta = timedelta(hours=72)
    origins: int = 2
    sufficiency_line: float = 20_000
    force_families: tuple[str, ...] = ("force_size", "troop_move")
    observable: float = 0.6
    down_after: timedelta = timedelta(days=3)
    interest_supporting: int = 3
    interest_groups: int = 2
    interest_critical: int = 1
    interest_build_up: bool = True
    heightened_critical: int = 1
    heightened_supporting: int = 5
    heightened_groups: int = 3
    high_critical: int = 3
    high_groups: int = 2
    high_force: bool = True
    imminent_critical: int = 5
    imminent_families: tuple[str, ...] = ("command", "medical", "bridging")
    imminent_unless_eased: bool = True
    imminent_corroborated: int = 3
    force_lasts: timedelta = timedelta(days=28)
    composites: tuple[Composite, ...] = ()
    indices: tuple[IndexRule, ...] = ()
    rhetoric_ceiling: int = 3

    @classmethod
    def of(cls, mapping: Mapping[str, Any] | None, *, sufficiency_line: float | None = None) -> Ladder:
        """The ladder a problem's `ladder:` mapping describes, or every fault of it at once (`LadderProblems`).

        `sufficiency_line` is the problem's own; the mapping's wins where it has one.
        """
        problems: list[str] = []
        values: dict[str, Any] = {}
        if sufficiency_line is not None:
            values["sufficiency_line"] = float(sufficiency_line)
        if mapping is not None and not isinstance(mapping, Mapping):
            raise LadderProblems([f"ladder: {mapping!r} is no mapping; write keys and values"])
        for key, value in (mapping or {}).items():
            if key in _RUNGS:
                _rung(str(key), value, values, problems)
            elif key in _LISTS:
                _listed(str(key), value, values, problems)
            elif key in _KEYS:
                _value(str(key), str(key), value, values, problems)
            else:
                problems.append(_unknown(f"ladder.{key}", key, [*_KEYS, *_LISTS, *_RUNGS]))
        if problems:
            raise LadderProblems(problems)
        return cls(**values)


_RUNGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "interest": ("supporting", "groups", "critical", "build_up"),
        "heightened": ("critical", "supporting", "groups"),
        "high": ("critical", "groups", "force"),
        "imminent": ("critical", "families", "unless_eased", "corroborated"),
    }
)
_KEYS = tuple(
    field.name
    for field in fields(Ladder)
    if not field.name.startswith(tuple(f"{rung}_" for rung in _RUNGS)) and field.name not in ("composites", "indices")
)
_LISTS: Mapping[str, type[Composite] | type[IndexRule]] = MappingProxyType(
    {"composites": Composite, "indices": IndexRule}
)
_SPAN = re.compile(r"^\s*(\d+)\s*([hdw])\s*$")
_UNITS = MappingProxyType({"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)})


def _unknown(where: str, key: object, known: Iterable[str]) -> str:
    return f"{where}: unknown key {key!r}; use one of {', '.join(known)}"


def _rung(rung: str, value: Any, values: dict[str, Any], problems: list[str]) -> None:
    if not isinstance(value, Mapping):
        problems.append(f"ladder.{rung}: {value!r} is no mapping; write {{{': .., '.join(_RUNGS[rung])}: ..}}")
        return
    for key, inner in value.items():
        if key in _RUNGS[rung]:
            _value(f"{rung}.{key}", f"{rung}_{key}", inner, values, problems)
        else:
            problems.append(_unknown(f"ladder.{rung}.{key}", key, _RUNGS[rung]))


def _value(where: str, name: str, value: Any, values: dict[str, Any], problems: list[str]) -> None:
    default = getattr(_DEFAULT, name)
    try:
        values[name] = _READERS.get(name, _READERS[type(default).__name__])(value)
    except (ValueError, TypeError):
        problems.append(f"ladder.{where}: {value!r} cannot be used; write it like {_shown(default)}")


def _listed(key: str, value: Any, values: dict[str, Any], problems: list[str]) -> None:
    """The composites or indices of a list, each with the fields of its class."""
    shape = _LISTS[key]
    known = [one.name for one in fields(shape)]
    if not isinstance(value, Sequence) or isinstance(value, str):
        problems.append(f"ladder.{key}: {value!r} is no list; write one entry under another, each with `name:`")
        return
    found = []
    for number, entry in enumerate(value):
        where = f"ladder.{key}[{number}]"
        needs = ("name", "of") if shape is Composite else ("name", "weights")
        if not isinstance(entry, Mapping) or any(need not in entry for need in needs):
            problems.append(f"{where}: {entry!r} lacks {' or '.join(needs)}; write {{{', '.join(known)}}}")
            continue
        strange = [name for name in entry if name not in known]
        problems += [_unknown(f"{where}.{name}", name, known) for name in strange]
        try:
            found.append(shape(**{name: _FIELDS[name](given) for name, given in entry.items() if name in known}))
        except (ValueError, TypeError) as trouble:
            problems.append(f"{where}: cannot be used ({trouble}); write it like {{{', '.join(known)}}}")
    values[key] = tuple(found)


def _raises(value: Any) -> WatchCondition:
    found = {one.word.lower(): one for one in (WatchCondition.INTEREST, WatchCondition.HEIGHTENED)}.get(str(value))
    if found is None:
        raise ValueError(f"raises: {value!r} is neither interest nor heightened")
    return found


def _weights(value: Any) -> Mapping[str, float]:
    if not isinstance(value, Mapping) or not value:
        raise TypeError(f"weights: {value!r} is no mapping of indicators to numbers")
    return MappingProxyType({str(name): _number(weight) for name, weight in value.items()})


def _shown(default: Any) -> str:
    if isinstance(default, timedelta):
        return "72h or 3d"
    return "[" + ", ".join(default) + "]" if isinstance(default, tuple) else str(default).lower()


def _span(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _SPAN.match(str(value))
    if not found:
        raise ValueError(value)
    return int(found[1]) * _UNITS[found[2]]


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or value < 0:
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    number = float("nan") if isinstance(value, bool) else float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(value)
    return number


def _share(value: Any) -> float:
    number = _number(value.rstrip("% ")) / 100 if isinstance(value, str) and "%" in value else _number(value)
    if number > 1:
        raise ValueError(value)
    return number


def _condition(value: Any) -> int:
    return int(WatchCondition(_whole(value)))


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(name, str) for name in value):
        raise TypeError(value)
    return tuple(value)


_READERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "timedelta": _span,
        "int": _whole,
        "float": _number,
        "bool": _switch,
        "tuple": _names,
        "observable": _share,
        "rhetoric_ceiling": _condition,
    }
)
_FIELDS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "name": str,
        "of": _names,
        "at_watch": _whole,
        "at_warning": _whole,
        "within": _span,
        "required": _names,
        "veto": _names,
        "decisive": _names,
        "raises": _raises,
        "weights": _weights,
    }
)
_DEFAULT = Ladder()
