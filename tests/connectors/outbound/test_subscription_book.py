"""A change of endpoints leaves a customer's recipients as they are, one of recipients its endpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings
from connectors.outbound.recipient_book import RecipientBook
from connectors.outbound.secrets import SecretBox
from connectors.outbound.subscription_book import LONGEST_ID, check_customer, check_text
from streams.kernel.errors import Fatal
from streams.kernel.outbound_vocabulary import RecipientChannel
from tests.support.outbound_inputs import NOW, endpoint, recipient, subscriptions
from topologies.operations.webhook_endpoints import Endpoints


def test_what_the_other_book_keeps_of_a_customer_stays(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, outbound_private_addresses=True)
    box, known = SecretBox(settings), {"C-1": subscriptions("C-1", endpoint("ep_1"), recipient("rcp_1"))}
    added = Endpoints(settings, box, known, "ada", NOW + 1).add("C-1", "http://127.0.0.1/x", (), "").subscriptions
    assert (added.recipients, len(added.endpoints)) == (known["C-1"].recipients, 2)
    told = RecipientBook(settings, box, known, "ada", NOW + 1).add("C-1", RecipientChannel.EMAIL, "a@example.com")
    assert (told.subscriptions.endpoints, len(told.subscriptions.recipients)) == (known["C-1"].endpoints, 2)
    assert (told.subscriptions.changed_by, told.subscriptions.changed_at) == ("ada", NOW + 1)
    first = Endpoints(settings, box, {}, "ada", NOW).add("C-2", "http://127.0.0.1/x", (), "").subscriptions
    assert (first.customer_id, first.recipients) == ("C-2", [])


@pytest.mark.parametrize(("text", "why"), [
    ("", "CUSTOMER: the ERP's id of the customer is due"), (" ", "the ERP's id"),
    ("x" * (LONGEST_ID + 1), "at most 200"),
    ("a\x1b[2J", "that can be shown"),
])
def test_what_is_no_customers_id_is_refused(text: str, why: str) -> None:
    with pytest.raises(Fatal, match=why):
        check_customer("CUSTOMER", text)


def test_a_text_of_the_longest_length_is_taken() -> None:
    check_text("a", "x" * 10, 10)
