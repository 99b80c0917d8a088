"""Fixtures for every test. One that takes ``bootstrap`` runs on the embedded broker and on Apache Kafka.

Laws (Hypothesis) are held against 25 histories each, in CI 100, in ``make night`` 1,500: ``--hypothesis-profile``.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from connectors.embedded.broker import EmbeddedBroker
from tests.support.process_logs import ends_of_logs
from tests.support.topics import unique

PROFILES = {"dev": 25, "ci": 100, "night": 1_500}
for profile, histories in PROFILES.items():
    settings.register_profile(
        profile, settings.get_profile("default"), max_examples=histories, deadline=None, print_blob=True,
        derandomize=profile == "ci", suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
settings.load_profile("ci" if os.environ.get("CI") else "dev")

gc.disable()
"""While tests are collected: nothing of what that makes is garbage, and each look over it takes longer."""

LONGEST = (
    "tests/wheel/test_wheel.py", "tests/connectors/gateway/test_description.py", "tests/portal/test_description.py",
)
"""Tests that take longest of those without a broker: begun last, one would run on alone."""
BROKERS_UNTIL = 0.8
"""The share of a run in which tests on brokers begin: so that the last ones do not end alone."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadscope``: see ``tests/support/scheduling.py``."""
    if config.getoption("dist") != "loadscope":
        return None
    from tests.support.scheduling import BySharedFixture

    return BySharedFixture(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On several workers: the longest tests first, and those on brokers spread among the others, which have the cores
    while those wait."""
    if not hasattr(config, "workerinput"):
        return
    waiting = [item for item in items if item.get_closest_marker("broker") or item.get_closest_marker("kafka")]
    ids = {item.nodeid for item in waiting}
    computing = [item for item in items if item.nodeid not in ids]
    places = {item.nodeid: place * BROKERS_UNTIL / len(waiting) for place, item in enumerate(waiting)}
    places |= {item.nodeid: place / len(computing) for place, item in enumerate(computing)}
    items.sort(key=lambda item: (not item.nodeid.startswith(LONGEST), places[item.nodeid]))


def pytest_collection_finish() -> None:
    """Collects garbage again, and leaves out what was collected of tests: it stays to the end."""
    gc.enable()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows beside a failure how the logs of the test's own processes end."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and isinstance(folder, Path) and (shown := ends_of_logs(folder)):
        report.sections.append(("how its processes' logs end", shown))
    return report


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """The embedded broker, one for the whole run. Mark tests that use it with ``broker``."""
    with EmbeddedBroker(log=tmp_path_factory.mktemp("broker") / "broker.log") as started:
        yield started


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """Apache Kafka, one for the whole run. Mark tests that use it with ``kafka``."""
    from tests.support.kafka import start_kafka

    with start_kafka() as started:
        yield started.bootstrap


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.broker),
        pytest.param("kafka", marks=pytest.mark.kafka),
    ]
)
def bootstrap(request: pytest.FixtureRequest) -> str:
    """Bootstrap servers of a broker; each test runs once on either, as far as markers select it."""
    if request.param == "embedded":
        embedded: EmbeddedBroker = request.getfixturevalue("broker")
        return embedded.bootstrap
    kafka: str = request.getfixturevalue("kafka_bootstrap")
    return kafka


@pytest.fixture
def topic_name(request: pytest.FixtureRequest) -> str:
    """A topic name of this test alone."""
    return unique(request.node.originalname.removeprefix("test_")[:40])
