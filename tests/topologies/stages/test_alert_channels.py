"""``channels`` of the file of alert rules: what is declared, and that a mistake is named by line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.kernel.errors import Fatal
from streams.paging.channels import Service, outbound_policy
from topologies.stages.alert_rules import PACKAGED, load

DECLARED = """
channels:
  integration: {service: slack, secret: SLACK_INTEGRATION}
  operations: {service: teams, secret: TEAMS_OPERATIONS, escalate: {after: 15m, to: pager}}
  back-office: {service: email, secret: MAIL_BACK_OFFICE, together_within: 10m, dry_run: true}
  pager: {service: pagerduty, secret: PAGERDUTY_KEY, api: https://events.eu.pagerduty.com, together_within: never}
"""


def rules(tmp_path: Path, channels: str = DECLARED) -> Path:
    path = tmp_path / "alerts.yaml"
    path.write_text(PACKAGED.read_text("utf-8") + channels, "utf-8")
    return path


def test_channels_are_read_with_their_patience(tmp_path: Path) -> None:
    channels = load(rules(tmp_path)).paging.channels
    assert sorted(channels) == ["back-office", "integration", "operations", "pager"]
    operations, pager = channels["operations"], channels["pager"]
    assert (operations.escalate_ms, operations.escalate_to) == (15 * 60_000, "pager")
    assert (pager.service, pager.within_ms, pager.api) == (Service.PAGERDUTY, 0, "https://events.eu.pagerduty.com")


def test_the_packaged_file_declares_none_so_nobody_is_told_outside() -> None:
    assert load().paging.channels == {}


def test_a_channel_on_dry_run_is_one_for_the_engine_and_none_is_ever_disabled(tmp_path: Path) -> None:
    policy = outbound_policy(load(rules(tmp_path)).paging)
    assert policy.dry_run == {"channel:back-office"}
    assert policy.disable_after is None


@pytest.mark.parametrize(("before", "after", "said"), [
    ("  pager: ", "  siren: ", "routes.0.escalate.channels: no channel is named 'pager'"),
    ("to: pager", "to: phone", "channels.operations.escalate.to: no channel is named 'phone'"),
    ("together_within: never}", "escalate: {after: 1h, to: operations}}",
     "escalate.to: operations -> pager -> operations is a circle"),
    ("to: pager", "to: operations", "operations -> operations is a circle"),
    ("SLACK_INTEGRATION", "https://hooks.slack.com/services/T/B/x", "channels.integration.secret: give the name of an"),
    ("SLACK_INTEGRATION", "SHIPSYNC_X", "may not begin with SHIPSYNC_"),
    ("service: slack,", "service: slack, api: https://slack.example,", "channels.integration.api: only"),
    ("service: slack", "service: fax", "channels.integration.service"),
    ("after: 15m", "after: soon", "channels.operations.escalate.after: 'soon' is no duration"),
])
def test_a_mistake_is_named_by_field(tmp_path: Path, before: str, after: str, said: str) -> None:
    path = rules(tmp_path, DECLARED.replace(before, after))
    with pytest.raises(Fatal) as error:
        load(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)
