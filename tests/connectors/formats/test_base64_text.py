"""Files in messages: read as their senders write them, found again by their hash, and words left alone."""

from __future__ import annotations

import base64
import json
from hashlib import sha256

import pytest

from connectors.formats.base64_text import decoded, with_hash
from tests.support.document_inputs import PDF, PNG

PLAIN = base64.b64encode(PDF).decode()


@pytest.mark.parametrize("text", [
    PLAIN, PLAIN.rstrip("="), "\n".join(PLAIN[at:at + 16] for at in range(0, len(PLAIN), 16)),
    f"data:application/pdf;base64,{PLAIN}", base64.urlsafe_b64encode(PDF).decode(),
])
def test_base64_is_read_however_it_is_cut_and_filled(text: str) -> None:
    assert decoded(text) == PDF


@pytest.mark.parametrize("text", [
    "", "encoding Base64", "DELIVERED", "https://carrier.example.com/proof/of/delivery", "Zürich" * 10, "=" * 40,
    "A" * 25,
])
def test_words_are_no_files(text: str) -> None:
    assert decoded(text) is None


def test_a_file_is_found_by_its_hash_in_json_and_in_xml() -> None:
    message = {"events": [{"signature": base64.b64encode(PNG).decode(), "more": [PLAIN]}], "n": 1}
    xml = f"<pod><image>\n{PLAIN}\n</image></pod>".encode()
    for record in (json.dumps(message).replace("/", "\\/").encode(), xml):
        assert with_hash(record, sha256(PDF).hexdigest()) == PDF
    assert with_hash(xml, sha256(PNG).hexdigest()) is None
    assert with_hash(b"", sha256(PNG).hexdigest()) is None
