"""Killing a stage of the embedded stack by hand: the request to its supervisor, and the supervisor's report.

Both are files in ``<data_dir>/stage-kill``. The supervisor of an embedded stack makes the folder when it is up and
removes it when it stops, so elsewhere nothing can be asked. A request names one of ``STAGES``, is good for
``REQUEST_SECONDS``, and can make nobody do more than end a stage that is then started again.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from connectors.formats.prepared_types import prepared
from streams.kernel.errors import Transient

FOLDER, REQUEST, REPORT = "stage-kill", "request.json", "report.json"
STAGES = ("shipments",)
REQUEST_SECONDS = 30.0


class KillRequest(msgspec.Struct, frozen=True):
    """``by``: who asks; ``asked_at``: UTC ms."""

    stage: str
    by: str
    asked_at: int


class KillCheck(msgspec.Struct, frozen=True):
    """The count of all records after the kill. ``events``: different carrier events; ``in_history``: those of them on
    ``shipment.events``; ``refused``: those in the stage's dead letters; ``lost``: those in neither. ``postings`` and
    ``updates``: standing ones; ``posted_twice`` and ``told_twice``: facts with more than one. ``repeated``: records
    sent again under the id they had, which readers recognise. ``examples``: some of what is wrong."""

    events: int
    in_history: int
    refused: int
    lost: int
    postings: int
    posted_twice: int
    updates: int
    told_twice: int
    repeated: int
    examples: list[str] = []

    @property
    def good(self) -> bool:
        """Whether nothing is lost and nothing counts twice."""
        return not (self.lost or self.posted_twice or self.told_twice)


class KillReport(msgspec.Struct, frozen=True):
    """How a kill went so far. Times are UTC ms; None: not yet. ``waiting``: events that the stage has still to take;
    ``most_waiting``: the most there were; ``failed``: why there is no check."""

    stage: str
    by: str
    killed_at: int
    back_at: int | None = None
    waiting: int = 0
    most_waiting: int = 0
    caught_up_at: int | None = None
    check: KillCheck | None = None
    failed: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.check is not None or bool(self.failed)


class KillFolder:
    """The two files. ``data_dir``: the stack's."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FOLDER

    def make(self) -> None:
        """Begin to take requests. Raises OSError."""
        self.remove()
        self.path.mkdir(mode=0o700, parents=True)

    def remove(self) -> None:
        """Take no more."""
        shutil.rmtree(self.path, ignore_errors=True)

    def ask(self, request: KillRequest) -> None:
        """Leave a request for the supervisor. Raises Transient where none takes any, or one is waiting already."""
        draft = self.path / f".{secrets.token_hex(4)}"
        try:
            _write(draft, msgspec.json.encode(request))
            (self.path / REQUEST).hardlink_to(draft)
        except FileExistsError as error:
            raise Transient("another request is waiting: look again in a moment") from error
        except OSError as error:
            raise Transient(f"no stack takes the request ({error.strerror}): start one with shipsync up") from error
        finally:
            with suppress(OSError):
                draft.unlink()

    @property
    def pending(self) -> bool:
        """Whether a request waits."""
        return (self.path / REQUEST).exists()

    def taken(self, now_ms: int) -> KillRequest | None:
        """The request that waits, taken away; None where none does, or it is too old or names no such stage."""
        file = self.path / REQUEST
        try:
            found = msgspec.json.decode(file.read_bytes(), type=prepared(KillRequest))
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError):
            found = None
        file.unlink(missing_ok=True)
        if found is None or found.stage not in STAGES or abs(now_ms - found.asked_at) > REQUEST_SECONDS * 1000:
            return None
        return found

    def write(self, report: KillReport) -> None:
        """Replace the report, in one step. Raises OSError."""
        draft = self.path / ".report"
        _write(draft, msgspec.json.encode(report))
        draft.replace(self.path / REPORT)

    def report(self) -> KillReport | None:
        """The last kill's report; None where none was."""
        try:
            return msgspec.json.decode((self.path / REPORT).read_bytes(), type=prepared(KillReport))
        except (OSError, msgspec.DecodeError):
            return None


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as opened:
        opened.write(content)
