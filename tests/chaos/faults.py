"""The faults: each acts on a scene while the load goes on, and returns once it has done its worst."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.scene import SESSION_SECONDS, Load, Scene
from tests.support.waiting import eventually

Act = Callable[[Scene, Load], None]
FROZEN_SECONDS = 2 * SESSION_SECONDS
AWAY_SECONDS = 10.0


class Fault(NamedTuple):
    """``name``: on the command line; ``what``: in the table; ``act``: does it."""

    name: str
    what: str
    act: Act


def _at(scene: Scene, load: Load, share: float) -> None:
    """Return once so much of the load is done."""
    del scene
    eventually(lambda: load.sent >= load.total * share, what=f"{share:.0%} of the load is sent", interval=0.02)


def _none(scene: Scene, load: Load) -> None:
    _at(scene, load, 0.5)


def _kills(scene: Scene, load: Load) -> None:
    for turn, share in enumerate((0.15, 0.3, 0.45, 0.6, 0.75)):
        _at(scene, load, share)
        name = ("one", "two")[turn % 2]
        scene.kill(name)
        scene.start(name)


def _kill_of_all(scene: Scene, load: Load) -> None:
    _at(scene, load, 0.4)
    for name in ("one", "two"):
        scene.kill(name)
    for name in ("one", "two"):
        scene.start(name)


def _rolling_stop(scene: Scene, load: Load) -> None:
    for share, name in ((0.25, "one"), (0.55, "two")):
        _at(scene, load, share)
        scene.stop(name)
        scene.start(name)
        scene.settled()


def _freezes(scene: Scene, load: Load) -> None:
    for share, name in ((0.2, "one"), (0.5, "two")):
        _at(scene, load, share)
        scene.freeze(name)
        time.sleep(FROZEN_SECONDS)  # the fault itself: longer than the group waits for a member
        scene.thaw(name)
        scene.settled()


def _broker_killed(scene: Scene, load: Load) -> None:
    _at(scene, load, 0.4)
    scene.broker.kill()
    time.sleep(AWAY_SECONDS)  # the fault itself
    scene.broker.start()


def _more_and_fewer(scene: Scene, load: Load) -> None:
    _at(scene, load, 0.2)
    scene.start("three")
    scene.settled()
    _at(scene, load, 0.5)
    scene.kill("one")
    _at(scene, load, 0.7)
    scene.stop("three")


def _disk_lost(scene: Scene, load: Load) -> None:
    """The local state of one worker is gone, a table of the other spoilt."""
    import shutil

    _at(scene, load, 0.4)
    for name in ("one", "two"):
        scene.kill(name)
    shutil.rmtree(scene.folder("one"))
    for table in sorted(scene.folder("two").rglob("*.sst")):
        whole = bytearray(table.read_bytes())
        whole[-200:-100] = bytes(100)
        table.write_bytes(whole)
    for name in ("one", "two"):
        scene.start(name)


FAULTS: dict[str, Fault] = {
    one.name: one for one in (
        Fault("none", "no fault", _none),
        Fault("kills", "5 × SIGKILL of a worker", _kills),
        Fault("all", "SIGKILL of all workers at once", _kill_of_all),
        Fault("rolling", "rolling stop (SIGTERM) of all workers", _rolling_stop),
        Fault("freezes", f"2 × SIGSTOP for {FROZEN_SECONDS:g} s, twice the session", _freezes),
        Fault("broker", f"Kafka killed, back after {AWAY_SECONDS:g} s", _broker_killed),
        Fault("scaling", "a worker added, one killed, one stopped", _more_and_fewer),
        Fault("disk", "all killed, one local state lost, one spoilt", _disk_lost),
    )
}
SHORT = ("kills", "freezes", "disk")
"""Those that tell most."""
