"""Content is judged by what it is, scanned, and kept by its hash."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from config.setting_group import SettingsError
from config.settings import Settings
from connectors.documents.content import checked, media_type_of
from connectors.documents.keeping import Keeping, Kept
from connectors.documents.scanning import Clamd, Command, NoScanner, Scanner, scanner_of
from connectors.documents.store import store_of
from streams.kernel.errors import Transient
from tests.support.document_inputs import EICAR, PAGE, PDF, PNG

MOST = 10_000


def taken(content: bytes, folder: Path, scanner: Scanner | None = None) -> Kept:
    store = store_of(Settings(documents_store=str(folder)))
    return asyncio.run(Keeping(store, scanner or NoScanner(), MOST).take(content))


@pytest.mark.parametrize(("content", "found", "refused"), [
    (PDF, "application/pdf", ""),
    (PNG, "image/png", ""),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20), "image/jpeg", ""),
    (b"II*\x00" + bytes(20), "image/tiff", ""),
    (b"GIF89a" + bytes(20), "image/gif", ""),
    (PAGE, "text/html", "its content is text/html; PDF, PNG, JPG, TIF, GIF are taken"),
    (b"<html>%PDF-1.4 %%EOF", "text/html", "its content is text/html; PDF, PNG, JPG, TIF, GIF are taken"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/svg+xml",
     "its content is image/svg+xml; PDF, PNG, JPG, TIF, GIF are taken"),
    (b"%PDF-1.4\n", "application/pdf", "it is a PDF without its end"),
    (b"hello", "", "its content is of no known type; PDF, PNG, JPG, TIF, GIF are taken"),
    (b"", "", "it is empty"),
    (PDF * MOST, "application/pdf", f"it has more than {MOST} bytes"),
])
def test_its_type_is_what_its_content_says(content: bytes, found: str, refused: str) -> None:
    one = checked(content, MOST)
    assert (one.media_type, one.refused) == (found, refused)
    assert (one.document_id, one.size) == (sha256(content).hexdigest(), len(content))


def test_it_is_kept_by_its_hash_and_read_again(tmp_path: Path) -> None:
    kept = taken(PDF, tmp_path)
    assert taken(PDF, tmp_path) == kept
    assert (tmp_path / kept.store_key).read_bytes() == PDF
    store = store_of(Settings(documents_store=str(tmp_path)))
    assert asyncio.run(store.get(kept.store_key)) == PDF
    assert asyncio.run(store.get("documents/00/none")) is None


def test_a_virus_is_put_aside_where_nothing_shows_it(tmp_path: Path) -> None:
    script = "import sys; found = b'EICAR' in sys.stdin.buffer.read(); print('Eicar-Test'); sys.exit(found)"
    scanner = Command(f'{sys.executable} -c "{script}"')
    infected = PDF + EICAR.encode()
    kept = taken(infected, tmp_path, scanner)
    assert (kept.refused, kept.store_key) == ("the virus scanner refused it: Eicar-Test", "")
    [aside] = (tmp_path / "quarantine").rglob(kept.document_id)
    assert aside.read_bytes() == infected
    assert not (tmp_path / "documents").exists()
    assert taken(PDF, tmp_path, scanner).refused == ""


@pytest.mark.parametrize("line", ["/no/such/scanner", f"{sys.executable} -c 'import sys; sys.exit(7)'"])
def test_a_scanner_that_does_not_work_keeps_nothing(tmp_path: Path, line: str) -> None:
    with pytest.raises(Transient, match="the virus scanner"):
        taken(PDF, tmp_path, Command(line))
    assert list(tmp_path.iterdir()) == []


def asked_clamd(answer: Callable[[bytes], bytes], content: bytes) -> str:
    """The scanner's word on content, from a clamd that heard the whole of it."""

    async def ask() -> str:
        heard = bytearray()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert await reader.readexactly(10) == b"zINSTREAM\0"
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                heard.extend(await reader.readexactly(size))
            writer.write(answer(bytes(heard)))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            return await Clamd(f"127.0.0.1:{server.sockets[0].getsockname()[1]}").refusal(content)

    return asyncio.run(ask())


def test_clamd_is_asked_in_its_own_protocol() -> None:
    large = PDF * 3_000

    def answer(heard: bytes) -> bytes:
        return b"stream: OK\0" if heard == large else b"stream: Eicar-Test-Signature FOUND\0"

    assert asked_clamd(answer, large) == ""
    assert asked_clamd(answer, PDF) == "the virus scanner found Eicar-Test-Signature"
    with pytest.raises(Transient, match="INSTREAM size limit exceeded"):
        asked_clamd(lambda _: b"INSTREAM size limit exceeded. ERROR\0", PDF)
    with pytest.raises(Transient, match="clamd does not answer"):
        asyncio.run(Clamd("/no/such/socket").refusal(PDF))


@pytest.mark.parametrize("given", ["clamd:", "clamd:host", "clamd:host:none", "'"])
def test_a_scanner_that_cannot_be_is_said_to_be_wrong(given: str) -> None:
    with pytest.raises(SettingsError, match="SHIPSYNC_DOCUMENTS_SCAN"):
        scanner_of(Settings(documents_scan=given))


@pytest.mark.parametrize(("store", "options", "why"), [
    ("ftp://x", None, "SHIPSYNC_DOCUMENTS_STORE"), ("s3://bucket", "[]", "SHIPSYNC_DOCUMENTS_STORE_OPTIONS"),
    ("s3://bucket", '{"no_such": "x"}', "SHIPSYNC_DOCUMENTS_STORE_OPTIONS"),
])
def test_a_store_that_cannot_be_is_said_to_be_wrong(store: str, options: str | None, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        store_of(Settings(documents_store=store, documents_store_options=options))


def test_bytes_of_every_kind_have_some_type() -> None:
    assert {media_type_of(bytes([one]) * 64) for one in range(256)}.isdisjoint({"application/pdf", "image/png"})
