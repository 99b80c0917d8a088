"""The proof of a scan: who signed, where, and the document: a link, or a file that the message carries."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from connectors.carriers import discover
from streams.contracts.documents import InMessage, in_message
from streams.contracts.model import CarrierEvent
from streams.intake.adapter import RawContext
from tests.support.document_inputs import PNG
from tests.support.gateway import CARRIER

IMAGE = base64.b64encode(PNG * 200).decode()
CONTEXT = RawContext("acme", "webhook", "raw.acme.v1", 3, 77, 1_790_000_000_000, "c-1")
PROOF = """
    delivery: {signed_by: message.by, document_url: message.link, document: [message.signature, message.photo]}
"""


def parsed(folder: Path, **fields: Any) -> CarrierEvent:
    """The event of a delivery by a carrier that states its proof."""
    home = folder / "acme"
    home.mkdir(exist_ok=True)
    plain, code = CARRIER.format(feed="acme", formats="json"), "    code: message.code\n"
    (home / "carrier.yaml").write_text(plain.replace(code, code.rstrip() + PROOF), "utf-8")
    [carrier] = discover(folder)
    message = {"number": "A1", "at": "2026-09-14T10:00:00Z", "code": "D", **fields}
    [event] = carrier.adapter.parse(json.dumps(message).encode(), CONTEXT).events
    return event


def test_a_file_in_the_message_is_named_by_its_place_and_its_content(tmp_path: Path) -> None:
    proof = parsed(tmp_path, by="Bakke", photo=IMAGE, link="https://pod.example.com/1").proof_of_delivery
    assert proof is not None
    place = in_message(proof.document_url)
    assert place == InMessage("raw.acme.v1", 3, 77, sha256(PNG * 200).hexdigest())
    assert proof.signed_by == "Bakke"


def test_a_word_in_its_place_leaves_the_link(tmp_path: Path) -> None:
    proof = parsed(tmp_path, signature="encoding Base64", link="https://pod.example.com/1").proof_of_delivery
    assert proof is not None
    assert proof.document_url == "https://pod.example.com/1"
    assert in_message(proof.document_url) is None


def test_without_any_there_is_no_proof(tmp_path: Path) -> None:
    assert parsed(tmp_path).proof_of_delivery is None
