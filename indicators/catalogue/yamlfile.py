"""YAML files with the line of every key: read by the C parser, checked by pydantic, every problem kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from indicators.catalogue.problems import CatalogueProblem
from indicators.catalogue.schema import Door

Shape = TypeVar("Shape", bound=Door)
_STRING = "tag:yaml.org,2002:str"
_PLAIN = (_STRING, "tag:yaml.org,2002:value")
_Fastest: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fastest):  # type: ignore[misc]
    """The safe loader, which asks of a value only whether it is a string; most values are."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        """The tag of a node that names none."""
        if kind is yaml.ScalarNode and value and (not implicit[0] or value[0] not in self.yaml_implicit_resolvers):
            return _STRING
        tag: str = super().resolve(kind, value, implicit)
        return tag

    def descend_resolver(self, current_node: yaml.Node | None, current_index: Any) -> None:
        """Nothing is told of a value by where it stands."""

    def ascend_resolver(self) -> None:
        """Nothing is told of a value by where it stands."""


Path = tuple[Any, "str | int"] | tuple[()]
"""Where a value stands: the way to what holds it, and its key or place there."""


class YamlFile:
    """One parsed file: its nodes give lines, its plain values go through the door."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.problems: list[CatalogueProblem] = []
        self.root: yaml.Node | None = None
        try:
            self.root = _Loader(content).get_single_node()
        except (yaml.YAMLError, UnicodeDecodeError) as trouble:
            mark = getattr(trouble, "problem_mark", None) or getattr(trouble, "context_mark", None)
            line = mark.line + 1 if mark is not None else 1
            what = getattr(trouble, "problem", None) or getattr(trouble, "reason", None) or "cannot be read"
            self.problems.append(
                CatalogueProblem(
                    file=name,
                    line=line,
                    key="(file)",
                    message=f"this is no YAML: {what}",
                    remedy="mend the line or the one above it",
                )
            )

    def read(self, shape: type[Shape]) -> Shape | None:
        """The file as `shape`, or None with the problems noted."""
        if self.problems:
            return None
        if not isinstance(self.root, yaml.MappingNode):
            keys = ", ".join(shape.model_fields)
            self.add((), "the file holds no keys", f"write keys such as {keys}")
            return None
        value = self._plain(self.root, ())
        if self.problems:
            return None
        try:
            return shape.model_validate(value)
        except ValidationError as trouble:
            for error in trouble.errors(include_url=False):
                self._from_pydantic(error, shape)
            return None

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the value at `path`, or of the nearest thing above it."""
        node = self.root
        line = 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next(
                    ((key, value) for key, value in node.value if getattr(key, "value", None) == str(step)), None
                )
                if pair is None:
                    continue
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
        return line

    def add(self, path: Sequence[str | int], message: str, remedy: str) -> None:
        """Note a problem at `path`."""
        key = ".".join(str(step) for step in path) or "(file)"
        self.problems.append(
            CatalogueProblem(file=self.name, line=self.line(path), key=key, message=message, remedy=remedy)
        )

    def _from_pydantic(self, error: Any, shape: type[Door]) -> None:
        path = tuple(error["loc"])
        kind = error["type"]
        shown = repr(error.get("input"))
        shown = shown if len(shown) < 60 else shown[:57] + "..."
        if kind == "extra_forbidden":
            self.add(path, "this key is not known here", _nearest(str(path[-1]), path, shape))
        elif kind == "missing":
            self.add(path, "this key is missing", "add it")
        elif kind == "value_error":
            message, _, remedy = str(error["ctx"]["error"]).partition(": ")
            self.add(path, message, remedy or "mend the value")
        else:
            self.add(path, f"{shown} does not fit", error["msg"][:1].lower() + error["msg"][1:])

    def _plain(self, node: yaml.Node, path: Path) -> Any:
        """The value of a node; what stands at `path` is named only where something is wrong with it."""
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag in _PLAIN else self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [
                child.value
                if child.tag == _STRING and isinstance(child, yaml.ScalarNode)
                else self._plain(child, (path, place))
                for place, child in enumerate(node.value)
            ]
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if name in mapping:
                self.add(_steps((path, name)), "this key stands twice", "keep one of the two")
            mapping[name] = (
                value.value
                if value.tag == _STRING and isinstance(value, yaml.ScalarNode)
                else self._plain(value, (path, name))
            )
        return mapping

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:  # noqa: PLR0911 - one return a tag
        kind = node.tag.rpartition(":")[2]
        text = node.value
        try:
            if kind == "int":
                return (
                    int(text.replace("_", ""), 0)
                    if not text.lstrip("+-").startswith("0") or text in ("0", "00")
                    else int(text)
                )
            if kind == "float":
                return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return text
        if kind == "bool":
            # A bare yes, no or on is a word of the language here, unless the value is a truth.
            return {"true": True, "false": False}.get(text.lower(), text)
        if kind == "null":
            return None
        if kind in ("timestamp", "merge"):
            return text
        self.add(_steps(path), f"the tag {node.tag} is not known here", "write a plain value")
        return text


def _steps(path: Path) -> list[str | int]:
    """A path from the top, of one that leads there from its end."""
    steps: list[str | int] = []
    while path:
        path, step = path
        steps.append(step)
    return steps[::-1]


def _nearest(key: str, path: tuple[str | int, ...], shape: type[Door]) -> str:
    """The remedy for an unknown key: the known ones of that place, where they can be told."""
    import difflib

    fields: set[str] = set()
    pending: list[Any] = [shape]
    seen: set[int] = set()
    while pending:
        kind = pending.pop()
        if id(kind) in seen:
            continue
        seen.add(id(kind))
        if isinstance(kind, type) and issubclass(kind, Door):
            fields |= {field.alias or name for name, field in kind.model_fields.items()}
            pending += [field.annotation for field in kind.model_fields.values()]
        pending += list(getattr(kind, "__args__", ()))
    close = difflib.get_close_matches(key, sorted(fields), n=1)
    return f"did you mean {close[0]}?" if close else "take it out, or see indicators/catalogue/README.md"
