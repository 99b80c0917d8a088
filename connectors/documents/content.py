"""Finds the type of a document by its content, whatever its sender calls it."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

import puremagic

from streams.documents.content import MEDIA_TYPES, refusal

PDF, PDF_END = "application/pdf", b"%%EOF"


class Checked(NamedTuple):
    """Content as it was found to be. ``refused``: why it is no document; empty where it is one."""

    document_id: str
    media_type: str
    size: int
    refused: str


def checked(content: bytes, most: int) -> Checked:
    """The content's hash, type and size, and whether it is a document. ``most``: bytes."""
    media_type = media_type_of(content)
    refused = refusal(media_type, len(content), most)
    if not refused and media_type == PDF and PDF_END not in content:
        refused = "it is a PDF without its end"
    return Checked(sha256(content).hexdigest(), media_type, len(content), refused)


def media_type_of(content: bytes) -> str:
    """The type by the magic numbers of the content; empty where none fits. Of several as likely, one that is taken."""
    if not content:
        return ""
    try:
        found = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return ""
    likely = [one.mime_type for one in found if one.mime_type and one.confidence >= found[0].confidence]
    return next((one for one in likely if one in MEDIA_TYPES), likely[0] if likely else "")
