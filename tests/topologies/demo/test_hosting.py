"""Where the demo plays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings import Settings
from connectors.bookings import declared as bookings
from connectors.erp import declared as erps
from streams.fulfilment.policy import ProofNeeded
from topologies.demo.carrier_desk import carrier_desk
from topologies.demo.erp_desk import KEY, desk
from topologies.demo.hosting import books, for_the_demo, found, plays_all
from topologies.demo.scenes import MANUFACTURERS_CUSTOMER
from topologies.local_stack.stack_file import UpFile
from topologies.stages import alert_rules, fulfilment_rules


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SHIPSYNC_")]:
        monkeypatch.delenv(name)


def test_without_a_running_stack_or_a_named_broker_none_is_found(tmp_path: Path) -> None:
    assert found(Settings(data_dir=tmp_path)) is None


def test_the_stack_that_runs_with_the_data_directory_is_found(tmp_path: Path) -> None:
    note = UpFile(os.getpid(), "127.0.0.1:4", "http://127.0.0.1:5", "redis://127.0.0.1:6/0", "127.0.0.1", 0, [])
    note.write(tmp_path)
    settings = found(Settings(data_dir=tmp_path))
    assert settings is not None
    assert (settings.kafka.bootstrap, settings.registry.url) == ("127.0.0.1:4", "http://127.0.0.1:5")


def test_a_broker_named_in_the_settings_is_played_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSYNC_BOOTSTRAP", "kafka.example.com:9092")
    settings = found(Settings(data_dir=tmp_path))
    assert settings is not None
    assert settings.kafka.bootstrap == "kafka.example.com:9092"


def test_a_stack_of_the_demos_own_has_its_carriers_and_waits_less(tmp_path: Path) -> None:
    made = for_the_demo(Settings(data_dir=tmp_path / "new"))
    assert plays_all(made)
    rules, packaged = alert_rules.load(made.monitoring.alerts_file), alert_rules.load(None)
    assert rules.until_heard_for_ms < packaged.until_heard_for_ms
    assert rules.norms_at_least < packaged.norms_at_least
    assert rules.after_silence_ms == packaged.after_silence_ms


def test_rules_and_carriers_that_are_given_stay(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    made = for_the_demo(Settings(data_dir=tmp_path, alerts_file=rules, carriers_dir=tmp_path))
    assert (made.monitoring.alerts_file, made.intake.carriers_dir) == (rules, tmp_path)
    assert not plays_all(made)
    assert list(tmp_path.iterdir()) == []


def test_a_stack_of_the_demos_own_posts_into_the_demos_erp_and_one_customer_needs_a_proof(tmp_path: Path) -> None:
    with desk() as there:
        made = for_the_demo(Settings(data_dir=tmp_path / "new"), there)
    [one] = erps.load(made.erp.file)
    assert (one.address, one.secrets["key"].read()) == (there.address, KEY)
    policies = fulfilment_rules.load(made.fulfilment.file)
    assert policies.default.proof is ProofNeeded.NONE
    assert policies.of(MANUFACTURERS_CUSTOMER).proof is ProofNeeded.ANY
    (tmp_path / "own.yaml").write_text("erps: []\n", "utf-8")
    given = for_the_demo(Settings(data_dir=tmp_path, erp_file=tmp_path / "own.yaml"), there)
    assert given.erp.file == tmp_path / "own.yaml"


def test_a_stack_of_the_demos_own_books_with_the_demos_carriers(tmp_path: Path) -> None:
    with carrier_desk() as there:
        made = for_the_demo(Settings(data_dir=tmp_path / "new"), carriers=there)
    rules = bookings.load(made.bookings.file)
    assert rules.partners["meridian"].channel.address == f"{there.address}/meridian/bookings"
    assert books(made)
    (tmp_path / "own.yaml").write_text("carriers: {}\n", "utf-8")
    assert not books(for_the_demo(Settings(data_dir=tmp_path, bookings_file=tmp_path / "own.yaml"), carriers=there))
    assert not books(for_the_demo(Settings(data_dir=tmp_path / "none")))
