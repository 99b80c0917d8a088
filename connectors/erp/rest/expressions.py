"""Expressions and templates of a declaration: Jinja in its sandbox, over plain values.

An expression stands bare (``status == 200``); in texts it stands in ``{{ }}``. A text that is one expression alone
keeps the type of its value, so that bodies are built of values and never of pieces of JSON. In a path every value is
percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import quote

from jinja2 import ChainableUndefined, StrictUndefined, Template, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment

from connectors.erp.rest.filters import FILTERS, BadValue

_WHOLE = re.compile(r"\s*\{\{((?:(?!\{\{|\}\}).)*)\}\}\s*", re.DOTALL)
_PLAIN = (str, int, float, bool, list, dict, type(None))
_FAULTS = (
    UndefinedError, SecurityError, BadValue, TypeError, ValueError, KeyError, IndexError, ArithmeticError,
    RecursionError,
)
CACHED = 4_096
Context = Mapping[str, Any]


class BadExpression(ValueError):
    """An expression cannot be read, or names something that is not there; the text says what."""


class NoValue(Exception):
    """An expression has no value for what it was given; the text says why."""


class Placeholder:
    """Stands for a value that only an answer will bring; shows itself as the path to it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"<{self.path}>"

    def __iter__(self) -> Iterator[Placeholder]:
        yield Placeholder(f"{self.path}[...]")


