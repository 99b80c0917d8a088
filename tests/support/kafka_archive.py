"""``python -m tests.support.kafka_archive``: keep the classes of a broker as Java has loaded and checked them.

Brokers that start with them need half the time (Java's class data sharing). Without them, or where they are of other
jars or another Java, brokers start as ever.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support import kafka_jars
from tests.support.kafka import ApacheKafka, KafkaDown
from tests.support.waiting import PATIENCE

MADE_OF = kafka_jars.CLASSES.with_suffix(".sha256")


def is_current() -> bool:
    """Whether what is kept is of these jars, in this place, and of this Java."""
    return kafka_jars.CLASSES.exists() and MADE_OF.exists() and MADE_OF.read_text() == _made_of()


def make() -> None:
    """Run a broker from start to end and keep its classes. Raises NoKafka or KafkaDown."""
    classpath = kafka_jars.classpath()
    for stale in (kafka_jars.CLASSES, MADE_OF):
        stale.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="shipsync-kafka-") as folder:
        broker = ApacheKafka(Path(folder), classpath)
        broker.format()
        broker.java_options = [f"-XX:ArchiveClassesAtExit={kafka_jars.CLASSES}"]
        try:
            broker.start()
        finally:
            broker.stop(PATIENCE)
        if not kafka_jars.CLASSES.exists():
            raise KafkaDown(f"Java kept no classes. The broker's log ends:\n{broker.log_tail()}")
    MADE_OF.write_text(_made_of())


def _made_of() -> str:
    java = subprocess.run(["java", "-version"], capture_output=True, timeout=PATIENCE, check=True).stderr
    place = str(kafka_jars.LIBS).encode()
    return hashlib.sha256(kafka_jars.STAMP.read_bytes() + place + java).hexdigest()


def main() -> None:
    """Keep the classes where they are not kept yet; where that cannot be, say why."""
    try:
        kafka_jars.classpath()
        if not is_current():
            make()
    except (kafka_jars.NoKafka, KafkaDown) as reason:
        print(f"Brokers start without the classes kept of an earlier one: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
