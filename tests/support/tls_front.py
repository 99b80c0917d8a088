"""TLS before a server that has none: takes connections of clients with a certificate of the authority, and passes on
what they say."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.certificates import Authority
from tests.support.waiting import PATIENCE

HOST = "127.0.0.1"
BLOCK = 64 * 1024


@contextmanager
def tls_front(authority: Authority, behind: int) -> Iterator[int]:
    """The port on this machine where TLS is spoken; ``behind``: the port of the server itself."""
    pair = authority.sign("front")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.certificate)
    context.load_cert_chain(pair.certificate, pair.key)
    context.verify_mode = ssl.CERT_REQUIRED
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a client that is turned away

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, behind)
        with suppress(OSError):
            await asyncio.wait(
                [asyncio.ensure_future(_pass_on(reader, back)), asyncio.ensure_future(_pass_on(there, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        for end in (back, writer):
            end.close()

    server = loop.run_until_complete(asyncio.start_server(serve, HOST, 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(BLOCK):
        writer.write(part)
        await writer.drain()
