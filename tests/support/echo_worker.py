"""A whole worker of a tiny stage, run as a process by the integration tests.

Each record's value is an id; each id goes out once per key the state has not seen it under. An id that
starts with ``bad`` is refused; ``crash`` raises where ECHO_CRASHES is set, ``hang`` never returns where ECHO_HANGS
is, ``kill`` kills the process where ECHO_KILLS is. What is needed comes as JSON in the first argument.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from itertools import count

from config.apps import App
from config.settings import Settings
from config.topics import Topic
from streams.contracts.model import DeadLetter, Record
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.faust_app import build_faust_app, run
from topologies.runtime.handler import Change, Handled, Refused, View
from topologies.runtime.runner import StageRunner
from topologies.runtime.state.partition_state import PartitionState
from topologies.runtime.writing.chunk_writer import ChunkWriter
from topologies.runtime.writing.processing import build_sink
from topologies.runtime.writing.transactional_sink import Transaction


class Echo:
    """Every id once. State: key -> ids seen, blank separated."""

    def __init__(self, output: str, pause: float = 0.0) -> None:
        self.output = output
        self.pause = pause

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        del now_ms
        if self.pause:
            time.sleep(self.pause)
        handled = Handled(outputs={self.output: []})
        keys = list(dict.fromkeys(record.key or b"" for record in records))
        known = state.get_many(keys) if state is not None else [None] * len(keys)
        seen = {key: (found or b"").split() for key, found in zip(keys, known, strict=True)}
        for record in records:
            key, value = record.key or b"", record.value or b""
            if value == b"crash" and "ECHO_CRASHES" in os.environ:
                raise RuntimeError("planted")
            if value == b"hang" and "ECHO_HANGS" in os.environ:
                time.sleep(3_600)
            if value == b"kill" and "ECHO_KILLS" in os.environ:
                os.kill(os.getpid(), signal.SIGKILL)
            if value.startswith(b"bad"):
                handled.refused.append(Refused(record, Reject(next(iter(RejectReason)), "it says so")))
            elif value not in seen[key]:
                seen[key].append(value)
                handled.outputs[self.output].append({"key": key, "value": value})
        if state is not None:
            handled.changes = {key: Change(b" ".join(ids), b" ".join(ids)) for key, ids in seen.items()}
        handled.counts = {"accepted": len(handled.outputs[self.output])}
        return handled

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        return {key: changelog_value}

    def sweep(self, state: View, now_ms: int) -> Handled:
        del state, now_ms
        return Handled()


class Blind(Echo):
    """Echo without memory."""

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        del state, now_ms
        if self.pause:
            time.sleep(self.pause)
        return Handled(outputs={self.output: [{"key": one.key, "value": one.value} for one in records]})


def encode(card: DeadLetter) -> bytes:
    return json.dumps({"reason": card.reason, "offset": card.origin_offset}).encode()


def echo_app(app_id: str, state_topic: str | None, dead_letters: str) -> App:
    """The echo stage's declaration."""
    kept = None if state_topic is None else Topic(state_topic, "", "", None, "test")
    return App("echo", app_id, kept, Topic(dead_letters, "", "", None, "test"))


FREEZABLE: dict[str, tuple[type, str]] = {
    "before the changelog": (ChunkWriter, "changes"),
    "before the offsets": (Transaction, "send_offsets"),
    "before the commit": (Transaction, "commit"),
    "before the local state": (PartitionState, "apply"),
}
"""Steps of a chunk's write, and what does them."""


def freeze_before(step: str, write: int) -> None:
    """Stop this process (SIGSTOP) when it is about to take this step for the ``write``-th time."""
    kind, name = FREEZABLE[step]
    take = getattr(kind, name)
    calls = count(1)

    def taken(*arguments: object, **more: object) -> object:
        if next(calls) == write:
            os.kill(os.getpid(), signal.SIGSTOP)
        return take(*arguments, **more)

    setattr(kind, name, taken)


def main(arguments: dict[str, object]) -> int:
    if "freeze_before" in arguments:
        freeze_before(str(arguments["freeze_before"]), write=5)
    settings = Settings(**arguments["settings"])  # type: ignore[arg-type]
    app = echo_app(str(arguments["app_id"]), arguments["state_topic"], str(arguments["dlq"]))  # type: ignore[arg-type]
    kind = Echo if app.state_topic is not None else Blind
    handler = kind(str(arguments["output"]), float(arguments.get("pause", 0)))  # type: ignore[arg-type]
    runner = StageRunner(app, handler, settings, build_sink(app, settings), encode)
    return run(build_faust_app(app, settings, list(arguments["inputs"])), runner, settings)  # type: ignore[call-overload]



if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.exit(main(json.loads(sys.argv[1])))
