"""Addresses of channels: from the environment or encrypted, and a missing one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings
from connectors.outbound.channels.secrets import ChannelSecrets, MissingSecret
from streams.kernel.errors import Fatal
from streams.paging.channels import Channel, PagingPolicy, Service

PAGER = Channel("pager", Service.PAGERDUTY, "PAGERDUTY_KEY")
URL = "https://hooks.example/secret"


def secrets(folder: Path, **environment: str) -> ChannelSecrets:
    return ChannelSecrets(Settings(_env_file=None, data_dir=folder), environment)


def test_a_variable_goes_before_the_file(tmp_path: Path) -> None:
    secrets(tmp_path).keep("PAGERDUTY_KEY", "from-the-file")
    assert secrets(tmp_path).of(PAGER) == "from-the-file"
    assert secrets(tmp_path, PAGERDUTY_KEY="from-outside").of(PAGER) == "from-outside"


def test_the_file_holds_no_secret_in_clear_and_is_for_this_user_alone(tmp_path: Path) -> None:
    file = secrets(tmp_path).keep("SLACK", URL)
    secrets(tmp_path).keep("OTHER", "another")
    assert URL not in file.read_text("utf-8")
    assert file.stat().st_mode & 0o077 == 0
    assert secrets(tmp_path).of(Channel("ops", Service.SLACK, "SLACK")) == URL


def test_every_missing_variable_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    quiet = Channel("quiet", Service.SLACK, "QUIET_URL", dry_run=True)
    ops = Channel("ops", Service.SLACK, "SLACK_URL")
    with pytest.raises(Fatal) as error:
        secrets(tmp_path).check(PagingPolicy({"pager": PAGER, "ops": ops, "quiet": quiet}))
    assert "environment variable PAGERDUTY_KEY" in str(error.value)
    assert "environment variable SLACK_URL" in str(error.value)
    assert "QUIET" not in str(error.value)


def test_a_file_of_another_key_says_so(tmp_path: Path) -> None:
    secrets(tmp_path).keep("PAGERDUTY_KEY", "x")
    (tmp_path / "outbound.key").unlink()
    secrets(tmp_path).keep("SLACK", URL)
    with pytest.raises(MissingSecret, match=r"PAGERDUTY_KEY in .* another key"):
        secrets(tmp_path).of(PAGER)
