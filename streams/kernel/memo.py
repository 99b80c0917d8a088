"""Bounded caches of computed values, such as encoded texts and ids. None keeps a long text, whoever sent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

MOST_REMEMBERED = 20_000
LONGEST_REMEMBERED = 200
"""Characters or bytes of what is looked up, and of what is found."""
P = ParamSpec("P")
R = TypeVar("R")
_SIZED = (str, bytes)


class Memory(dict[Any, Any]):
    """Caches the results (texts or bytes) of ``made`` by its argument; long ones are not cached. A full cache is
    emptied, except for ``always``."""

    def __init__(self, made: Callable[[Any], Any], always: Mapping[Any, Any] | None = None) -> None:
        self._made = made
        self._always = always or {}
        super().__init__(self._always)

    def __missing__(self, value: Any) -> Any:
        made = self._made(value)
        if len(made) > LONGEST_REMEMBERED or (value.__class__ in _SIZED and len(value) > LONGEST_REMEMBERED):
            return made
        if len(self) >= MOST_REMEMBERED:
            self.clear()
            self.update(self._always)
        self[value] = made
        return made


def is_short(*texts: object) -> bool:
    """Whether these texts may be remembered: together they have at most ``LONGEST_REMEMBERED`` characters or bytes.
    What is no text counts nothing."""
    return sum(len(text) for text in texts if isinstance(text, str | bytes)) <= LONGEST_REMEMBERED


def remembered(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache the ``most`` last results of a function by its arguments, unless these are long texts."""

    def caching(function: Callable[P, R]) -> Callable[P, R]:
        cached: Callable[P, R] = lru_cache(maxsize=most)(function)  # type: ignore[assignment]

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for one in args:
                if one.__class__ in _SIZED and len(one) > LONGEST_REMEMBERED:
                    return function(*args, **kwargs)
            return cached(*args, **kwargs)

        return call

    return caching

