"""The yardstick of the intake benchmark: what reading the payloads and writing the events costs with none of ours.

Nothing is mapped, checked, dated or identified: a payload is parsed by the standard library and its events, ready
made, are written by fastavro. A machine's speed drifts and differs; the ratio to this, round by round, does not.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree as ET  # our own made-up payloads, nobody's

import fastavro

from config import contracts, topics

CONFLUENT_HEAD = 5


def _segments(separator: str, terminator: str) -> Callable[[bytes], object]:
    return lambda body: [segment.split(separator) for segment in body.decode().split(terminator)]


def _with_plain_numbers(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "logicalType"}


PARSERS: dict[str, Callable[[bytes], object]] = {
    "JSON": json.loads, "XML": ET.fromstring, "X12 214": _segments("*", "~"), "EDIFACT IFTSTA": _segments("+", "'"),
}


class Plain:
    """Parses payloads of one format and writes their events, chunk by chunk."""

    def __init__(self, name: str) -> None:
        self._parse = PARSERS[name]
        self._schema = fastavro.parse_schema(json.loads(
            contracts.schema_text(topics.CARRIER_EVENTS.schema or ""), object_hook=_with_plain_numbers
        ))
        self._chunks: list[tuple[list[bytes], list[Any]]] = []

    def learn(self, payloads: Sequence[bytes], values: Sequence[bytes]) -> None:
        """One chunk: its payloads and the framed values ours wrote of them."""
        events = [fastavro.schemaless_reader(io.BytesIO(one[CONFLUENT_HEAD:]), self._schema, None) for one in values]
        self._chunks.append((list(payloads), events))

    def seconds(self) -> float:
        """CPU of all chunks once."""
        begun = time.process_time()
        for payloads, events in self._chunks:
            for payload in payloads:
                self._parse(payload)
            self._written(events)
        return time.process_time() - begun

    def bodies(self) -> list[bytes]:
        """The Avro of all events."""
        return [body for _, events in self._chunks for body in self._written(events)]

    def _written(self, events: Sequence[Any]) -> list[bytes]:
        bodies = []
        for event in events:
            out = io.BytesIO()
            fastavro.schemaless_writer(out, self._schema, event)
            bodies.append(out.getvalue())
        return bodies
