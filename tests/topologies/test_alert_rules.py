"""How long to wait before an alert: the packaged file, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import Fatal
from streams.vocabulary import TERMINAL, Status
from topologies.alert_rules import PACKAGED, load


def test_the_packaged_file_waits_for_every_status_a_shipment_can_stand_still_in() -> None:
    rules = load()
    waits = rules.patience.stalled
    standing = set(Status) - TERMINAL - {Status.PLANNED, Status.UNKNOWN, Status.TRACKING_EXPIRED}
    assert set(waits) == standing
    assert waits[Status.OUT_FOR_DELIVERY] == 86_400_000
    assert (rules.after_silence_ms, rules.until_heard_for_ms) == (1_800_000, 900_000)
    assert (rules.patience.factor, rules.patience.at_risk, rules.patience.learn) == (1.5, 86_400_000, 86_400_000)
    assert (rules.norms_at_least, rules.edi_unacknowledged_ms) == (50, 86_400_000)


def test_never_is_never(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(PACKAGED.read_text("utf-8").replace("proof_missing: 3d", "proof_missing: never"), "utf-8")
    assert load(file).patience.proof_missing is None
    assert load(file).patience.late == 7_200_000


def test_of_a_file_without_norms_and_edi_nothing_is_learnt_or_awaited(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    text = PACKAGED.read_text("utf-8").replace("edi_unacknowledged: 1d", "")
    file.write_text(text[: text.index("norms:")], "utf-8")
    rules = load(file)
    assert (rules.patience.at_risk, rules.patience.learn, rules.edi_unacknowledged_ms) == (None, None, None)


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("at_least: 50", "at_least: 0", "norms: at_least is a whole number and factor a number, both above 0"),
        ("learn_after: 1d", "learn_after: later", "norms.learn_after: 'later' is no duration"),
        ("late: 2h", "late: soon", "late: 'soon' is no duration; write 90s, 15m, 2h, 3d or never"),
        ("late: 2h", "latest: 2h", "latest"),
        ("  in_transit: 4d", "  in_motion: 4d", "in_motion"),
        ("after_silence: 30m", "after_silence: never", "give durations"),
    ],
)
def test_a_wrong_file_is_refused_by_file_and_field(tmp_path: Path, was: str, is_now: str, said: str) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(PACKAGED.read_text("utf-8").replace(was, is_now), "utf-8")
    with pytest.raises(Fatal) as caught:
        load(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"none\.yaml"):
        load(tmp_path / "none.yaml")
