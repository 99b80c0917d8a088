"""Addresses of people are checked where they are given, and shown without what is personal or secret."""

from __future__ import annotations

import pytest

from connectors.outbound.recipients import HOSTED, WrongAddress, chat, chat_shown, email, email_shown


@pytest.mark.parametrize(("given", "found"), [
    ("ann@example.com", "ann@example.com"), (" Ann.B+x@EXAMPLE.com ", "Ann.B+x@example.com"),
    ("ann@münchen.de", "ann@xn--mnchen-3ya.de"),
])
def test_an_address_is_taken(given: str, found: str) -> None:
    assert email(given) == found


@pytest.mark.parametrize("given", [
    "", "ann", "@example.org", "ann@", "ann@localhost", "ann@127.0.0.1", "a@b@c.de", "ann@exa mple.com",
    "ann\r\nBcc: eve@example.com", "ann@example.com\r\nBcc: x", "ann@example.com, eve@example.com", "<ann@example.com>",
    '"ann"@example.com', "änn@example.com", "a" * 65 + "@example.com", "a@" + "b" * 64 + ".com", "a@b..de", ".a@b.de",
    "a@" + ".".join(["b" * 60] * 5), "a@-b.de",
])
def test_an_address_that_is_none_is_not_repeated(given: str) -> None:
    with pytest.raises(WrongAddress) as raised:
        email(given)
    assert not given.strip() or given not in str(raised.value)


@pytest.mark.parametrize("url", [
    "json://127.0.0.1/x", "file:///etc/passwd", "dbus://", "slack:", "https://hooks.slack.com/x", "syslog://", "",
    "tgram://", "tgram://x", "windows://", "mailto://user:pass@example.com",
])
def test_only_services_that_name_no_host_of_their_own_are_taken(url: str) -> None:
    with pytest.raises(WrongAddress):
        chat(url, private=False)


def test_a_service_is_taken_and_one_of_this_machine_for_trials_alone() -> None:
    telegram = "tgram://123456789:abcdefg_hijklmnop/lead2gold/"
    assert chat(telegram, private=False) == telegram
    assert chat("json://127.0.0.1:9/x", private=True) == "json://127.0.0.1:9/x"
    assert chat_shown(telegram) == "tgram://…"


def test_every_hosted_service_is_one_apprise_has() -> None:
    from apprise import Apprise

    known = {
        scheme for one in Apprise().details()["schemas"]
        for scheme in (*(one["protocols"] or ()), *(one["secure_protocols"] or ()))
    }
    assert known >= HOSTED


def test_what_is_shown_says_whose_it_may_be_and_no_more() -> None:
    assert [email_shown(one) for one in ("ann@example.com", "a@b.de", "ab@b.de")] == [
        "a…n@example.com", "a…@b.de", "a…@b.de",
    ]
