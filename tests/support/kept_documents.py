"""Documents that a portal shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.settings import Settings
from connectors.documents.links import DocumentLinks
from connectors.documents.store import store_of
from connectors.erp.documents import PostedDocuments
from portal.tracking.documents import Documents
from streams.documents.content import store_key
from tests.support.document_inputs import OF_PDF, PDF

SECRET = "a secret of tests that is long enough"
SECONDS = 3_600
"""How long a link is good."""


def documents_in(folder: Path, now: Callable[[], float] = time.time) -> Documents:
    """The documents of a portal, kept in the folder; ``PDF`` is one of them."""
    store = store_of(Settings(_env_file=None, documents_store=str(folder)))
    with ThreadPoolExecutor(1) as another:  # this thread may have a running loop, as that of a browser's driver
        another.submit(asyncio.run, store.put(store_key(OF_PDF), PDF)).result()
    return Documents(store, DocumentLinks(SECRET, now), SECONDS, 10_000, "https://t.example")


def posted_documents(folder: Path) -> PostedDocuments:
    """The same documents as postings bear them."""
    kept = documents_in(folder)
    return PostedDocuments(kept.store, kept.links, kept.address, SECONDS)
