"""Which worker of pytest-xdist runs which test (``--dist loadscope``)."""

from __future__ import annotations

from functools import cache

from xdist.scheduler import LoadScopeScheduling

from tests.support.sources import ROOT


class BySharedFixture(LoadScopeScheduling):
    """Tests of a module with a fixture for all of them run on one worker, one after another; every other test runs on
    whichever worker is free. (xdist's own ``loadgroup`` groups nothing under pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if shares(module) else nodeid


@cache
def shares(module: str) -> bool:
    """Whether the module of this path keeps a fixture for all its tests."""
    return 'scope="module"' in (ROOT / module).read_text("utf-8")
