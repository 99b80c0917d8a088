"""The store on a server of the S3 API: content once under its key, and what is said where it is away or refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.documents.store import ObjectStore
from streams.documents.content import store_key
from streams.kernel.errors import Transient
from tests.support.s3_server import BUCKET, CREDENTIAL, IDENTITY, S3Server, classpath_or_skip

DOCUMENT = "5e" * 32


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    made = S3Server(classpath_or_skip(), tmp_path)
    made.start()
    yield made
    made.kill()


def store(server: S3Server, secret: str = CREDENTIAL) -> ObjectStore:
    return ObjectStore(f"s3://{BUCKET}/proofs", {
        "endpoint": server.address, "access_key_id": IDENTITY, "secret_access_key": secret, "region": "us-east-1",
    })


def test_a_bucket_keeps_content_once_and_survives_the_death_of_its_server(server: S3Server, tmp_path: Path) -> None:
    async def walk() -> None:
        papers, key = store(server), store_key(DOCUMENT)
        assert await papers.get(key) is None
        for _ in range(2):
            await papers.put(key, b"%PDF-1.4 " + b"x" * 100_000)
        assert await papers.get(key) == b"%PDF-1.4 " + b"x" * 100_000
        files = [one for one in (tmp_path / "data" / BUCKET).rglob("*") if one.is_file()]
        assert [one.relative_to(tmp_path / "data" / BUCKET / "proofs").as_posix() for one in files] == [key]
        for work in (store(server, "wrong").put("other", b"x"), store(server, "wrong").get(key)):
            with pytest.raises(Transient, match="the store of documents does"):
                await work
        server.kill()
        with pytest.raises(Transient, match="does not take one"):
            await papers.put("later", b"y")
        with pytest.raises(Transient, match="does not answer"):
            await papers.get(key)
        server.start()
        assert await papers.get("later") is None
        await papers.put("later", b"y")
        assert (await papers.get("later"), len(await papers.get(key) or b"")) == (b"y", 100_009)

    asyncio.run(walk())
