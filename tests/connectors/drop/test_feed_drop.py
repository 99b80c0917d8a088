"""One file that makes trouble holds up no other, also at the next start."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from prometheus_client import REGISTRY

from config.settings import Settings
from connectors.carriers import Carrier, discover
from connectors.drop.alarm import Alarm
from connectors.drop.folder import DropFolder
from connectors.drop.sender import Sender, Sent
from connectors.drop.watcher import Watcher
from streams.kernel.errors import Fatal, Transient

CARRIERS = {carrier.feed: carrier for carrier in discover()}
FEEDS = ("fedex", "gls")


class Sending:
    """Sends what it can; what its name says goes wrong."""

    def send(self, folder: DropFolder, carrier: Carrier, claimed: Path, now_ms: int) -> Sent:
        del carrier, now_ms
        if claimed.name.startswith("broker"):
            raise Transient("no broker")
        if claimed.name.startswith("full"):
            raise OSError(errno.ENOSPC, "No space left on device")
        if claimed.name.startswith("fault"):
            raise ZeroDivisionError("a fault of ours")
        if claimed.name.startswith("gone"):
            claimed.unlink()
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(claimed))
        return Sent(folder.archive(claimed, "0" * 64), 1)

    def close(self) -> None:
        """Nothing to do."""


class Listening:
    """Keeps the signals; writes none while ``away``."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, str]] = []
        self.away = False

    def tell(self, feed: str, count: int, newest: str, since_ms: int, now_ms: int) -> bool:
        assert 0 < since_ms <= now_ms
        if not self.away:
            self.told.append((feed, count, newest))
        return not self.away

    def close(self) -> None:
        """Nothing to do."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for feed in FEEDS:
        (tmp_path / feed / "inbox").mkdir(parents=True)
        (tmp_path / feed / "inbox" / "zz.json").write_bytes(b"{}")
    return tmp_path


def watcher(root: Path, alarm: Listening | None = None) -> Watcher:
    settings = Settings(_env_file=None, drop_dir=root, drop_unchanged=0)
    hearing = cast(Alarm, alarm or Listening())
    return Watcher(settings, [CARRIERS[feed] for feed in FEEDS], cast(Sender, Sending()), hearing)


def taken(root: Path, looks: int = 3) -> list[str]:
    watching = watcher(root)
    try:
        return [sent.code or sent.file.name for _ in range(looks) for sent in watching.look()]
    finally:
        watching.close()


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def where(root: Path, name: str) -> str:
    [found] = root.rglob(name)
    return found.parent.name


@pytest.mark.parametrize("trouble", ["broker", "full"])
def test_one_that_has_to_wait_stays_claimed_and_the_others_go_on(trouble: str, root: Path) -> None:
    (root / "fedex" / "inbox" / f"{trouble}.json").write_bytes(b"{}")
    before = counted("shipsync_drop_files_total", feed="fedex", outcome="waiting")
    assert taken(root) == ["zz.json", "zz.json"]
    assert where(root, f"{trouble}.json") == "claimed"
    assert counted("shipsync_drop_files_total", feed="fedex", outcome="waiting") > before
    (root / "fedex" / "inbox" / "next.json").write_bytes(b"{}")
    assert taken(root) == ["next.json"]


def test_one_we_fail_on_is_put_into_quarantine(root: Path) -> None:
    (root / "fedex" / "inbox" / "fault.json").write_bytes(b"{}")
    before = counted("shipsync_drop_refused_total", feed="fedex", reason="internal")
    assert taken(root) == ["internal", "zz.json", "zz.json"]
    assert where(root, "fault.json") == "quarantine"
    assert "ZeroDivisionError" in (root / "fedex" / "quarantine" / "fault.json.reason.json").read_text("utf-8")
    assert counted("shipsync_drop_refused_total", feed="fedex", reason="internal") == before + 1
    assert taken(root) == []


def test_one_that_vanishes_is_told_and_no_more(root: Path) -> None:
    (root / "fedex" / "inbox" / "gone.json").write_bytes(b"{}")
    before = counted("shipsync_drop_files_total", feed="fedex", outcome="vanished")
    assert taken(root) == ["zz.json", "zz.json"]
    assert counted("shipsync_drop_files_total", feed="fedex", outcome="vanished") == before + 1


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize(("make", "reason"), [(pipe, "special_file"), (link, "symbolic_link")])
def test_what_is_no_file_is_put_into_quarantine_and_told(make: Callable[[Path], None], reason: str, root: Path) -> None:
    make(root / "fedex" / "inbox" / "a.json")
    before = counted("shipsync_drop_refused_total", feed="fedex", reason=reason)
    assert taken(root) == [reason, "zz.json", "zz.json"]
    assert where(root, "a.json") == "quarantine"
    assert counted("shipsync_drop_refused_total", feed="fedex", reason=reason) == before + 1


def test_a_feed_whose_folder_cannot_be_used_holds_up_no_other(root: Path) -> None:
    watching = watcher(root)
    (root / "fedex" / "claimed").rmdir()
    (root / "fedex" / "claimed").symlink_to("/etc")
    watching.look()
    assert [sent.file.parent.parent.parent.name for sent in watching.look()] == ["gls"]
    assert counted("shipsync_drop_watched", feed="fedex") == 0
    (root / "fedex" / "claimed").unlink()
    watching.look()
    assert [sent.file.parent.parent.parent.name for sent in watching.look()] == ["fedex"]
    assert counted("shipsync_drop_watched", feed="fedex") == 1
    watching.close()


def test_where_no_feed_has_a_folder_the_watch_does_not_begin(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fatal, match="SHIPSYNC_DROP_DIR"):
        watcher(tmp_path / "file")


def test_refused_files_are_signalled_until_the_quarantine_is_empty(root: Path) -> None:
    alarm = Listening()
    watching = watcher(root, alarm)
    watching.look()
    assert alarm.told == []
    alarm.away = True
    (root / "fedex" / "inbox" / "a.json").symlink_to("/etc/hostname")
    watching.look()
    alarm.away = False
    watching.look()
    watching.look()
    assert alarm.told == [("fedex", 1, "a.json")]
    assert counted("shipsync_drop_quarantined_files", feed="fedex") == 1
    watching.close()
    for path in (root / "fedex" / "quarantine").glob("a.json*"):
        path.unlink()
    watching = watcher(root, alarm)
    watching.look()
    watching.look()
    assert alarm.told[1:] == [("fedex", 0, "")]
    watching.close()
