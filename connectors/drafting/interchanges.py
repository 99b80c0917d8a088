"""Drafts a ``carrier.yaml`` from whole X12 and EDIFACT interchanges: the standard's tables read most of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from connectors.drafting.codes import DraftedCode
from connectors.drafting.draft import Draft, DraftedField, head
from connectors.drafting.marks import MARK, marked, note
from connectors.drafting.words import meaning_of
from connectors.formats import edifact, x12
from connectors.mapping.declared.schema import X12, Edifact
from connectors.mapping.edifact.messages import TYPES, EdifactAdapter
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.check_digits import Checks
from connectors.mapping.x12.set_214 import SETS, X12Adapter
from streams.contracts.model import CarrierEvent
from streams.intake.adapter import Adapter, RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, Milestone, RejectReason

_RECEIVED_MS = 1_800_000_000_000
"""When the samples are taken to be received, in ms since 1970: only codes are read of them."""


def x12_draft(feed: str, name: str, bodies: Sequence[bytes], source: str) -> Draft:
    """Draft for a partner's X12: the sets it sends, and the codes that the standard's tables lack."""
    counts = Counter(one.code for body in bodies for one in x12.read(body)[0])
    sets = sorted(code for code in counts if code in SETS)
    adapter = X12Adapter(feed, "edi", "UTC", X12(sets, acknowledge=False), Checks({}), CarrierNames())
    return _draft(feed, name, "x12", "sets", sets, counts, adapter, bodies, source)


def edifact_draft(feed: str, name: str, bodies: Sequence[bytes], source: str) -> Draft:
    """Draft for a partner's EDIFACT: the messages it sends, and the codes that the standard's tables lack."""
    counts = Counter(one.kind for body in bodies for one in edifact.read(body)[0])
    messages = sorted(kind for kind in counts if kind in TYPES)
    adapter = EdifactAdapter(
        feed, "edi", "UTC", feed, Edifact(messages, acknowledge=False), Checks({}), CarrierNames()
    )
    return _draft(feed, name, "edifact", "messages", messages, counts, adapter, bodies, source)


def _draft(
    feed: str, name: str, kind: str, field: str, known: list[str], counts: Counter[str], adapter: Adapter,
    bodies: Sequence[bytes], source: str,
) -> Draft:
    codes = _codes(event for body in bodies for event in _events(adapter, feed, body))
    others = sorted(set(counts) - set(known))
    if not known:
        raise Reject(RejectReason.UNSUPPORTED_MESSAGE, f"no set or message that is read; it holds {', '.join(others)}")
    lines = [*head(feed, name, kind, "", source, [])[:-1], f"{kind}:"]
    lines.append(marked(f"  {field}: {json.dumps(known)}", "does the partner send others?"))
    if others:
        lines.append(f"  {MARK} not read, as no mapping knows them: {note(', '.join(others))}")
    unmapped = [one for one in codes if one.milestone is None]
    if unmapped:
        lines.append("  # statuses:")
        lines += [_line(one) for one in unmapped]
    says = ", ".join(f"{code} ({counts[code]})" for code in known)
    fields = [DraftedField(field, ", ".join(known), says, "the sets or messages in the samples")]
    return Draft("\n".join([*lines, ""]), fields, codes)


def _line(one: DraftedCode) -> str:
    """The comment for a code that the standard's tables lack, with what its words may mean."""
    words = " / ".join(note(each, 60) for each in one.words[:3])
    likely = next((meaning.value for each in one.words if (meaning := meaning_of(each)) is not None), "unknown")
    if likely == Milestone.DELIVERED.value:
        likely = f"{{milestone: {likely}, doubtful: true}}"
    why = f"not in the standard's tables ({one.times} times) {words}"
    return marked(f"  #   {json.dumps(one.code)}: {likely}", why)


def _events(adapter: Adapter, feed: str, body: bytes) -> Sequence[CarrierEvent]:
    try:
        return adapter.parse(body, RawContext(feed, "", feed, 0, 0, _RECEIVED_MS, "draft")).events
    except Reject:
        return ()


def _codes(events: Iterable[CarrierEvent]) -> list[DraftedCode]:
    found: dict[str, DraftedCode] = {}
    for event in events:
        one = found.setdefault(event.carrier_code, DraftedCode(event.carrier_code, why="the standard's table"))
        one.times += 1
        if Flag.CODE_UNMAPPED.value not in event.flags and event.milestone is not Milestone.UNKNOWN:
            one.milestone = event.milestone
        if event.carrier_text and event.carrier_text not in one.words:
            one.words.append(event.carrier_text)
    return list(found.values())
