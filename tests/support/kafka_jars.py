"""Apache Kafka's jars, resolved by Maven from ``tests/kafka/pom.xml`` into ``tests/kafka/target/libs``.

``python -m tests.support.kafka_jars`` resolves them ahead of a test run, so that no test waits for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.waiting import PATIENCE

FOLDER = Path(__file__).resolve().parent.parent / "kafka"
POM = FOLDER / "pom.xml"
LIBS = FOLDER / "target" / "libs"
STAMP = FOLDER / "target" / "pom.sha256"
CLASSES = FOLDER / "target" / "classes.jsa"
"""The classes of a broker as Java has loaded them: see ``tests/support/kafka_archive.py``."""
OLDEST_JAVA = 17
RESOLVE_SECONDS = 600


class NoKafka(Exception):
    """Apache Kafka cannot be had on this machine; the text says what is missing."""


def required(environment: Mapping[str, str]) -> bool:
    """Whether tests on Apache Kafka must run here: in CI, or where SHIPSYNC_REQUIRE_KAFKA asks for it."""
    off = {"", "0", "false"}
    return any(environment.get(name, "").lower() not in off for name in ("CI", "SHIPSYNC_REQUIRE_KAFKA"))


def classpath_or_skip() -> str:
    """:func:`classpath` for a test: skips it, saying why, or fails it where Apache Kafka is required."""
    try:
        return classpath()
    except NoKafka as reason:
        skip_or_fail(str(reason))


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the calling test; where Apache Kafka is required fail it instead."""
    if required(os.environ):
        pytest.fail(f"Apache Kafka is required (CI or SHIPSYNC_REQUIRE_KAFKA): {reason}", pytrace=False)
    pytest.skip(f"no Apache Kafka here: {reason}")


def classpath() -> str:
    """The ``java -cp`` value that runs a broker; resolves the jars first where they are not those of the pom.

    Raises NoKafka where Java, Maven or the jars are not to be had.
    """
    check_java()
    pom = hashlib.sha256(POM.read_bytes()).hexdigest()
    STAMP.parent.mkdir(exist_ok=True)
    with (STAMP.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not STAMP.exists() or STAMP.read_text() != pom:
            resolve()
            STAMP.write_text(pom)
    return str(LIBS / "*")


def check_java() -> None:
    """Return where a Java that runs the broker is on the path; raise NoKafka where none is."""
    if shutil.which("java") is None:
        raise NoKafka(f"java is not on the path; install Java {OLDEST_JAVA} (openjdk-17-jre-headless)")
    answer = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    version = re.search(r'version "(\d+)', answer.stderr)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise NoKafka(f"java is too old, Kafka needs {OLDEST_JAVA}: {answer.stderr.strip()}")


def resolve() -> None:
    """Copy the jars of the pom into LIBS, which then holds nothing else. Raises NoKafka."""
    if shutil.which("mvn") is None:
        raise NoKafka("mvn is not on the path; install Maven (package maven)")
    shutil.rmtree(LIBS, ignore_errors=True)
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RESOLVE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise NoKafka(f"{' '.join(command)} did not end within {RESOLVE_SECONDS} s") from error
    if done.returncode != 0:
        raise NoKafka(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def main() -> int:
    """Resolve the jars. Exit code 1 only where Apache Kafka is required and cannot be had."""
    try:
        classpath()
    except NoKafka as reason:
        if required(os.environ):
            print(f"Apache Kafka is required (CI or SHIPSYNC_REQUIRE_KAFKA): {reason}", file=sys.stderr)
            return 1
        print(f"No Apache Kafka here, its tests will be skipped: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
