"""Builds HTTP requests to a carrier from what its file declares, each number escaped for its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit
from xml.sax.saxutils import escape

from connectors.mapping.declared.document_call import DocumentCall
from connectors.mapping.declared.poll_plan import ITEMS, NUMBER, NUMBERS, REQUEST_ID, Plan


class Request(NamedTuple):
    """One HTTP request, not yet authorised."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


def request_for(plan: Plan, numbers: Sequence[str], request_id: str, base_url: str = "") -> Request:
    """The request for these numbers; ``base_url`` replaces the declared scheme and host."""
    poll = plan.poll
    in_url = [quote(number, safe="") for number in numbers]
    url = poll.url.replace(NUMBERS, quote(poll.separator, safe=",").join(in_url)).replace(NUMBER, in_url[0])
    headers = {name: value.replace(REQUEST_ID, request_id) for name, value in poll.headers.items()}
    body = _body(plan, numbers, request_id).encode() if poll.body else None
    return Request(poll.method, at(url.replace(REQUEST_ID, request_id), base_url), headers, body)


def call_request(call: DocumentCall, number: str, request_id: str, base_url: str = "") -> Request:
    """The request that asks for the document of this number; ``base_url`` replaces the declared scheme and host."""
    url = call.url.replace(REQUEST_ID, request_id).replace(NUMBER, quote(number, safe=""))
    headers = {name: value.replace(REQUEST_ID, request_id) for name, value in call.headers.items()}
    body = call.body.replace(REQUEST_ID, request_id).replace(NUMBER, _inside(call.body, number))
    return Request(call.method, at(url, base_url), headers, body.encode() or None)


def at(url: str, base_url: str) -> str:
    """The same path and query at another scheme and host; ``url`` itself where none is given."""
    if not base_url:
        return url
    base, parts = urlsplit(base_url), urlsplit(url)
    return urlunsplit((base.scheme, base.netloc, parts.path, parts.query, ""))


def _body(plan: Plan, numbers: Sequence[str], request_id: str) -> str:
    poll = plan.poll
    inside = [_inside(poll.body, number) for number in numbers]
    items = ", ".join(poll.item.replace(NUMBER, number) for number in inside)
    body = poll.body.replace(REQUEST_ID, request_id).replace(NUMBERS, poll.separator.join(inside))
    return body.replace(NUMBER, inside[0]).replace(ITEMS, items)


def _inside(body: str, text: str) -> str:
    return json.dumps(text)[1:-1] if body.lstrip()[:1] in "{[" else escape(text)
