"""Fixtures of the pollers' tests: a carrier's API on this machine, and a poller against it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.carrier_api import ONE_BY_ONE, CarrierApi, served
from tests.support.polling_scene import Act, Scene


@pytest.fixture
def api() -> Iterator[CarrierApi]:
    with served() as started:
        yield started


@pytest.fixture
def play(api: CarrierApi, tmp_path: Path) -> Callable[..., None]:
    """Runs what it is given on a new scene, and closes the poller."""

    def run(act: Act, how: str = ONE_BY_ONE, rates: str = "1000/s", concurrency: int = 1) -> None:
        async def main() -> None:
            scene = Scene(api, tmp_path, how, rates, concurrency)
            try:
                await act(scene)
            finally:
                await scene.poller.close(1)

        asyncio.run(main())

    return run