class _Sandbox(SandboxedEnvironment):
    """A dictionary's fields are its keys alone, whatever they are called: ``json.items`` is no method."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._of(obj, attribute) if isinstance(obj, dict | Placeholder) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._of(obj, argument) if isinstance(obj, dict | Placeholder) else super().getitem(obj, argument)

    def _of(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Placeholder):
            return Placeholder(f"{obj.path}.{name}" if isinstance(name, str) else f"{obj.path}[{name}]")
        try:
            return obj[name]
        except (KeyError, TypeError):
            return self.undefined(obj=obj, name=name)


def _environment(undefined: type[Undefined], **more: Any) -> _Sandbox:
    made = _Sandbox(undefined=undefined, autoescape=False, keep_trailing_newline=True, **more)
    made.filters.update(FILTERS)
    return made


def _in_url(value: Any) -> str:
    if value is None or isinstance(value, Undefined):
        raise NoValue("a value that is to stand in the path is missing")
    return quote(str(value), safe="<>" if isinstance(value, Placeholder) else "")


_READING = _environment(ChainableUndefined)
_WRITING = _environment(StrictUndefined)
_URL = _environment(StrictUndefined, finalize=_in_url)


class Expression:
    """One expression over an answer or an item. What is missing in it is None."""

    def __init__(self, source: str, known: Collection[str], *, strict: bool = False) -> None:
        """``known``: the names it may use. ``strict``: what is missing is a fault. Raises BadExpression."""
        self.source = source
        _check("{{" + source + "}}", known)
        try:
            self._compiled = _expression(source, strict)
        except TemplateSyntaxError as error:
            raise BadExpression(f"cannot be read: {error.message}") from None

    def value(self, context: Context) -> Any:
        """The value. Raises NoValue."""
        try:
            found = self._compiled(**context)
            if isinstance(found, Undefined):
                _missing(found)
            return list(found) if isinstance(found, Iterator) else found
        except _FAULTS as error:
            raise NoValue(f"{self.source.strip()}: {error}") from error

    @property
    def written(self) -> str:
        """The expression as it stands in a text."""
        return "{{" + self.source + "}}"

    def holds(self, context: Context) -> bool:
        """Whether it is true. Raises NoValue."""
        return bool(self.value(context))


class Text:
    """A text with expressions in it."""

    def __init__(self, source: str, known: Collection[str], *, url: bool = False) -> None:
        """``url``: values are percent-encoded. Raises BadExpression."""
        self.source = source
        _check(source, known)
        self._template = _template(source, url)

    @property
    def written(self) -> str:
        """The text as it is declared."""
        return self.source

    def shown(self, context: Context) -> str:
        """The text with its values; as it is written where one is missing."""
        try:
            return self.value(context)
        except NoValue:
            return self.source

    def value(self, context: Context) -> str:
        """The text with its values. Raises NoValue."""
        try:
            return self._template.render(**context)
        except _FAULTS as error:
            raise NoValue(f"{self.source.strip()}: {error}") from error


class Structure:
    """Values, lists and objects whose texts may be expressions. An object of ``for_each`` and ``give``, and perhaps
    ``when``, is a list: what ``give`` makes of each item of the expression ``for_each``, as ``each``."""

    def __init__(self, source: Any, known: Collection[str]) -> None:
        """Raises BadExpression, its text beginning with the place inside."""
        self._made = _made(source, known, "")

    def value(self, context: Context) -> Any:
        """The same structure with its values. Raises NoValue."""
        return _value(self._made, context)

    def shown(self, context: Context) -> Any:
        """The same structure with the values there are; an expression without one stands as it is written."""
        return _shown(self._made, context)


class _Repeated:
    def __init__(self, source: dict[str, Any], known: Collection[str], where: str) -> None:
        self._items = Expression(str(source["for_each"]), known)
        self._when = Expression(str(source["when"]), {*known, "each"}) if "when" in source else None
        self._give = _made(source["give"], {*known, "each"}, f"{where}.give")

    @property
    def written(self) -> str:
        """The text that stands for it where it has no value."""
        return f"one for each of {self._items.source}"

    def value(self, context: Context) -> list[Any]:
        """The items that ``when`` holds for. Raises NoValue."""
        items = self._items.value(context)
        if not isinstance(items, list | Placeholder | None):
            raise NoValue(f"{self._items.source}: a list is due, {type(items).__name__} is there")
        each = [{**context, "each": one} for one in items or ()]
        return [_value(self._give, one) for one in each if self._when is None or self._when.holds(one)]


def _made(source: Any, known: Collection[str], where: str) -> Any:
    if isinstance(source, dict) and {"for_each", "give"} <= source.keys() <= {"for_each", "give", "when"}:
        return _Repeated(source, known, where)
    if isinstance(source, dict):
        return {str(key): _made(one, known, f"{where}.{key}") for key, one in source.items()}
    if isinstance(source, list):
        return [_made(one, known, f"{where}.{index}") for index, one in enumerate(source)]
    if not isinstance(source, _PLAIN):
        raise BadExpression(f"{where.lstrip('.')}: {source} is no value of JSON; put it in quotes")
    if not isinstance(source, str) or "{" not in source:
        return source
    try:
        whole = _WHOLE.fullmatch(source)
        return Text(source, known) if whole is None else Expression(whole[1], known, strict=True)
    except BadExpression as error:
        raise BadExpression(f"{where.lstrip('.')}: {error}" if where else str(error)) from None


def _value(made: Any, context: Context) -> Any:
    if isinstance(made, dict):
        return {key: _value(one, context) for key, one in made.items()}
    if isinstance(made, list):
        return [_value(one, context) for one in made]
    if isinstance(made, _Repeated):
        return made.value(context)
    if not isinstance(made, Expression | Text):
        return made
    found = made.value(context)
    if isinstance(found, Placeholder):
        return str(found)
    _check_plain(found, made.source.strip())
    return found


def _shown(made: Any, context: Context) -> Any:
    if isinstance(made, dict):
        return {key: _shown(one, context) for key, one in made.items()}
    if isinstance(made, list):
        return [_shown(one, context) for one in made]
    try:
        return _value(made, context)
    except NoValue:
        return made.written


def _check_plain(value: Any, source: str) -> None:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _check_plain(one, source)
    elif not isinstance(value, _PLAIN):
        raise NoValue(f"{source}: {type(value).__name__} is no value of JSON")


def _missing(found: Undefined) -> NoReturn:
    found._fail_with_undefined_error()
    raise AssertionError


@lru_cache(CACHED)
def _expression(source: str, strict: bool) -> Callable[..., Any]:
    return (_WRITING if strict else _READING).compile_expression(source, undefined_to_none=not strict)


@lru_cache(CACHED)
def _template(source: str, url: bool) -> Template:
    return (_URL if url else _WRITING).from_string(source)


@lru_cache(CACHED)
def _names(source: str) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The names a template uses, and the fields it takes of them."""
    parsed = _READING.parse(source)
    fields = {
        (node.node.name, node.attr) for node in parsed.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name)
    }
    return frozenset(find_undeclared_variables(parsed)), frozenset(fields)


def _check(source: str, known: Collection[str]) -> None:
    """Raise BadExpression for what cannot be parsed, and for names that are not known."""
    try:
        names, fields = _names(source)
    except TemplateSyntaxError as error:
        raise BadExpression(f"cannot be read: {error.message}") from None
    unknown = sorted(names - {one.partition(".")[0] for one in known})
    if unknown:
        there = ", ".join(sorted({one.partition(".")[0] for one in known}))
        raise BadExpression(f"{unknown[0]!r} is not known here; there is {there}")
    have: dict[str, set[str]] = {}
    for one in known:
        name, dot, field = one.partition(".")
        if dot:
            have.setdefault(name, set()).add(field)
    for name, field in sorted(fields):
        if name in have and field not in have[name]:
            raise BadExpression(f"{name}.{field} is not known; {name} has {', '.join(sorted(have[name]))}")
