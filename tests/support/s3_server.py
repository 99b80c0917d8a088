"""S3Proxy, a server of the S3 API over a folder: jars of ``tests/s3/pom.xml``, started as a plain Java process."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.kafka_jars import RESOLVE_SECONDS, NoKafka, check_java
from tests.support.waiting import PATIENCE, eventually

FOLDER = Path(__file__).resolve().parent.parent / "s3"
POM, LIBS, STAMP = FOLDER / "pom.xml", FOLDER / "target" / "libs", FOLDER / "target" / "pom.sha256"
IDENTITY, CREDENTIAL, BUCKET = "clerk", "secret-of-clerk", "papers"


def classpath_or_skip() -> str:
    """The jars; skips the calling test where Java, Maven or the jars are not to be had."""
    try:
        check_java()
    except NoKafka as reason:
        pytest.skip(f"no S3 server here: {reason}")
    pom = hashlib.sha256(POM.read_bytes()).hexdigest()
    STAMP.parent.mkdir(exist_ok=True)
    with (STAMP.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not STAMP.exists() or STAMP.read_text() != pom:
            _resolve()
            STAMP.write_text(pom)
    return str(LIBS / "*")


class S3Server:
    """A server over a folder, which it finds as it was when it is started again."""

    def __init__(self, classpath: str, folder: Path) -> None:
        """Starts nothing yet."""
        self._classpath, self._folder = classpath, folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data" / BUCKET).mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        file = self._folder / "s3.properties"
        file.write_text("\n".join([
            f"s3proxy.endpoint={self.address}", "s3proxy.authorization=aws-v2-or-v4", f"s3proxy.identity={IDENTITY}",
            f"s3proxy.credential={CREDENTIAL}", "jclouds.provider=filesystem-nio2", "jclouds.identity=none",
            "jclouds.credential=none", f"jclouds.filesystem.basedir={self._folder / 'data'}",
        ]), "utf-8")
        with (self._folder / "s3.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["java", "-Xmx256m", "-cp", self._classpath, "org.gaul.s3proxy.Main", "--properties", str(file)],
                stdout=log, stderr=log,
            )
        eventually(self._answers)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "s3.log").read_text("utf-8")
        try:
            return httpx.get(self.address, trust_env=False, timeout=PATIENCE).status_code > 0
        except httpx.HTTPError:
            return False


def _resolve() -> None:
    if shutil.which("mvn") is None:
        pytest.skip("no S3 server here: mvn is not on the path")
    shutil.rmtree(LIBS, ignore_errors=True)
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RESOLVE_SECONDS, check=False)
    if done.returncode != 0:
        pytest.skip(f"no S3 server here: {(done.stdout + done.stderr)[-500:]}")
