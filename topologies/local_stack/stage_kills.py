"""Kills a stage of the embedded stack when somebody asks for it, and reports what became of its work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from msgspec.structs import replace

from config.settings import Settings
from connectors.embedded.stage_kill import KillFolder, KillReport
from streams.kernel.errors import ShipSyncError
from topologies.local_stack.child_process import Child, State
from topologies.local_stack.kill_account import AccountReader

QUIET_SECONDS = 2.0
"""How long nothing may have come before what came is judged."""
PATIENCE_SECONDS = 180.0
READ_SECONDS = 0.25
END_SECONDS = 5.0


def wall_clock_ms() -> int:
    """Now, UTC ms."""
    return time.time_ns() // 1_000_000


class StageKills:
    """Takes requests; one kill at a time. The supervisor calls ``look`` from its own thread, which restarts the stage;
    a thread of its own reads the topics and keeps the report."""

    def __init__(self, settings: Settings, children: Callable[[], list[Child]]) -> None:
        self._settings, self._children = settings, children
        self._folder = KillFolder(settings.state.data_dir)
        self._watch: threading.Thread | None = None
        self._ending = threading.Event()
        self._killed: Child | None = None
        self._restarts = 0
        self._back = threading.Event()

    def begin(self) -> None:
        """Take requests from now on."""
        self._folder.make()

    def end(self) -> None:
        """Take no more, and let go of what is being watched."""
        self._ending.set()
        if self._watch is not None:
            self._watch.join(END_SECONDS)
        self._folder.remove()

    def look(self) -> None:
        """Kill what is asked for; note that it is back."""
        if self._watch is not None and self._watch.is_alive():
            child = self._killed
            if child is not None and child.restarts > self._restarts and child.state is State.UP:
                self._back.set()
            return
        request = self._folder.taken(wall_clock_ms())
        if request is None:
            return
        child = next((one for one in self._children() if one.spec.name == request.stage), None)
        if child is None or child.state is not State.UP:
            self._write(KillReport(
                request.stage, request.by, wall_clock_ms(), failed=f"{request.stage} is not up: nothing was killed"
            ))
            return
        self._killed, self._restarts = child, child.restarts
        self._back.clear()
        child.kill()
        report = KillReport(request.stage, request.by, wall_clock_ms())
        self._write(report)
        self._watch = threading.Thread(target=self._follow, args=(report,), name="stage-kill", daemon=True)
        self._watch.start()

    def _follow(self, report: KillReport) -> None:
        try:
            with ExitStack() as closing:
                reader = AccountReader(self._settings)
                closing.callback(reader.close)
                self._judge(reader, report)
        except ShipSyncError as error:
            self._write(replace(report, failed=str(error)))

    def _judge(self, reader: AccountReader, report: KillReport) -> None:
        give_up = changed = time.monotonic()
        give_up += PATIENCE_SECONDS
        while not self._ending.is_set():
            if reader.read(READ_SECONDS):
                changed = time.monotonic()
            if report.back_at is None and self._back.is_set():
                report = replace(report, back_at=wall_clock_ms())
            waiting = len(reader.account.missing) if reader.at_end else report.waiting
            report = replace(report, waiting=waiting, most_waiting=max(waiting, report.most_waiting))
            if report.back_at is None or waiting or not reader.at_end:
                report = replace(report, caught_up_at=None)
            elif report.caught_up_at is None:
                report = replace(report, caught_up_at=wall_clock_ms())
            late = time.monotonic() > give_up
            settled = report.caught_up_at is not None and time.monotonic() - changed >= QUIET_SECONDS
            if settled or late:
                self._write(replace(report, check=reader.account.check()))
                return
            self._write(report)

    def _write(self, report: KillReport) -> None:
        """Write the report, as far as the disk takes it: a stack does not end for want of one."""
        with suppress(OSError):
            if not self._ending.is_set():
                self._folder.write(report)
