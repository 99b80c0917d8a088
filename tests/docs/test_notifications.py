"""The example that customers' developers are given takes what is sent, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from connectors.outbound.secrets import new_secret
from connectors.outbound.sender import now_ms
from connectors.outbound.webhook import headers_of
from tests.support.sources import ROOT

PAGE = (ROOT / "docs" / "notifications.md").read_text("utf-8")
BODY = '{"type":"shipment.delivered","data":{}}'


def test_the_example_verifies_a_request_and_refuses_any_other() -> None:
    [code] = re.findall(r"^<!-- verify -->\n```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(code, names)
    old, new = new_secret(), new_secret()
    headers = headers_of("msg_1", now_ms(), BODY, [new, old])
    assert names["take"](new, headers, BODY.encode()) == names["take"](old, headers, BODY.encode())
    for secret, body in ((new_secret(), BODY), (new, BODY.replace("delivered", "returned"))):
        with pytest.raises(WebhookVerificationError):
            names["take"](secret, headers, body.encode())
    with pytest.raises(WebhookVerificationError):
        names["take"](new, headers_of("msg_1", now_ms() - 600_000, BODY, [new]), BODY.encode())


def test_every_header_that_is_sent_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert told == headers_of("msg_1", now_ms(), BODY, [new_secret()]).keys() - {"accept-encoding"}
