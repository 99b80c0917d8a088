"""The pages over a sample installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.portal_afternoon import afternoon, written_at
from tests.support.portal_world import Portal, brands, portal
from tests.support.read_model_world import fill


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The read model of an ordinary afternoon; not to be written."""
    folder = tmp_path_factory.mktemp("portal") / "read-model"
    fill(folder, afternoon(), written_at)
    return folder


@pytest.fixture
def shown(model: Path, tmp_path: Path) -> Iterator[Portal]:
    """The application, and what is behind it."""
    made = portal(model, brands=brands(tmp_path))
    yield made
    made.store.close()


@pytest.fixture
def client(shown: Portal) -> TestClient:
    """Whoever looks at it."""
    return TestClient(shown.app, follow_redirects=False)
