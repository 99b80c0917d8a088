"""``shipsync feed FEED PATH``: sends real carrier files as they are."""

from __future__ import annotations

import difflib
import mimetypes
import time
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import typer
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from rich.console import Console
from rich.progress import Progress

from config import headers, topics
from config import settings as configuration
from config.settings import Settings
from streams.errors import Fatal, Transient
from topologies import upfile

ACK_SECONDS = 30.0
EDI = {".edi": "application/edi-x12", ".x12": "application/edi-x12"}


def command(
    feed: Annotated[str, typer.Argument(help="The feed, e.g. ups.", show_default=False)],
    path: Annotated[Path, typer.Argument(help="A file, or a folder whose files are sent.", show_default=False)],
    channel: Annotated[str, typer.Option(help="What the records' channel header says.")] = "file",
    rate: Annotated[float, typer.Option(help="Most files a second; 0: no limit.", min=0)] = 0,
) -> None:
    """Send files as raw records of a feed, byte for byte, one record a file."""
    from connectors.carriers import discover

    known = sorted(carrier.feed for carrier in discover())
    if feed not in known:
        near = difflib.get_close_matches(feed, known, 1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"no feed {feed!r}{hint} The feeds are {', '.join(known)}", param_hint="FEED")
    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    if not files:
        raise typer.BadParameter(f"{path} holds no files", param_hint="PATH")
    sent = send(upfile.resolve(configuration.load()), feed, files, channel, rate)
    console = Console(highlight=False, soft_wrap=True)
    for file, where in sent:
        console.print(f"{file} -> {where}", markup=False)
    console.print(
        f"{len(sent)} sent. See what became of them: [bold]shipsync tail shipment.events --from-beginning[/],"
        " [bold]shipsync tail dlq.intake --from-beginning[/]"
    )


def send(
    settings: Settings, feed: str, files: list[Path], channel: str, rate: float
) -> list[tuple[Path, str]]:
    """Send and wait for the broker's acknowledgements; each file with where it lies now."""
    from connectors.topic_admin import largest_record

    producer = Producer({
        "enable.idempotence": True, "acks": "all", "message.max.bytes": largest_record(settings),
        "delivery.timeout.ms": int(ACK_SECONDS * 1000), **settings.librdkafka(),
    })
    sent: list[tuple[Path, str]] = []
    failed: list[str] = []

    def note(file: Path) -> object:
        def acknowledged(error: KafkaError | None, record: Message) -> None:
            if error is None:
                sent.append((file, f"{record.topic()}[{record.partition()}] @ {record.offset()}"))
            else:
                failed.append(f"{file}: {error.str()}")

        return acknowledged

    with Progress(transient=True) as progress:
        for file in progress.track(files, description=f"sending to {topics.raw(feed).name}"):
            _produce(producer, feed, file, channel, note(file))
            producer.poll(0)
            if rate:
                time.sleep(1 / rate)
        left = producer.flush(ACK_SECONDS)
    if left or failed:
        raise Transient(
            "; ".join(failed) or f"{left} files were not acknowledged: does a broker run at {settings.bootstrap}?"
        )
    return sent


def _produce(producer: Producer, feed: str, file: Path, channel: str, acknowledged: object) -> None:
    body = file.read_bytes()
    attached: list[tuple[str, str | bytes | None]] = [
        (headers.FEED, feed.encode()),
        (headers.CONTENT_TYPE, content_type(file).encode()),
        (headers.RECEIVED_AT, str(time.time_ns() // 1_000_000).encode()),
        (headers.CORRELATION_ID, blake2b(f"{file}{time.time_ns()}".encode(), digest_size=8).hexdigest().encode()),
        (headers.CHANNEL, channel.encode()),
    ]
    try:
        producer.produce(topics.raw(feed).name, body, headers=attached, on_delivery=acknowledged)  # type: ignore[arg-type]
    except KafkaException as error:
        raise Fatal(f"{file} ({len(body):,} bytes) cannot be sent: {error.args[0].str()}") from error


def content_type(file: Path) -> str:
    """What the file's name says it is; application/octet-stream where it says nothing."""
    guessed = EDI.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    return guessed or "application/octet-stream"
