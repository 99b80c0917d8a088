"""Tests that share a stack run on one worker of pytest-xdist, all others on any."""

import pytest

from tests.support.scheduling import BySharedFixture


@pytest.mark.parametrize(("nodeid", "scope"), [
    ("tests/integration/test_gateway.py::test_one[a::b]", "tests/integration/test_gateway.py"),
    ("tests/rules/test_shape.py::test_one", "tests/rules/test_shape.py::test_one"),
])
def test_a_module_with_a_fixture_of_its_own_stays_together(nodeid: str, scope: str) -> None:
    assert BySharedFixture._split_scope(BySharedFixture.__new__(BySharedFixture), nodeid) == scope
