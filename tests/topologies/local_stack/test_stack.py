"""The whole stack as processes: up, watched, played into by hand, bereft of its broker, and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from config import apps, topics
from config.settings import Settings
from connectors.carriers import discover
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.ports import is_free, unused
from connectors.embedded.stage_kill import KillFolder
from streams.kernel.errors import Fatal, Transient
from tests.support.topics import create_topic
from tests.support.waiting import PATIENCE, eventually
from topologies.demo.payloads import ups
from topologies.demo.stories import tell
from topologies.local_stack import services, stack_file
from topologies.local_stack.child_process import State
from topologies.local_stack.stack import Stack, on_free_ports

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.broker


def environment(**settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")}
    return {**inherited, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **settings}


def shipsync(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "topologies.cli.main", *arguments], capture_output=True, text=True, timeout=PATIENCE,
        env=environment(SHIPSYNC_DATA_DIR=str(folder), **settings), cwd=folder, check=False,
    )


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def pids(folder: Path) -> list[int]:
    noted = stack_file.running(folder)
    return [one.pid for one in noted.processes if one.pid is not None] if noted is not None else []


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with every stage, on free ports."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / apps.SHIPMENTS.app_id).mkdir()
    (folder / apps.SHIPMENTS.app_id / "of an earlier run").touch()
    with Stack(on_free_ports(Settings(data_dir=folder, partitions=2, feed_stale_factor=9.0))) as started:
        yield started


def test_everything_is_up_and_noted(stack: Stack) -> None:
    folder = stack.settings.state.data_dir
    noted = stack_file.running(folder)
    assert noted is not None
    assert [one.name for one in noted.processes] == [
        "broker", "valkey", "registry", *(app.name for app in apps.APPS), "pull-documents", "send", "views",
        "gateway", "portal",
    ]
    assert {one.state for one in noted.processes} == {State.UP.value}
    assert stack_file.resolve(Settings(data_dir=folder)).kafka.bootstrap == stack.settings.kafka.bootstrap
    assert not (folder / apps.SHIPMENTS.app_id / "of an earlier run").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows another process's environment")
def test_a_stage_gets_the_very_settings_the_stack_was_given(stack: Stack) -> None:
    stage = next(child for child in stack.children if child.spec.name == "feeds")
    entries = Path(f"/proc/{stage.pid}/environ").read_bytes().decode().split("\0")
    told = dict(entry.split("=", 1) for entry in entries if entry.startswith("SHIPSYNC_"))
    assert told["SHIPSYNC_FEED_STALE_FACTOR"] == "9.0"
    assert told["SHIPSYNC_PARTITIONS"] == "2"
    assert told["SHIPSYNC_METRICS_PORT"] == str(stage.spec.metrics_port)


def test_a_second_stack_on_the_same_data_is_refused_and_harms_nothing(stack: Stack) -> None:
    second = Stack(on_free_ports(stack.settings))
    with pytest.raises(Fatal, match=r"a stack is running already.*SHIPSYNC_DATA_DIR"):
        second.start()
    second.stop()
    assert stack_file.running(stack.settings.state.data_dir) is not None


def test_a_file_fed_is_seen_by_tail_and_status(stack: Stack, tmp_path: Path) -> None:
    folder = stack.settings.state.data_dir
    (tmp_path / "bad.json").write_text("{no json")
    feed = discover()[0].feed
    sent = shipsync(folder, "feed", feed, str(tmp_path / "bad.json"))
    assert sent.returncode == 0, sent.stderr
    assert "1 of 1 sent. See what became of them" in sent.stderr
    seen = shipsync(folder, "tail", "dlq.intake", "--from-beginning", "-n", "1", "--json")
    letter = json.loads(seen.stdout)
    assert (letter["reason"], letter["value"], letter["feed"]) == ("malformed", "{no json", feed)
    assert letter["correlation_id"] in sent.stdout
    cards = shipsync(folder, "tail", "dead.letters", "--from-beginning", "-n", "1", "--json")
    assert json.loads(cards.stdout)["value"]["correlation_id"] == letter["correlation_id"]
    status = json.loads(shipsync(folder, "status", "--json").stdout)
    intake = next(one for one in status["processes"] if one["name"] == "intake")
    assert intake["dead_letters"] == {"malformed": 1}
    assert intake["records"] == 1
    assert intake["per_second"] is not None
    assert isinstance(status["open_alerts"], list)
    shown = shipsync(folder, "status")
    assert "intake malformed 1" in shown.stdout


def test_a_key_picks_its_records_and_the_end_ends(stack: Stack) -> None:
    folder = stack.settings.state.data_dir
    other = shipsync(folder, "tail", "dead.letters", "--from-beginning", "--until-end", "--key", "nobody")
    assert (other.returncode, other.stdout) == (0, "")


def test_the_topics_are_as_declared_to_whom_declares_as_many_partitions(stack: Stack) -> None:
    folder = stack.settings.state.data_dir
    alike = shipsync(folder, "topics", "--check", SHIPSYNC_PARTITIONS="2")
    assert alike.returncode == 0, alike.stdout + alike.stderr
    assert "topics are as declared" in alike.stdout
    others = shipsync(folder, "topics", "--check", SHIPSYNC_PARTITIONS="3")
    assert others.returncode == 1
    assert f"{topics.CARRIER_EVENTS.name} has 2 partitions, 3 are declared" in others.stdout


def test_a_stage_that_is_killed_comes_back(stack: Stack) -> None:
    stage = next(child for child in stack.children if child.spec.name == "feeds")
    assert stage.process is not None
    stage.process.kill()
    eventually(lambda: stack.look() or stage.state is State.WAITING)
    eventually(lambda: stack.look() or stage.state is State.UP)
    noted = stack_file.running(stack.settings.state.data_dir)
    assert noted is not None
    assert next(one for one in noted.processes if one.name == "feeds").restarts == 1


def test_a_stage_killed_from_the_tower_comes_back_and_all_records_are_checked(stack: Stack, tmp_path: Path) -> None:
    ways = tell(5, time.time_ns() // 1_000_000, 12).journeys
    scans = [ups.push(way, scan) for way in ways if way.carrier == ups.CARRIER for scan in way.scans]
    for number, body in enumerate(scans):
        (tmp_path / f"{number}.json").write_bytes(body)
    kills = KillFolder(stack.settings.state.data_dir)
    asked = httpx.post(
        f"{stack.portal_url}/tower/stack/kill", data={"stage": "shipments"},
        headers={"sec-fetch-site": "same-origin"}, timeout=PATIENCE,
    )
    assert asked.status_code == 303, asked.text
    eventually(lambda: stack.look() or kills.report())
    assert shipsync(stack.settings.state.data_dir, "feed", "ups", str(tmp_path)).returncode == 0
    eventually(lambda: (report := kills.report()) is not None and report.waiting > 0, what="events wait")
    eventually(lambda: stack.look() or ((report := kills.report()) is not None and report.over), what="it is checked")
    report = kills.report()
    assert report is not None
    assert report.check is not None, report
    assert report.check.good, report
    assert report.check.events >= len(scans)
    assert report.back_at is not None
    assert report.killed_at < report.back_at
    assert report.caught_up_at is not None
    assert report.back_at <= report.caught_up_at
    page = httpx.get(f"{stack.portal_url}/tower/stack", timeout=PATIENCE).text
    assert "nothing lost, nothing twice" in page


def test_when_the_broker_dies_everything_starts_anew(tmp_path: Path) -> None:
    said: list[str] = []
    settings = on_free_ports(Settings(data_dir=tmp_path))
    with Stack(settings, stages=["feeds"], say=lambda _, what: said.append(what)) as stack:
        broker, twice = stack.children[0].process, 2 * len(stack.children)
        assert broker is not None
        broker.kill()
        stack.run(lambda: sum(what.startswith("up after") for what in said) == twice)
        assert all(child.state is State.UP for child in stack.children)
        assert "the embedded broker is gone and its topics with it: all starts anew" in said
    assert not (tmp_path / stack_file.NAME).exists()


def test_a_data_folder_that_cannot_be_made_is_fatal_and_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fatal, match=r"file/data cannot be written.*SHIPSYNC_DATA_DIR"):
        Stack(on_free_ports(Settings(data_dir=tmp_path / "file" / "data"))).start()


def test_a_start_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.local_stack.stack.STAGE_SECONDS", 0.0)
    stack = Stack(on_free_ports(Settings(data_dir=tmp_path)), stages=["feeds"])
    with pytest.raises(Transient, match="feeds did not come up"):
        stack.start()
    assert all(child.pid is None for child in stack.children)
    assert not (tmp_path / stack_file.NAME).exists()


def test_over_a_broker_of_somebody_else_only_stages_are_started(tmp_path: Path) -> None:
    said: list[str] = []
    with EmbeddedBroker() as broker:
        settings = Settings(bootstrap=broker.bootstrap, data_dir=tmp_path, partitions=3)
        create_topic(broker.bootstrap, topics.ERP_ORDERS.name, 1)
        stack = Stack(settings, external=True, stages=["intake"], say=lambda _, what: said.append(what))
        assert stack.start(until=lambda: any("partitions" in what for what in said)) is False
    assert f"{topics.ERP_ORDERS.name} has 1 partitions, 3 are declared" in "".join(said)
    assert {child.spec.name for child in stack.children} <= {"intake"}
    stack.stop()
    assert stack.settings.stage.session_timeout == Settings().stage.session_timeout


class Up:
    """``shipsync up`` as it is typed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.output = folder / "up.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "topologies.cli.main", "up", "--only", "feeds", *arguments], cwd=folder,
                env=environment(SHIPSYNC_DATA_DIR=str(folder)), stdout=output, stderr=output,
                start_new_session=True,
            )

    def says(self, words: str) -> None:
        eventually(lambda: words in self.output.read_text(), what=words)


