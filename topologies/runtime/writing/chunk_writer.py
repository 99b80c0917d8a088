"""Hands over what a handler made of one chunk, in the order that makes it safe.

Outputs and dead letters first, acknowledged by the broker; then the changelog, acknowledged; then what was held back
for it (``outbox.py``); then the local state. In a transaction all but the local state become final together.

What is handed over comes in steps (:data:`Steps`), so that the writes of several chunks are acknowledged together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from typing import Any, cast

from config.apps import App
from topologies.runtime.handler import Handled
from topologies.runtime.watching import metrics
from topologies.runtime.writing.deadletters import Encode, cards, letters
from topologies.runtime.writing.outbox import HeldBack, carrying, to_hold, together
from topologies.runtime.writing.sink import Fenced, Unit

log = logging.getLogger(__name__)

Steps = Generator[None, None, bool]
"""Hands over step by step: the next one once the broker has acknowledged what was handed over until then. The result:
whether it was ours to the end."""


class ChunkWriter:
    """Writes what handlers hand back. ``encode_dead_letter``: index card -> value bytes; ``largest_letter``: bytes of
    the largest dead letter its topic takes."""

    def __init__(self, app: App, encode_dead_letter: Encode, largest_letter: int) -> None:
        self._app = app
        self._largest_letter = largest_letter
        self._encode = encode_dead_letter

    def put(
        self, number: int, handled: Handled, now_ms: int, unit: Unit, ours: Callable[[], bool]
    ) -> Steps:
        """Hand over all of it for input partition ``number``; False once it is no longer ``ours``, which is asked
        before each step.

        Raises Fenced where another worker took over, or may have after the changelog was written.
        """
        with self._phase("outputs"):
            held = self.outputs(unit, handled, now_ms)
            yield
        if (handled.changes or handled.afterwards) and self._app.state_topic is not None:
            if not ours():
                return False
            with self._phase("changelog"):
                self.changes(unit, number, handled, held)
                yield
            if held:
                if not _still_ours(unit, number, ours):
                    return False
                self.tell(unit, held)
                yield
                if not _still_ours(unit, number, ours):
                    return False
                self.note_told(unit, number, held)
            return _still_ours(unit, number, ours)
        return ours()

    def outputs(self, unit: Unit, handled: Handled, now_ms: int) -> dict[bytes, HeldBack]:
        """Outputs and dead letters, and of what is said afterwards all that does not wait for the changelog; by key,
        what does. In a transaction nothing waits, elsewhere all that a record there has room for."""
        waiting = {} if unit.is_atomic else to_hold(handled)
        unit.send(handled.outputs)
        unit.send(together(messages for key, messages in handled.afterwards.items() if key not in waiting))
        if handled.refused:
            unit.send_whole(letters(self._app, handled.refused, now_ms, self._largest_letter))
            unit.send(cards(self._app, handled.refused, now_ms, self._encode))
        return waiting

    def changes(self, unit: Unit, number: int, handled: Handled, held: Mapping[bytes, HeldBack]) -> None:
        """The changelog of the partition, with what waits for it."""
        topic = self._changelog
        changes = [
            {"key": key, "value": change.changelog} for key, change in handled.changes.items() if key not in held
        ]
        unit.send_changes(
            topic, number, cast(Any, changes), [carrying(topic, key, one, number) for key, one in held.items()]
        )

    def tell(self, unit: Unit, held: Mapping[bytes, HeldBack]) -> None:
        """Send what was held back, now that its changes are on the changelog."""
        unit.send(together(one.messages for one in held.values()))

    def note_told(self, unit: Unit, number: int, held: Mapping[bytes, HeldBack]) -> None:
        """Write these records of the changelog again, without what they carried."""
        changes = [{"key": key, "value": one.changelog} for key, one in held.items()]
        unit.send_changes(self._changelog, number, cast(Any, changes))

    def put_what_was_left(
        self, number: int, held: Mapping[bytes, HeldBack], unit: Unit, ours: Callable[[], bool]
    ) -> Steps:
        """Send what the worker before held back and had not sent, or not noted as sent."""
        del ours
        self.tell(unit, held)
        yield
        self.note_told(unit, number, held)
        told = sum(len(messages) for one in held.values() for messages in one.messages.values())
        log.info("%s[%d]: %d messages its last worker held back are sent", self._app.name, number, told)
        return True

    def _phase(self, name: str) -> Any:
        return metrics.CHUNK_SECONDS.labels(self._app.name, name).time()

    @property
    def _changelog(self) -> str:
        assert self._app.state_topic is not None
        return self._app.state_topic.name


def _still_ours(unit: Unit, number: int, ours: Callable[[], bool]) -> bool:
    """Asks ``ours``. Raises Fenced where it is a no and the changelog keeps what was written: the local state is behind
    it, and must be restored before it is used again."""
    if ours():
        return True
    if not unit.is_atomic:
        raise Fenced(f"partition {number} may be another worker's, and its changelog is ahead of the local state")
    return False
