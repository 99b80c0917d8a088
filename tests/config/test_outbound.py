"""Rates of destinations as they are declared."""

from __future__ import annotations

import pytest

from config.setting_group import SettingsError
from config.settings import Settings
from connectors.outbound.sending_rates import rates_of
from streams.resilience.token_bucket import Rate


def test_rates_are_read_by_name() -> None:
    settings = Settings(_env_file=None, outbound_rates="Smtp.example.com=10/s, slack=60/m,*=1/5s,channel:ops=250/d")
    assert rates_of(settings.outbound.rates) == {
        "smtp.example.com": Rate(10, 1_000), "slack": Rate(60, 60_000), "*": Rate(1, 5_000),
        "channel:ops": Rate(250, 86_400_000),
    }
    assert rates_of(Settings(_env_file=None).outbound.rates) == {}


@pytest.mark.parametrize("text", ["10/s", "a=10", "a=0/s", "a=10/w", "a=10/0s", "a=1/s,A=2/s", "a b=1/s", "https://a=1/s"])
def test_what_is_no_rate_is_refused_before_anything_is_sent(text: str) -> None:
    with pytest.raises(SettingsError, match="SHIPSYNC_OUTBOUND_RATES"):
        Settings(_env_file=None, outbound_rates=text)
