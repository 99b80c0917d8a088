"""A declaration with its expressions compiled and its laws checked: nothing in it fails by its own fault later."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.erp.rest.declaration import Call, Declaration, KeyHeader, OAuth1, OAuth2, OrderSource
from connectors.erp.rest.declaration import Lookup as DeclaredLookup
from connectors.erp.rest.declaration import Rule as DeclaredRule
from connectors.erp.rest.expressions import BadExpression, Expression, Structure, Text
from connectors.erp.rest.loading import DeclarationError, Source, read
from streams.contracts.notices import ErpNotice
from streams.contracts.postings import ErpPosting, ProofOfDelivery
from streams.kernel.vocabulary import NoticeKind, PostingKind

ANSWER = ("status", "headers", "json")
POSTING = frozenset(f"posting.{name}" for name in ErpPosting.__struct_fields__)
PROOF = tuple(ProofOfDelivery.__struct_fields__)
PAGE = ("since", "offset", "limit")
KEY, NOTICE_KEY = "posting_id", "message_id"
"""Name the field of a posting, and of a notice, that is its idempotency key."""
NOTICE = frozenset(f"notice.{name}" for name in (*ErpNotice.__struct_fields__, NOTICE_KEY))
Where = Sequence[str | int]


@dataclass(frozen=True)
class Request:
    """One call, compiled."""

    call: Call
    path: Text
    query: Structure
    headers: Structure
    body: Structure | None
    unless: Expression | None
    if_match: Expression | None
    success: Expression
    refused: Expression
    reason: Expression
    checks: tuple[tuple[Expression, Text], ...]


@dataclass(frozen=True)
class Rule:
    """How one posting is made, and looked up."""

    requests: tuple[Request, ...]
    reference: Expression | None
    by_hand: str = ""
    lookup: Lookup | None = None


@dataclass(frozen=True)
class Lookup:
    """How a posting is looked up."""

    requests: tuple[Request, ...]
    found: Expression
    reference: Expression


@dataclass(frozen=True)
class Orders:
    """One source of orders."""

    declared: OrderSource
    requests: tuple[Request, ...]
    items: Expression
    given: dict[str, Expression]
    stamp: Expression
    order: Structure
    more: Expression | None
    next: Expression | None
    begin_ms: int


@dataclass(frozen=True)
class Compiled:
    """A whole declaration. ``rules``: by kind, and whether it reverses. ``ignored``: reasons by kind. ``notices``: by
    kind."""

    path: Path
    declared: Declaration
    headers: Structure
    unauthorised: Expression
    key: Text | None
    sign_on: Text | None
    rules: dict[tuple[PostingKind, bool], Rule]
    orders: dict[str, Orders]
    ignored: dict[PostingKind, str]
    notices: dict[NoticeKind, Rule]


def load(path: Path) -> Compiled:
    """Read, compile and check a declaration. Raises DeclarationError."""
    declared, source = read(path)
    return _Compiler(declared, source).whole()


class _Compiler:
    def __init__(self, declared: Declaration, source: Source) -> None:
        self._declared, self._source = declared, source
        self._values = frozenset({"values", *(f"values.{name}" for name in declared.values)})
        self._posting = self._values | POSTING | {"calls"}
        self._notice = self._values | NOTICE | {"calls"}

    def whole(self) -> Compiled:
        """The declaration, compiled. Raises DeclarationError."""
        declared = self._declared
        rules: dict[tuple[PostingKind, bool], Rule] = {}
        for kind, both in declared.postings.items():
            for which, rule in (("post", both.post), ("reverse", both.reverse)):
                rules[kind, which == "reverse"] = self._rule(
                    rule, ["postings", kind.value, which], self._posting, declared.lookup, []
                )
        key, sign_on = declared.idempotency, declared.authentication
        return Compiled(
            self._source.path, declared,
            self._structure(declared.headers, self._values, ["headers"]),
            self._expression(declared.answers.unauthorised, ANSWER, ["answers", "unauthorised"]),
            None if key is None else self._text(key.value, self._posting, ["idempotency", "value"]),
            self._sign_on(sign_on), rules,
            {name: self._orders(one, ["orders", name]) for name, one in declared.orders.items()},
            {one.kind: one.because for one in declared.ignored}, self._notices(),
        )

    def _notices(self) -> dict[NoticeKind, Rule]:
        declared = self._declared.notices
        return {} if declared is None else {
            kind: self._rule(rule, ["notices", "kinds", kind.value], self._notice, declared.lookup, ["notices"])
            for kind, rule in declared.kinds.items()
        }

    def _sign_on(self, how: Any) -> Text | None:
        where = ["authentication"]
        if isinstance(how, KeyHeader):
            names = ("key", "secret", "username", "password")
            return self._text(how.value, names, [*where, "value"])
        if isinstance(how, OAuth2):
            return self._text(how.token_url, self._values, [*where, "token_url"])
        return self._text(how.realm, self._values, [*where, "realm"]) if isinstance(how, OAuth1) else None

    def _rule(
        self, rule: DeclaredRule, where: Where, names: frozenset[str], for_all: DeclaredLookup | None, around: Where
    ) -> Rule:
        """``names``: those of what is written; ``for_all``: the lookup that rules share, in the part ``around``."""
        if rule.by_hand:
            return Rule((), None, rule.by_hand)
        what, key = ("notice", NOTICE_KEY) if names is self._notice else ("posting", KEY)
        requests = self._requests(rule.calls, names, where)
        lookup, looked_up = rule.lookup or for_all, [*(where if rule.lookup else around), "lookup"]
        if lookup is None:
            raise self._source.error(where, f"needs a lookup, of its own or for all {what}s")
        self._check_repeats(rule.calls, where, is_looked_up=not lookup.none)
        if not lookup.none and not self._carries_key(rule, key) and rule.lookup is None:
            raise self._source.error(
                [*where, "calls"], f"no writing call carries {what}.{key}, so the {what} could not be looked up"
            )
        assert rule.reference is not None
        reference = self._expression(rule.reference, names | _named(rule.calls), [*where, "reference"])
        return Rule(requests, reference, lookup=self._lookup(lookup, looked_up, names))

    def _lookup(self, declared: DeclaredLookup, where: Where, names: frozenset[str]) -> Lookup | None:
        if declared.none:
            return None
        known = names | _named(declared.calls)
        assert declared.found is not None
        assert declared.reference is not None
        return Lookup(
            self._requests(declared.calls, names, where),
            self._expression(declared.found, known, [*where, "found"]),
            self._expression(declared.reference, known, [*where, "reference"]),
        )

    def _orders(self, declared: OrderSource, where: Where) -> Orders:
        asked, named = self._values | {*PAGE, "calls"}, _named(declared.calls)
        item = self._values | {"item"} | named
        given = item | {f"given.{one}" for one in declared.given} if declared.given else item
        begin = self._expression(f"{declared.begin!r} | ms", (), [*where, "begin"])
        return Orders(
            declared, self._requests(declared.calls, asked, where),
            self._expression(declared.items, self._values | named, [*where, "items"]),
            {name: self._expression(one, given, [*where, "given", name]) for name, one in declared.given.items()},
            self._expression(declared.stamp, given, [*where, "stamp"]),
            self._structure(declared.order, given, [*where, "order"]),
            None if declared.more is None else self._expression(
                declared.more, self._values | {"limit"} | named, [*where, "more"]),
            None if declared.next is None else self._expression(
                declared.next, self._values | named, [*where, "next"]),
            int(begin.value({}) or 0),
        )

    def _requests(self, calls: Sequence[Call], known: Collection[str], where: Where) -> tuple[Request, ...]:
        made: list[Request] = []
        names: list[str] = []
        for index, call in enumerate(calls):
            here = [*where, "calls", index]
            if call.name in names:
                raise self._source.error([*here, "name"], f"{call.name} names two calls; give one another name")
            with_calls = {*known, *(f"calls.{name}" for name in names)} if names else {*known} - {"calls"}
            made.append(self._request(call, with_calls, here))
            names.append(call.name)
        return tuple(made)

    def _request(self, call: Call, known: Collection[str], where: Where) -> Request:
        after = {*known, *ANSWER}
        if call.path[:1] != "/" or call.path[:2] == "//":
            raise self._source.error([*where, "path"], "has to begin with one /: it is a path at the ERP's address")
        return Request(
            call, self._text(call.path, known, [*where, "path"], url=True),
            self._structure(call.query, known, [*where, "query"]),
            self._structure(call.headers, known, [*where, "headers"]),
            None if call.body is None else self._structure(call.body, known, [*where, "body"]),
            None if call.unless is None else self._expression(call.unless, known, [*where, "unless"]),
            None if call.if_match is None else self._expression(call.if_match, known, [*where, "if_match"]),
            self._answer(call, "success", after, where), self._answer(call, "refused", after, where),
            self._answer(call, "reason", after, where),
            tuple(
                (self._expression(one.that, after, [*where, "checks", index, "that"]),
                 self._text(one.otherwise, after, [*where, "checks", index, "otherwise"]))
                for index, one in enumerate(call.checks)
            ),
        )

    def _answer(self, call: Call, name: str, known: Collection[str], where: Where) -> Expression:
        own: str | None = getattr(call, name)
        source: str = own or getattr(self._declared.answers, name)
        return self._expression(source, known, [*where, name] if own else ["answers", name])

    def _check_repeats(self, calls: Sequence[Call], where: Where, *, is_looked_up: bool) -> None:
        """Each writing call but the last has to be safe done twice; the last one too where nothing is looked up."""
        writing = [index for index, call in enumerate(calls) if call.writes]
        covered = writing[-1:] if is_looked_up else []
        for index in writing:
            call = calls[index]
            if index not in covered and call.unless is None and not call.repeatable:
                raise self._source.error(
                    [*where, "calls", index],
                    "would be made again after a failure behind it: say `unless:` it was done, or `repeatable:` why"
                    " twice does no harm",
                )

    def _carries_key(self, rule: DeclaredRule, key: str) -> bool:
        return (key == KEY and self._declared.idempotency is not None) or any(
            key in text for call in rule.calls if call.writes for text in _texts(call)
        )

    def _expression(self, source: str, known: Collection[str], where: Where) -> Expression:
        try:
            return Expression(source, known)
        except BadExpression as error:
            raise self._source.error(where, str(error)) from None

    def _text(self, source: str, known: Collection[str], where: Where, *, url: bool = False) -> Text:
        try:
            return Text(source, known, url=url)
        except BadExpression as error:
            raise self._source.error(where, str(error)) from None

    def _structure(self, source: Any, known: Collection[str], where: Where) -> Structure:
        try:
            return Structure(source, known)
        except BadExpression as error:
            raise self._source.error(where, str(error)) from None


def _named(calls: Sequence[Call]) -> frozenset[str]:
    return frozenset(f"calls.{call.name}" for call in calls)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Call):
        yield value.path
        for part in (value.query, value.headers, value.body):
            yield from _texts(part)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


__all__ = ["Compiled", "DeclarationError", "Orders", "Request", "Rule", "load"]
