"""A URL is shown without its credentials."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.masking import credentials_in, without_credentials

SECRET = st.text(st.characters(codec="ascii", exclude_characters="/?#@[]\\%", categories=["L", "N", "P"]), min_size=4)


@pytest.mark.parametrize(("url", "shown"), [
    ("redis://:geheim@redis:6379/0", "redis://redis:6379/0"),
    ("https://us:geheim@registry/apis?x=1&password=geheim", "https://registry/apis?x=1"),
    ("http://127.0.0.1:18081", "http://127.0.0.1:18081"),
    ("redis://us:ge@heim@redis/0", "redis://redis/0"),
    ("kafka-1:9092,kafka-2:9092", "kafka-1:9092,kafka-2:9092"),
    ("", ""),
    ("http://[", "(no valid URL)"),
])
def test_a_url_is_shown_without_its_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


@given(user=SECRET, password=SECRET)
def test_no_user_and_no_password_is_seen(user: str, password: str) -> None:
    assert without_credentials(f"redis://{user}:{password}@h:1/0?password={password}") == "redis://h:1/0"


def test_user_and_password_are_decoded() -> None:
    assert credentials_in("redis://us:p%2Fw@redis/0") == ("us", "p/w")
    assert credentials_in("redis://redis/0") == ("", "")
