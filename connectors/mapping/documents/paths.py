"""Paths into a payload: ``scan.status.code`` reads ``code`` in ``status`` of the level ``scan``.

``key[0]`` is the first element of a list, ``key[type=EDW]`` the first whose ``type`` is that text. A level is the
message itself or an element of a list below it. ``Texts`` compiles all fields of a document into one
function that reads them into a row; ``value_getter`` compiles a single path. Text is stripped, numbers become text,
and null, empty text and missing keys are None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

Levels = tuple[Any, ...]
Row = Sequence[str | None]
JOINED = " + "
Value = Callable[[Levels], Any]


def chosen(value: Any, key: str) -> Any:
    """Return the element of a list that ``key`` chooses by what stands in its brackets, else the value itself."""
    name, found, choice = key.removesuffix("]").partition("[")
    del name
    if not found or value.__class__ is not list:
        return value if not found or "=" not in choice else _if_it_is(value, choice)
    if "=" not in choice:
        return value[0] if value else None
    return next((one for one in value if _if_it_is(one, choice) is not None), None)


def _if_it_is(value: Any, choice: str) -> Any:
    key, _, wanted = choice.partition("=")
    return value if isinstance(value, dict) and str(value.get(key, "")).strip() == wanted else None


def bare(key: str) -> str:
    """Return a key without what it chooses."""
    return key.partition("[")[0]


class BadPath(ValueError):
    """A path of a ``carrier.yaml`` starts with an unknown level, has an empty part, or names no field."""


def contract_broken(path: str, expected: str, found: object) -> Reject:
    """Return a Reject ``contract_broken``: the value at ``path`` is not of the ``expected`` type."""
    kind = {"dict": "an object", "list": "a list", "NoneType": "nothing"}.get(type(found).__name__)
    return Reject(RejectReason.CONTRACT_BROKEN, f"{path}: {expected} is due, {kind or repr(found)[:60]} is there", path)


def split(path: str, levels: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """Split a path into the index of its level and the keys below it. Raises BadPath."""
    level, *keys = path.split(".")
    if level not in levels:
        raise BadPath(f"{path!r} starts with {level!r}; it must start with one of {', '.join(levels)}")
    if not all(keys):
        raise BadPath(f"{path!r} has an empty part")
    return levels.index(level), tuple(keys)


def as_text(value: Any, path: str) -> str | None:
    """Return a scalar as text, None for null and empty values. Raises Reject ``contract_broken`` for others."""
    if value is None:
        return None
    if value.__class__ is str:
        return value.strip() or None
    if value.__class__ is bool:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not value:
        return None
    raise contract_broken(path, "a text", value)


def as_object(value: Any, path: str) -> dict[str, Any]:
    """Return a JSON object; an empty one for a missing or empty value. Raises Reject ``contract_broken`` otherwise."""
    if value.__class__ is dict:
        return value
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return {}
    raise contract_broken(path, "an object", value)


class _Concatenated(tuple[int, ...]):
    """Slots whose texts are concatenated."""


class Texts:
    """Collects the fields of a document. Call ``slot``, ``slots`` and ``first``, then ``reader`` once at the end."""

    def __init__(self, levels: Sequence[str]) -> None:
        self.levels = levels
        self._cells: dict[str | tuple[int, ...], int] = {}

    def slot(self, path: str) -> int:
        """Return the index in the row of the text at ``path``. Raises BadPath."""
        if JOINED in path:
            concatenated = _Concatenated(map(self.slot, path.split(JOINED)))
            return self._cells.setdefault(concatenated, len(self._cells))
        _, keys = split(path, self.levels)
        if not keys:
            raise BadPath(f"{path!r} names a level, not a field of it")
        return self._cells.setdefault(path, len(self._cells))

    def slots(self, paths: str | Sequence[str] | None) -> tuple[int, ...]:
        """Return the slots of one path or several. Raises BadPath."""
        return tuple(map(self.slot, [paths] if isinstance(paths, str) else paths or ()))

    def first(self, paths: str | Sequence[str] | None) -> int:
        """Return the slot of the first of these texts that is present; without paths, a slot that is always None."""
        slots = self.slots(paths)
        return slots[0] if len(slots) == 1 else self._cells.setdefault(slots, len(self._cells))

    def slots_above(self, level: int) -> tuple[int, ...]:
        """Return the slots of the texts that stand above this level."""
        return tuple(
            slot for cell, slot in self._cells.items() if isinstance(cell, str) and split(cell, self.levels)[0] < level
        )

    def reader(self) -> Callable[[Levels], Row]:
        """Compile a function from levels to a row of all texts; it raises Reject ``contract_broken`` for other types.

        The function is generated as source, so that reading a scan costs one lookup per field and no calls.
        """
        lines = ["def read(at):"]
        objects: dict[tuple[int, tuple[str, ...]], str] = {}
        names: dict[str, Any] = {"as_text": as_text, "as_object": as_object, "chosen": chosen}
        for cell, number in self._cells.items():
            text = f"t{number}"
            if isinstance(cell, str):
                lines += self._fetched(cell, text, objects, lines)
            elif isinstance(cell, _Concatenated):
                all_present = " and ".join(f"t{slot} is not None" for slot in cell)
                lines.append(f"    {text} = {' + '.join(f't{slot}' for slot in cell)} if {all_present} else None")
            else:
                lines.append(f"    {text} = {' or '.join(f't{slot}' for slot in cell) or None}")
        row = ", ".join(f"t{number}" for number in self._cells.values())
        lines.append(f"    return ({row}{',' if row else ''})")
        exec(compile("\n".join(lines), "<paths of a carrier.yaml>", "exec"), names)
        read: Callable[[Levels], Row] = names["read"]
        return read

    def _fetched(
        self, path: str, text: str, objects: dict[tuple[int, tuple[str, ...]], str], lines: list[str]
    ) -> list[str]:
        level, keys = split(path, self.levels)
        holder = self._holder(level, keys[:-1], path, objects, lines)
        chosen_one = [f"    {text} = chosen({text}, {keys[-1]!r})"] if "[" in keys[-1] else []
        return [
            f"    {text} = {holder}.get({bare(keys[-1])!r})",
            *chosen_one,
            f"    if {text}.__class__ is str: {text} = {text}.strip() or None",
            f"    elif {text} is not None: {text} = as_text({text}, {path!r})",
        ]

    def _holder(
        self, level: int, keys: tuple[str, ...], path: str,
        objects: dict[tuple[int, tuple[str, ...]], str], lines: list[str],
    ) -> str:
        known = objects.get((level, keys))
        if known is not None:
            return known
        name = objects[level, keys] = f"o{len(objects)}"
        if not keys:
            lines.append(f"    {name} = at[{level}]")
            return name
        outer = self._holder(level, keys[:-1], path, objects, lines)
        lines.append(f"    {name} = {outer}.get({bare(keys[-1])!r})")
        if "[" in keys[-1]:
            lines.append(f"    {name} = chosen({name}, {keys[-1]!r})")
        lines += [
            f"    if {name}.__class__ is not dict: {name} = as_object({name}, {path!r})",
        ]
        return name


def value_getter(path: str, levels: Sequence[str]) -> Value:
    """Compile a path to a function that returns the value there, or None if it is missing. Raises BadPath."""
    level, keys = split(path, levels)

    def get(at: Levels) -> Any:
        value = at[level]
        for key in keys:
            value = (value if value.__class__ is dict else as_object(value, path)).get(bare(key))
            if "[" in key:
                value = chosen(value, key)
        return value

    return get


def texts_below(value: Any, keys: Sequence[str]) -> Iterator[str]:
    """Yield every scalar below ``keys`` as text with single blanks, descending through lists. Never raises."""
    for holder in holders_below(value, keys):
        if holder is not None and not isinstance(holder, dict):
            text = str(holder).lower() if holder.__class__ is bool else " ".join(str(holder).split())
            if text:
                yield text


def holders_below(value: Any, keys: Sequence[str]) -> Iterator[Any]:
    """Yield every object or scalar below ``keys``, descending through lists. Never raises."""
    if isinstance(value, list):
        for item in value:
            yield from holders_below(item, keys)
    elif not keys:
        yield value
    elif isinstance(value, dict):
        inner = value.get(bare(keys[0]))
        yield from holders_below(chosen(inner, keys[0]) if "[" in keys[0] else inner, keys[1:])
