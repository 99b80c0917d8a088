"""Shows what a declaration would send for a sample of each kind of posting and notice: a dry run, without an ERP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from connectors.erp.rest.compiled import Compiled, Request, Rule
from connectors.erp.rest.connector import fields_of, notice_fields_of
from connectors.erp.rest.credentials import needed
from connectors.erp.rest.expressions import Placeholder
from streams.contracts.model import ErpNotice, ErpPosting
from streams.contracts.postings import ProofOfDelivery
from streams.kernel.vocabulary import ExceptionType, NoticeKind, PostingKind, Reason

SAMPLE = ErpPosting(
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0", PostingKind.GOODS_ISSUE, "80001", "SO-1001", "C-77", "acme", "AC123456",
    1_789_380_000_000, Reason.NORMAL, ProofOfDelivery("A. Receiver", None, "https://pod.example/1.pdf"), "event",
)
NOTICE = ErpNotice(
    "1a2b3c4d5e6f708192a3b4c5d6e7f809", NoticeKind.BOOKED, "80001", "SO-1001", "C-77", 1_789_380_000_000, "", "acme",
    "PRO123456", "express", "80001-1", label_url="https://acme.example/labels/1",
)
OF_EXCEPTION = {"exception": ExceptionType.DELAY, "reason": Reason.WEATHER}
WORDS = {
    NoticeKind.READY_TO_SHIP: "Packed and ready to ship: 2 pieces, 14.5 kg.",
    NoticeKind.READINESS_WITHDRAWN: "Not ready to ship any more.",
    NoticeKind.BOOKED: "Booked with acme (express): PRO123456.",
    NoticeKind.BOOKING_CANCELLED: "The booking with acme, PRO123456, is cancelled.",
    NoticeKind.EXCEPTION_OPENED: "Delay (weather) of acme PRO123456.",
    NoticeKind.EXCEPTION_CLOSED: "Delay of acme PRO123456 is over.",
}
MESSAGE = "msg_0f1e2d3c4b5a69788796a5b4c3d2e1f0"
REVERSED = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"


def preview(compiled: Compiled, values: Mapping[str, str]) -> dict[str, Any]:
    """The calls of every kind, its reversal too, of every notice, and those that look one up. What only an answer will
    bring, and
    ``values`` that are not given, stand as ``<their path>``."""
    declared = compiled.declared
    known = {name: values.get(name, default) for name, default in declared.values.items()}
    shown = {name: Placeholder(f"values.{name}") if value is None else value for name, value in known.items()}
    return {
        "erp": declared.erp, "name": declared.name, "tested": declared.tested,
        "credentials": list(needed(declared.authentication)),
        "values": {name: declared.values[name] for name in declared.values},
        "headers": compiled.headers.shown({"values": shown}),
        "postings": [
            _kind(compiled, kind, shown, is_reversal=is_reversal) for kind in PostingKind
            for is_reversal in (False, True) if not (is_reversal and kind in compiled.ignored)
        ],
        "notices": [_notice(compiled, kind, rule, shown) for kind, rule in compiled.notices.items()],
        "orders": [
            {"source": name, "calls": _calls(one.requests, _page(one.begin_ms, one.declared.limit, shown), compiled)}
            for name, one in compiled.orders.items()
        ],
    }


def _kind(
    compiled: Compiled, kind: PostingKind, values: Mapping[str, Any], *, is_reversal: bool
) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": kind.value, "reverses": is_reversal}
    if kind in compiled.ignored:
        return {**told, "ignored": compiled.ignored[kind]}
    rule = compiled.rules[kind, is_reversal]
    if rule.by_hand:
        return {**told, "by_hand": rule.by_hand}
    posting = replace(SAMPLE, kind=kind, reverses=REVERSED if is_reversal else None)
    context = {"posting": fields_of(posting), "values": values, "calls": Placeholder("calls")}
    return {**told, "lookup": _looked_up(rule, context, compiled), "calls": _calls(rule.requests, context, compiled)}


def _notice(compiled: Compiled, kind: NoticeKind, rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    told = {"kind": kind.value}
    if rule.by_hand:
        return {**told, "by_hand": rule.by_hand}
    about = OF_EXCEPTION if kind in (NoticeKind.EXCEPTION_OPENED, NoticeKind.EXCEPTION_CLOSED) else {}
    notice = replace(NOTICE, kind=kind, words=WORDS[kind], **about)
    context = {"notice": notice_fields_of(notice, MESSAGE), "values": values, "calls": Placeholder("calls")}
    return {**told, "lookup": _looked_up(rule, context, compiled), "calls": _calls(rule.requests, context, compiled)}


def _looked_up(rule: Rule, context: Mapping[str, Any], compiled: Compiled) -> dict[str, Any] | None:
    if rule.lookup is None:
        return None
    return {"calls": _calls(rule.lookup.requests, context, compiled), "found": rule.lookup.found.source}


def _page(since: int, limit: int, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"since": since, "offset": 0, "limit": limit, "values": values, "calls": Placeholder("calls")}


def _calls(requests: Sequence[Request], context: Mapping[str, Any], compiled: Compiled) -> list[dict[str, Any]]:
    return [_call(one, context, compiled) for one in requests]


def _call(request: Request, context: Mapping[str, Any], compiled: Compiled) -> dict[str, Any]:
    call, headers = request.call, request.headers.shown(context)
    if request.if_match is not None:
        headers["If-Match"] = f"<{request.if_match.source}>"
    key = compiled.declared.idempotency
    if key is not None and compiled.key is not None and call.writes and "posting" in context:
        headers[key.header] = compiled.key.shown(context)
    return {
        "name": call.name, "writes": call.writes, "method": call.method, "path": request.path.shown(context),
        "query": request.query.shown(context), "headers": headers,
        "body": None if request.body is None else request.body.shown(context),
        "unless": call.unless,
    }