@pytest.fixture
def base() -> int:
    """The first of some free consecutive ports."""
    beside = range(1, services.PORTS + 2)
    return eventually(lambda: next((port for port in unused(20) if all(is_free(port + more) for more in beside)), 0))


@pytest.fixture
def up(tmp_path: Path, base: int) -> Iterator[Up]:
    started = Up(tmp_path, "--ports", str(base), "--verbose")
    yield started
    if started.process.poll() is None:
        started.process.kill()
    started.process.wait()


def test_one_ctrl_c_stops_it_all_in_order(up: Up, base: int) -> None:
    up.says("Ctrl-C stops all")
    noted = stack_file.running(up.folder)
    assert noted is not None
    assert noted.bootstrap == f"127.0.0.1:{base}"
    assert noted.processes[-1].metrics_port == base + services.PORTS
    running = pids(up.folder)
    assert len(running) == 4
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE) == 0, up.output.read_text()
    assert all(gone(pid) for pid in running)
    assert not (up.folder / stack_file.NAME).exists()
    text = up.output.read_text()
    assert text.index("feeds  stopped") < text.index("broker  stopped")
    assert "killed" not in text
    assert "     broker | " in text


def test_ctrl_c_is_heard_while_it_starts(up: Up) -> None:
    up.says("feeds  starting")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE) == 0, up.output.read_text()
    assert "Ctrl-C stops all" not in up.output.read_text()
    assert not (up.folder / stack_file.NAME).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_supervisor_leaves_no_process_and_its_note_counts_for_nothing(up: Up) -> None:
    up.says("feeds  starting")
    running = pids(up.folder)
    up.process.kill()
    up.process.wait()
    eventually(lambda: all(gone(pid) for pid in running))
    assert (up.folder / stack_file.NAME).exists()
    assert stack_file.running(up.folder) is None
