"""Makes final what was handled, several chunks at a time: acknowledged together (at least once), or in one transaction
(exactly once).

Of one partition but one write is asked for at a time. All that was asked for while the one before was under way goes
into the next. What is to follow a write (the local state) follows in the same thread, and only then whoever asked goes
on.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextvars import Context
from functools import partial
from itertools import groupby
from typing import Protocol, cast

from msgspec import Struct

from config.apps import App
from streams.kernel.errors import Fatal
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.reading.membership import Membership
from topologies.runtime.threads import in_thread
from topologies.runtime.watching import metrics
from topologies.runtime.writing.chunk_writer import Steps
from topologies.runtime.writing.sink import Fenced, Plain, PlainUnit, Sink, Span, Transactions, Unit


def _always() -> bool:
    return True


def _nothing(unit: Unit, ours: Callable[[], bool]) -> Steps:
    del unit, ours
    yield from ()
    return True


def _no_more(span: Span | None) -> None:
    del span


class Write(Struct):
    """Holds what is to be made final together.

    ``number``: the input partition's. ``put``: hands it over to a unit, step by step, asking before each whether the
    partition is ours still. ``current``: whether it is to be written still. ``then``: what follows once
    it is final, with where its changelog records lie. ``offsets``: how far the inputs are done with it, in the name of
    ``group_metadata``, under which they were delivered. ``records``: how many it came of.
    """

    number: int = -1
    put: Callable[[Unit, Callable[[], bool]], Steps] = _nothing
    current: Callable[[], bool] = _always
    then: Callable[[Span | None], None] = _no_more
    offsets: Mapping[TopicPartition, int] = {}
    group_metadata: bytes | None = None
    records: int = 0


class Writing(Protocol):
    """The two ways of writing."""

    @property
    def is_atomic(self) -> bool:
        """Whether what is written becomes final together with the offsets of its inputs, or not at all."""

    async def get_ready(self) -> None:
        """Before a state is restored: have what this worker left open, in this process or before, settled.

        Raises Fenced where that cannot be done now, Fatal where it is not allowed.
        """

    async def write(self, one: Write) -> bool:
        """Have it written and what follows done; False where it was no longer current, or the partition not ours.

        Raises Fenced where another worker took over or it cannot be known, Fatal where the broker refuses it.
        """


def way_of_writing(
    app: App, sink: Sink, membership: Membership, sending: Executor, most_records: int
) -> Writing:
    """Chooses the way this sink is written to. ``sending``: an executor of as many threads as the sink may be used by
    at once; ``most_records``: of one transaction, or of what is acknowledged together."""
    if sink.is_atomic:
        return ExactlyOnce(app, cast(Transactions, sink), sending, most_records)
    return AtLeastOnce(app, cast(Plain, sink), membership, sending, most_records)


class _Asked(Struct):
    """A write that waits, and how it came out."""

    one: Write
    done: asyncio.Future[bool]
    outcome: bool | BaseException = False

    def tell(self) -> None:
        """Let whoever asked go on."""
        if self.done.done():
            return
        if isinstance(self.outcome, BaseException):
            self.done.set_exception(self.outcome)
        else:
            self.done.set_result(self.outcome)

    def follow(self, unit: Unit) -> None:
        """Do what follows once it is final; nothing where it is no longer current."""
        if not self.one.current():
            return
        try:
            self.one.then(unit.span(self.one.number))
            self.outcome = True
        except BaseException as error:
            self.outcome = error


class _Gathering(ABC):
    """Gathers the writes that are asked for, and has as many of them under way as the sink allows."""

    def __init__(self, app: App, sink: Sink, sending: Executor, most_records: int) -> None:
        self._app = app
        self._at_once = sink.at_once
        self._sending = sending
        self._most_records = most_records
        self._waiting: deque[_Asked] = deque()
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(self, one: Write) -> bool:
        """Have it written with the next ones."""
        loop = asyncio.get_running_loop()
        asked = _Asked(one, loop.create_future())
        self._waiting.append(asked)
        if self._under_way < self._at_once:
            self._under_way += 1
            task = loop.create_task(self._go_on(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asked.done

    @abstractmethod
    def _write(self, together: Sequence[_Asked]) -> None:
        """Write them, and note how each came out. In a thread of its own."""

    async def _go_on(self) -> None:
        try:
            while self._waiting:
                together = self._next()
                await in_thread(self._sending, partial(self._write, together))
                for asked in together:
                    asked.tell()
        finally:
            self._under_way -= 1

    def _next(self) -> list[_Asked]:
        """Takes the writes that go together now: as many as there is room for, at least one."""
        together = [self._waiting.popleft()]
        records = together[0].one.records
        while self._waiting and records + self._waiting[0].one.records <= self._most_records:
            records += self._waiting[0].one.records
            together.append(self._waiting.popleft())
        return together


class _Begun(Struct):
    """A write that is handed over step by step."""

    asked: _Asked
    unit: PlainUnit
    steps: Steps

    def goes_on(self) -> bool:
        """Takes the next step; False after the last one, and where it is not ours, or failed."""
        try:
            next(self.steps)
        except StopIteration as end:
            self.asked.outcome = bool(end.value)
        except BaseException as error:
            self.asked.outcome = error
        else:
            return True
        return False


class AtLeastOnce(_Gathering):
    """At least once. Nothing fences a plain producer: whether we are in the group is asked before each step.

    Each step of all the writes is acknowledged before the next one: outputs, changelog, what was held back for it.
    """

    is_atomic = False

    def __init__(
        self, app: App, sink: Plain, membership: Membership, sending: Executor, most_records: int
    ) -> None:
        super().__init__(app, sink, sending, most_records)
        self._sink = sink
        self._membership = membership

    async def get_ready(self) -> None:
        """Does nothing: no transaction is ever open."""

    def _write(self, together: Sequence[_Asked]) -> None:
        begun = [self._begun(asked) for asked in together if self._ours(asked)]
        try:
            left = begun
            while left := [one for one in left if one.goes_on()]:
                for one in left:
                    one.unit.flush()
            handed_over = [one for one in begun if one.asked.outcome is True]
            with metrics.CHUNK_SECONDS.labels(self._app.name, "commit").time():
                for one in handed_over:
                    one.unit.commit()
        except BaseException as error:
            for one in begun:
                one.asked.outcome = error
        else:
            for one in handed_over:
                one.asked.outcome = False
                one.asked.follow(one.unit)

    def _begun(self, asked: _Asked) -> _Begun:
        unit = self._sink.begin()
        return _Begun(asked, unit, asked.one.put(unit, partial(self._ours, asked)))

    def _ours(self, asked: _Asked) -> bool:
        return asked.one.current() and self._membership.holds_for(asked.done.get_loop())


class ExactlyOnce(_Gathering):
    """Exactly once: the writes that go together are one transaction. Its records are limited: it has to end before its
    time-out. Transactions at once are of different partitions.

    A worker out of the group is refused by the broker with the offsets, so nothing is asked before. Of a transaction
    that is refused nothing is final, and each of its writes fails as it does. Where one write alone is at fault, each
    is tried in a transaction of its own, so that it takes no other with it.
    """

    is_atomic = True

    def __init__(self, app: App, sink: Transactions, sending: Executor, most_records: int) -> None:
        super().__init__(app, sink, sending, most_records)
        self._sink = sink

    async def get_ready(self) -> None:
        """Have the producers."""
        await in_thread(self._sending, self._sink.open)

    def _write(self, together: Sequence[_Asked]) -> None:
        """Write what is current, a transaction for each generation of the group there is among it: mostly one."""
        current = [asked for asked in together if asked.one.current()]
        for group_metadata, generation in groupby(current, lambda asked: asked.one.group_metadata):
            self._write_under(group_metadata, list(generation))

    def _write_under(self, group_metadata: bytes | None, together: list[_Asked]) -> None:
        try:
            unit = self._committed(group_metadata, [asked.one for asked in together])
        except Fatal as error:
            if len(together) > 1:
                for asked in together:
                    self._write([asked])
            else:
                together[0].outcome = error
        except BaseException as error:
            for asked in together:
                asked.outcome = error
        else:
            for asked in together:
                asked.follow(unit)

    def _committed(self, group_metadata: bytes | None, writes: list[Write]) -> Unit:
        if group_metadata is None:
            raise Fenced("the group had put this worker out when it was given its partitions")
        offsets: dict[TopicPartition, int] = {}
        for one in writes:
            offsets |= one.offsets
        unit = self._sink.begin()
        try:
            for one in writes:
                for _ in one.put(unit, _always):
                    pass  # acknowledged at the end, with all the others
            with metrics.CHUNK_SECONDS.labels(self._app.name, "commit").time():
                unit.send_offsets(offsets, group_metadata)
                unit.commit()
        except BaseException:
            unit.abort()
            raise
        metrics.TRANSACTION_CHUNKS.labels(self._app.name).observe(len(writes))
        return unit
