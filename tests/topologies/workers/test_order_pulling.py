"""``shipsync pull orders`` as a process, with a broker and an ERP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from config import topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.ports import unused
from connectors.embedded.registry import serve
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import ErpCursor, Order
from tests.fakes.erp.odoo import DATABASE, KEY, Odoo
from tests.support.topics import read_all
from tests.support.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.broker


@contextmanager
def odoo_served() -> Iterator[Odoo]:
    """An Odoo on a thread of its own."""
    there, up, ending = Odoo(), threading.Event(), threading.Event()

    async def serving() -> None:
        async with there.running():
            up.set()
            await asyncio.to_thread(ending.wait)

    thread = threading.Thread(target=asyncio.run, args=(serving(),), daemon=True)
    thread.start()
    assert up.wait(PATIENCE)
    try:
        yield there
    finally:
        ending.set()
        thread.join(PATIENCE)


def ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as told:
        return b'\nshipsync_erp_orders_up{erp="main"} 1.0' in told.read()
    return False


def test_orders_come_by_a_command_and_go_on_after_a_kill(tmp_path: Path) -> None:
    server = serve("127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with odoo_served() as odoo, EmbeddedBroker() as broker:
        settings = Settings(
            _env_file=None, bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{server.server_port}",
            partitions=2, data_dir=tmp_path,
        )
        TopicAdmin(settings).create(topics.catalogue([]))
        registry = Registry(settings)
        orders, cursors = ValueCodec(topics.ERP_ORDERS, Order, registry), ValueCodec(
            topics.ERP_CURSORS, ErpCursor, registry)
        file = tmp_path / "erp.yaml"
        file.write_text(yaml.safe_dump({"erps": [{
            "name": "main", "kind": "rest", "declaration": "odoo", "address": odoo.url,
            "values": {"database": DATABASE}, "secrets": {"key": {"env": "ODOO_KEY"}}, "orders": {"every": "1s"},
        }]}), "utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")},
            "PYTHONPATH": str(ROOT), "COLUMNS": "200", "SHIPSYNC_BOOTSTRAP": broker.bootstrap, "ODOO_KEY": KEY,
            "SHIPSYNC_REGISTRY_URL": settings.registry.url, "SHIPSYNC_DATA_DIR": str(tmp_path),
            "SHIPSYNC_ERP_FILE": str(file),
        }
        command = [sys.executable, "-m", "topologies.cli.main", "pull", "orders"]

        def read() -> list[Order]:
            return [orders.decode(one.value()) for one in read_all(broker.bootstrap, topics.ERP_ORDERS.name)]

        once = subprocess.run(
            [*command, "--once", "--json"], env=environment, cwd=tmp_path, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )
        assert once.returncode == 0, once.stderr
        assert json.loads(once.stdout) == [{"erp": "main", "written": 1, "unchanged": 1, "refused": 0, "trouble": None}]
        assert [one.order_id for one in read()] == ["S00003"]

        (port,) = unused(1)
        process = subprocess.Popen(command, env={**environment, "SHIPSYNC_METRICS_PORT": str(port)}, cwd=tmp_path)
        try:
            eventually(lambda: ready(port))
            [order] = odoo.models["sale.order"]
            later = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
            odoo.models["sale.order"].append({**order, "id": 4, "name": "S00004", "write_date": later})
            eventually(lambda: "S00004" in {one.order_id for one in read()})
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE)
            order.update(state="cancel", write_date=later)
            process = subprocess.Popen(command, env=environment, cwd=tmp_path)
            eventually(lambda: ("S00003", "cancelled") in {(one.order_id, one.status) for one in read()})
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait(PATIENCE)
        [*_, last] = read_all(broker.bootstrap, topics.ERP_CURSORS.name)
        assert cursors.decode(last.value()).erp == "main"
    server.shutdown()
    server.server_close()
