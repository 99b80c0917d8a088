"""An installation's own carriers: found beside the packaged ones; a wrong layout is said with path and remedy."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.settings import Settings
from connectors.carriers import HOME, CarrierFileError, discover, enabled_carriers, folders
from streams.kernel.errors import Fatal

HERMES = (HOME / "hermes" / "carrier.yaml").read_text("utf-8")
CODE = """
from dataclasses import dataclass

@dataclass
class Own:
    mapped: object

def adapter(carrier):
    return Own(carrier.adapter)
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with one carrier, acme."""
    home = tmp_path / "own"
    add(home, "acme")
    return home


def add(home: Path, name: str, text: str | None = None) -> Path:
    folder = home / name
    folder.mkdir(parents=True)
    given = HERMES.replace("feed: hermes", f"feed: {name}").replace("carrier: hermes", f"carrier: {name}")
    (folder / "carrier.yaml").write_text(given if text is None else text, "utf-8")
    return folder


def said(own: Path, packaged: Path = HOME) -> str:
    with pytest.raises(Fatal, match=r"^SHIPSYNC_CARRIERS_DIR:") as raised:
        folders(packaged, own)
    return str(raised.value)


def test_own_carriers_stand_beside_the_packaged_ones(own: Path) -> None:
    feeds = [one.feed for one in discover(own=own)]
    assert feeds == sorted([*(one.feed for one in discover()), "acme"], key=lambda feed: feed)
    enabled = enabled_carriers(Settings(carriers_dir=own, feeds=("acme", "ups")).intake)
    assert [one.feed for one in enabled] == ["acme", "ups"]
    with pytest.raises(Fatal, match="no feed 'acme'"):
        enabled_carriers(Settings(feeds=("acme",)).intake)


def test_an_own_carrier_of_the_same_name_takes_the_place_of_ours_and_that_is_logged(own: Path) -> None:
    add(own, "hermes", HERMES.replace("\nname: ", "\nname: Our "))
    with capture_logs() as logged:
        [hermes] = [one for one in discover(own=own) if one.feed == "hermes"]
    assert hermes.name.startswith("Our ")
    [line] = [one for one in logged if one.get("carrier") == "hermes"]
    assert (line["log_level"], line["folder"]) == ("info", str(own / "hermes"))


def test_two_folders_cannot_have_one_feed(own: Path) -> None:
    add(own, "other", HERMES)
    said_of_it = r"own/other/carrier.yaml:\d+: feed: 'hermes' is the feed of hermes already"
    with pytest.raises(CarrierFileError, match=said_of_it):
        discover(own=own)


def test_own_code_takes_the_place_of_the_mapped_adapter(own: Path) -> None:
    (own / "acme" / "parse.py").write_text(CODE)
    [acme] = [one for one in discover(own=own) if one.feed == "acme"]
    assert type(acme.adapter).__name__ == "Own"
    (own / "acme" / "parse.py").write_text("import nothing_of_this_name")
    with pytest.raises(Fatal, match=r"own/acme/parse.py: ModuleNotFoundError"):
        discover(own=own)


def test_notes_cases_and_hidden_entries_are_no_faults(own: Path) -> None:
    (own / "README.md").touch()
    (own / "..data").mkdir()
    (own / "acme" / "cases").mkdir()
    (own / "acme" / ".swp").touch()
    (own / "acme" / "__pycache__").mkdir()
    assert [folder.name for folder in folders(HOME.parent, own)] == ["acme"]


def test_a_folder_that_is_not_there_or_none_is_said(tmp_path: Path) -> None:
    assert f"{tmp_path / 'gone'} does not exist: name the folder of" in said(tmp_path / "gone")
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} is no folder" in said(tmp_path / "file")


@pytest.mark.parametrize(("name", "fix"), [
    ("acme/carrier.yml", "call it carrier.yaml"), ("acme/Carrier.yaml", "call it carrier.yaml"),
    ("acme/sample.json", "move it away, or into cases/ if it is a sample"),
])
def test_a_stray_file_is_named_with_what_to_do(own: Path, name: str, fix: str) -> None:
    if "arrier" in name:
        (own / "acme" / "carrier.yaml").rename(own / name)
    (own / name).touch()
    assert f"{own / name} does not belong there: {fix}" in said(own)


def test_a_file_beside_the_folders_is_named(own: Path) -> None:
    shutil.copy(own / "acme" / "carrier.yaml", own / "acme.yaml")
    assert f"{own / 'acme.yaml'} is a file: a carrier is a folder with a carrier.yaml; move the file" in said(own)


@pytest.mark.parametrize("name", ["Acme", "acme-express", "a", "x" * 41])
def test_a_bad_name_is_said(own: Path, name: str) -> None:
    add(own, name)
    assert f"{own / name}: rename it: a carrier's folder has 2 to 40 lower case letters" in said(own)


def test_every_fault_is_said_at_once(own: Path) -> None:
    (own / "empty").mkdir()
    (own / "stray").touch()
    lines = said(own).splitlines()
    assert lines[1:] == [
        f"  {own / 'empty'} has no carrier.yaml: write one (`shipsync carrier new`), or remove the folder",
        f"  {own / 'stray'} is a file: a carrier is a folder with a carrier.yaml; move the file into one, or away",
    ]


def test_an_edited_file_takes_the_place_of_its_feeds(own: Path, tmp_path: Path) -> None:
    edited = tmp_path / "draft.yaml"
    text = (own / "acme" / "carrier.yaml").read_text("utf-8")
    edited.write_text(text.replace("name: Hermes", "name: Edited"), "utf-8")
    [acme] = [one for one in discover(own / "none", own, edited) if one.feed == "acme"]
    assert acme.name.startswith("Edited")
    new = add(tmp_path / "elsewhere", "newcomer") / "carrier.yaml"
    assert [one.feed for one in discover(own / "none", own, new)] == ["acme", "newcomer"]


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder with one carrier, read by a user who is not root."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        add(Path(name), "acme")
        as_root = os.geteuid() == 0
        if as_root:
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            if as_root:
                os.seteuid(0)
            for path in (Path(name), *Path(name).rglob("*")):
                path.chmod(0o755)


@pytest.mark.parametrize("name", [".", "acme", "acme/carrier.yaml"])
def test_an_unreadable_file_is_named(unprivileged: Path, name: str) -> None:
    user = os.geteuid()
    os.seteuid(os.getuid())
    (unprivileged / name).chmod(0)
    os.seteuid(user)
    with tempfile.TemporaryDirectory(dir="/tmp") as packaged:
        told = said(unprivileged, Path(packaged))
    assert f"{unprivileged / name} cannot be read (Permission denied): let this user read it" in told
