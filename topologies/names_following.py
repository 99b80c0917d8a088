"""Keeps a stage's names of carriers as master data has them: a thread reads the topic whole and then follows it."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from config import topics
from config.settings import Settings
from connectors.compacted import Reader
from connectors.mapping.carrier_names import CarrierNames
from connectors.registry import Registry
from streams.errors import ShipSyncError
from streams.model import MasterRecord

log = logging.getLogger(__name__)
LOOK_SECONDS, REST_SECONDS, END_SECONDS = 0.5, 2.0, 10.0


class NamesFollowing:
    """While it is open, the names follow. They are not ``ready`` until master data was read once."""

    def __init__(self, settings: Settings, registry: Registry, names: CarrierNames) -> None:
        self._settings, self._registry, self._names = settings, registry, names
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="carrier-names", daemon=True)

    def __enter__(self) -> NamesFollowing:
        self._names.ready = False
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(END_SECONDS)

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                self._read()
            except ShipSyncError as error:
                log.warning("carriers' names are as they were: %s", error)
                self._ended.wait(REST_SECONDS)

    def _read(self) -> None:
        reader = Reader(self._settings, self._registry, topics.MASTER_DATA, MasterRecord, self._learn)
        try:
            reader.to_the_end(self._ended.is_set)
            self._names.ready = True
            while not self._ended.is_set():
                reader.more(LOOK_SECONDS)
        finally:
            reader.close()

    def _learn(self, key: str, record: MasterRecord | None) -> None:
        del key
        if record is not None:
            self._names.learn(record)
