"""The head of every context says what it reads, writes and owns, and it is true of the stage that runs it."""

from __future__ import annotations

import ast
import re

from config import topics
from connectors.carriers import discover
from tests.support.sources import ROOT, tree
from topologies.stages.catalogue import STAGES

VERSION = re.compile(r"\.v\d+$")
STATIC = {VERSION.sub("", topic.name) for topic in topics.STATIC}


def head(context: str) -> str:
    """The docstring of the context's ``__init__.py``."""
    return ast.get_docstring(tree(ROOT / "streams" / context / "__init__.py")) or ""


def named(context: str, verb: str) -> set[str]:
    """The topics behind this verb, without their versions; none where it is not said."""
    clauses = re.split(r"[.;](?:\s+|$)", head(context))
    return {topic for clause in clauses if clause.startswith(verb) for topic in re.findall(r"``([^`]+)``", clause)}


def test_every_stage_is_a_context_with_a_step() -> None:
    assert [name for name in STAGES if not (ROOT / "streams" / name / "step.py").exists()] == []


def test_what_a_context_reads_is_what_its_stage_reads() -> None:
    carriers = {carrier.feed: carrier for carrier in discover()}
    wrong = {}
    for name, stage in STAGES.items():
        reads = {VERSION.sub("", topic.name) for topic in stage.reads(carriers)}
        read = {"raw.<feed>"} if reads == {f"raw.{feed}" for feed in carriers} else reads
        if named(name, "Reads") != read:
            wrong[name] = named(name, "Reads") ^ read
    assert wrong == {}


def test_what_a_context_owns_is_its_stages_state() -> None:
    owned = {name: named(name, "Owns") for name in STAGES}
    states = {name: stage.app.state_topic for name, stage in STAGES.items()}
    kept = {name: {VERSION.sub("", state.name)} if state else set() for name, state in states.items()}
    assert {name: owned[name] ^ kept[name] for name in STAGES if owned[name] != kept[name]} == {}


def test_what_a_context_writes_are_topics_there_are() -> None:
    assert {name: named(name, "writes") - STATIC for name in STAGES if named(name, "writes") - STATIC} == {}
