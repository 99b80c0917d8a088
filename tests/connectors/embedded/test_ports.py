"""Finding free ports and telling taken ones."""

from __future__ import annotations

import socket

import pytest

from connectors.embedded import ports
from connectors.embedded.ports import FIRST, LAST, is_free, listens, unused
from streams.kernel.errors import Transient


def test_a_port_somebody_listens_on_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listens(port)
        assert not is_free(port)
    assert not listens(port)


def test_unused_ports_differ_and_are_free() -> None:
    found = unused(7)
    assert len(set(found)) == 7
    assert all(FIRST <= port < LAST and is_free(port) for port in found)


def test_where_none_is_free_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", {}.get)
    with pytest.raises(Transient, match="--ports"):
        unused()
