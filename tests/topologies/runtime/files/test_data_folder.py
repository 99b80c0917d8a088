"""A worker's data folder: whose it is, and what is said where it cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.kernel.errors import Fatal
from tests.support.sources import ROOT
from topologies.runtime.files.data_folder import LOCK, held, writable

APP = "shipsync-feeds"
HOLDS = f"""
import sys
from pathlib import Path
from topologies.runtime.files.data_folder import held
with held(Path(sys.argv[1]), {APP!r}):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A folder of somebody else's, read by a user who is not root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o555)
        as_root = os.geteuid() == 0
        if as_root:
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            if as_root:
                os.seteuid(0)
            Path(name).chmod(0o755)


def test_a_folder_is_made_and_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with held(tmp_path / "new", APP):
            assert (tmp_path / "new" / APP / LOCK).read_text() == f"{os.getpid()}\n"


def test_workers_of_other_stages_share_the_data_folder(tmp_path: Path) -> None:
    with held(tmp_path, APP), held(tmp_path, "shipsync-intake"):
        pass


def test_a_folder_another_process_holds_is_refused_with_its_number(
    holder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    said = rf"{APP} is in use by process {holder.pid}: stop that worker, or set SHIPSYNC_DATA_DIR"
    with pytest.raises(Fatal, match=said), held(tmp_path, APP):
        pass


def test_a_killed_holder_frees_it(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    with held(tmp_path, APP):
        pass


@pytest.mark.parametrize("use", [lambda folder: held(folder, APP).__enter__(), writable], ids=["held", "writable"])
def test_a_folder_that_cannot_be_written_is_refused_with_the_remedy(use: object, foreign: Path) -> None:
    with pytest.raises(Fatal, match=rf"{foreign}.* cannot be written \(Permission denied\): set SHIPSYNC_DATA_DIR"):
        use(foreign)  # type: ignore[operator]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    with pytest.raises(Fatal, match=r"Not a directory.*SHIPSYNC_DATA_DIR"):
        writable(tmp_path / "var" / "deep")
    with pytest.raises(Fatal, match=r"SHIPSYNC_DATA_DIR"), held(tmp_path / "var", APP):
        pass


def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_stage_does_not_start_in_a_folder_that_is_held(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "topologies.cli.main", "stage", "feeds"], capture_output=True, text=True, check=False,
        cwd=ROOT, env={**os.environ, "SHIPSYNC_DATA_DIR": str(tmp_path), "SHIPSYNC_BOOTSTRAP": "127.0.0.1:1"},
    )
    assert done.returncode == 1
    assert f"in use by process {holder.pid}" in done.stderr
    assert "Traceback" not in done.stderr
