"""A bounded cache of computed values, such as encoded texts and ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MOST_REMEMBERED = 20_000
LONGEST_REMEMBERED = 200


class Memory(dict[Any, Any]):
    """Caches the results (texts or bytes) of ``made`` by its argument; long results are not cached. A full cache is
    emptied, except for ``always``."""

    def __init__(self, made: Callable[[Any], Any], always: Mapping[Any, Any] | None = None) -> None:
        self._made = made
        self._always = always or {}
        super().__init__(self._always)

    def __missing__(self, value: Any) -> Any:
        made = self._made(value)
        if len(made) > LONGEST_REMEMBERED:
            return made
        if len(self) >= MOST_REMEMBERED:
            self.clear()
            self.update(self._always)
        self[value] = made
        return made
