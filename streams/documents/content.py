"""The rules for a document's content, as data."""

from __future__ import annotations

MEDIA_TYPES = {
    "application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/tiff": "tif", "image/gif": "gif",
}
"""The types that are taken, each with the suffix of its files. None can carry a script that a browser would run."""


def refusal(media_type: str, size: int, most: int) -> str:
    """Why content is no document; empty where it is one. ``media_type``: found by the content; ``most``: bytes."""
    if not size:
        return "it is empty"
    if size > most:
        return f"it has more than {most} bytes"
    if media_type not in MEDIA_TYPES:
        taken = ", ".join(one.upper() for one in MEDIA_TYPES.values())
        return f"its content is {media_type or 'of no known type'}; {taken} are taken"
    return ""


def file_name(carrier: str, tracking_number: str, document_id: str, media_type: str) -> str:
    """A name for the file, of letters that every system takes."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in tracking_number)
    return f"{carrier}-{plain[:60]}-{document_id[:8]}.{MEDIA_TYPES.get(media_type, 'bin')}"


def store_key(document_id: str) -> str:
    """Where content with this hash lies in a store."""
    return f"documents/{document_id[:2]}/{document_id}"


def quarantine_key(document_id: str) -> str:
    """Where content lies that a virus scanner refused: nothing shows it."""
    return f"quarantine/{document_id[:2]}/{document_id}"
