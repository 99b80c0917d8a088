"""Schema registry client and the Confluent wire format: byte 0, 4-byte schema id, Avro body.

Known ids are cached for ever, so a registry that goes down stops nobody who has started. Our own
contracts go through the compiled codec of ``streams/avro_codec/compiler.py``; a value written with another version of
a contract is resolved by fastavro against ours.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Generic, TypeVar

import fastavro
import httpx2
import msgspec
import structlog
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from config import contracts
from config.masking import without_credentials
from config.settings import Settings
from config.topics import Topic
from streams.avro_codec import compiler
from streams.kernel.errors import Fatal, Reject, Transient
from streams.kernel.vocabulary import RejectReason

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")

MAGIC = b"\x00"
_NOT_FOUND = frozenset({40401, 40402, 40403})
_READ_ONLY = 42205
log = structlog.get_logger(__name__)


class Registry:
    """The registry as ShipSync uses it: our ids by topic, anybody's schema by id."""

    def __init__(
        self,
        settings: Settings,
        *,
        patience: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = SchemaRegistryClient({**settings.registry.client(), "max.retries": 0, "timeout": 10})
        self._url = without_credentials(settings.registry.url)
        self._register = settings.kafka.register_schemas
        self._patience, self._sleep, self._clock = patience, sleep, clock
        self._ids: dict[str, int] = {}
        self._writers: dict[int, dict[str, Any]] = {}

    def schema_id(self, topic: Topic) -> int:
        """The id of our contract under the topic's subject; registered first where that is allowed.

        Raises Fatal when the registry refuses it, Transient when it cannot be reached in time.
        """
        known = self._ids.get(topic.name)
        if known is None:
            known = self._ids[topic.name] = self._patiently(lambda: self._look_up(topic))
        return known

    def writer_schema(self, schema_id: int) -> dict[str, Any]:
        """The parsed schema of an id. Raises Reject ``unknown_schema`` where the registry has none."""
        known = self._writers.get(schema_id)
        if known is None:
            known = self._writers[schema_id] = self._patiently(lambda: self._fetch(schema_id))
        return known

    def _look_up(self, topic: Topic) -> int:
        if topic.schema is None:
            raise Fatal(f"{topic.name} has no Avro contract")
        ours = Schema(contracts.schema_text(topic.schema), "AVRO")
        try:
            found = self._client.lookup_schema(topic.subject, ours).schema_id
        except SchemaRegistryError as error:
            if error.error_code not in _NOT_FOUND:
                raise
            if not self._register:
                raise Fatal(
                    f"the registry at {self._url} does not know our contract for {topic.subject};"
                    " register it from CI, or set SHIPSYNC_REGISTER_SCHEMAS=true"
                ) from error
            found = self._client.register_schema(topic.subject, ours)
        if found is None:
            raise Transient(f"the registry at {self._url} gave no id for {topic.subject}")
        return int(found)

    def _fetch(self, schema_id: int) -> dict[str, Any]:
        try:
            text = self._client.get_schema(schema_id).schema_str
        except SchemaRegistryError as error:
            if error.error_code in _NOT_FOUND:
                raise Reject(
                    RejectReason.UNKNOWN_SCHEMA, f"no schema with id {schema_id} in the registry"
                ) from error
            raise
        parsed: dict[str, Any] = fastavro.parse_schema(_without_logical_types(json.loads(text or "{}")))
        return parsed

    def _patiently(self, ask: Callable[[], R]) -> R:
        deadline, pause = self._clock() + self._patience, 0.1
        while True:
            try:
                return ask()
            except SchemaRegistryError as error:
                if error.http_status_code < 500 and error.http_status_code != 429:
                    raise Fatal(f"the registry at {self._url} refused: {error}") from error
                trouble: Exception = error
            except (OSError, httpx2.HTTPError) as error:
                trouble = error
            if self._clock() >= deadline:
                raise Transient(
                    f"no schema registry at {self._url}: {trouble}; start it, or set SHIPSYNC_REGISTRY_URL"
                ) from trouble
            log.warning("waiting for the schema registry", url=self._url, trouble=str(trouble))
            self._sleep(pause)
            pause = min(pause * 2, 5.0)


def _without_logical_types(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    if isinstance(node, list):
        return [_without_logical_types(item) for item in node]
    return node


@cache
def _writer(name: str, struct: type, prefix: bytes) -> compiler.Writer:
    return compiler.compile_writer(contracts.schema(name), struct, prefix)


@cache
def _reader(name: str, struct: type) -> compiler.Reader:
    return compiler.compile_reader(contracts.schema(name), struct)


@cache
def _parsed(name: str) -> Any:
    return fastavro.parse_schema(_without_logical_types(contracts.schema(name)))


def _reads_only(value: object) -> bytes:
    raise Fatal(f"{type(value).__name__} holds only some of its contract's fields: it cannot be written")


def split(value: bytes | None) -> tuple[int, bytes]:
    """Schema id and Avro body of a framed value. Raises Reject for anything that is not one."""
    if not value:
        raise Reject(RejectReason.EMPTY, "no value")
    if value[:1] != MAGIC:
        raise Reject(RejectReason.UNKNOWN_MAGIC, f"magic byte {value[0]} instead of 0: not Confluent-framed")
    if len(value) < 5:
        raise Reject(RejectReason.TRUNCATED, f"{len(value)} bytes are too few for a schema id")
    return int.from_bytes(value[1:5], "big"), value[5:]


class ValueCodec(Generic[T]):
    """Values of one topic: Struct <-> framed bytes. With a Struct of some of the contract's fields it reads only."""

    def __init__(self, topic: Topic, struct: type[T], registry: Registry) -> None:
        if topic.schema is None:
            raise Fatal(f"{topic.name} has no Avro contract")
        schema = contracts.schema(topic.schema)
        self.topic = topic
        self._registry = registry
        self._prefix = MAGIC + registry.schema_id(topic).to_bytes(4, "big")
        whole = len(struct.__struct_fields__) == len(schema["fields"])
        write = _writer(topic.schema, struct, self._prefix) if whole else _reads_only
        self.encode: Callable[[T], bytes] = write
        """The framed bytes of a value."""
        self._read = _reader(topic.schema, struct)
        self._ours = _parsed(topic.schema)

    def decode(self, value: bytes | None) -> T:
        """The value. Raises Reject: empty, unknown magic, unknown schema, truncated, trailing bytes."""
        if value is not None and value[:5] == self._prefix:
            known: T = self._read(value, 5)
            return known
        return self.decode_with_body(value)[0]

    def decode_with_body(self, value: bytes | None) -> tuple[T, bytes]:
        """The value and its Avro body in our own version of the contract. Raises as :meth:`decode`."""
        if value is not None and value[:5] == self._prefix:
            return self._read(value, 5), value[5:]
        body = self._in_our_version(*split(value))
        return self._read(body, 0), body

    def _in_our_version(self, schema_id: int, body: bytes) -> bytes:
        stream, ours = io.BytesIO(body), io.BytesIO()
        try:
            data = fastavro.schemaless_reader(stream, self._registry.writer_schema(schema_id), self._ours)
            fastavro.schemaless_writer(ours, self._ours, data)
        except (EOFError, LookupError, ValueError, TypeError, fastavro.read.SchemaResolutionError) as error:
            raise Reject(
                RejectReason.TRUNCATED, f"not a whole value of schema {schema_id}: {error!r}"
            ) from error
        left = len(body) - stream.tell()
        if left:
            raise Reject(RejectReason.TRAILING_BYTES, f"{left} bytes behind the end of the record")
        return ours.getvalue()
