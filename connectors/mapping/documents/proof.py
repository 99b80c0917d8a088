"""Reads the proof of delivery of a scan: who took the goods, where, and the document, as a link or in the message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from connectors.formats.base64_text import decoded
from connectors.mapping.declared.schema import Delivery
from connectors.mapping.documents.paths import Row, Texts
from streams.contracts.documents import InMessage, message_url
from streams.contracts.model import ProofOfDelivery
from streams.intake.adapter import RawContext

Proved = Callable[[Row, RawContext], ProofOfDelivery | None]


def proof_reader(spec: Delivery | None, texts: Texts) -> Proved:
    """The reader of the proof of one scan, None where it states none. Raises BadPath."""
    if spec is None:
        return lambda _, __: None
    signed_by, left_at, document_url = map(texts.first, (spec.signed_by, spec.left_at, spec.document_url))
    files, unsigned = texts.slots(spec.document), frozenset(spec.unsigned)

    def get(row: Row, context: RawContext) -> ProofOfDelivery | None:
        signature = row[signed_by]
        if signature in unsigned:
            signature = None
        url = row[document_url]
        if files:
            url = _carried([text for slot in files if (text := row[slot]) is not None], context) or url
        parts = (signature, row[left_at], url)
        return ProofOfDelivery(*parts) if any(parts) else None

    return get


def _carried(texts: Sequence[str], context: RawContext) -> str | None:
    """The address of the first file that the message carries."""
    content = next((content for text in texts if (content := decoded(text)) is not None), None)
    if content is None:
        return None
    return message_url(InMessage(context.topic, context.partition, context.offset, sha256(content).hexdigest()))
