"""Every file and module the Makefile names exists."""

from __future__ import annotations

import re

from tests.support.sources import ROOT

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def test_every_file_of_the_laws_exists() -> None:
    found = re.search(r"^LAWS := \$\(addprefix (\S+?),(.+?)\)$", MAKEFILE, re.MULTILINE | re.DOTALL)
    assert found is not None
    names = [name for name in found[2].replace("\\\n", " ").split() if name]
    assert len(names) > 5
    assert [name for name in names if not (ROOT / found[1] / name).is_file()] == []


def test_every_module_a_target_runs_exists() -> None:
    names = re.findall(r"-m ((?:tests|benchmarks)(?:\.\w+)*)", MAKEFILE)
    assert len(names) > 5
    places = [ROOT / name.replace(".", "/") for name in names]
    assert [place for place in places if not place.with_suffix(".py").is_file() and not place.is_dir()] == []
