"""Builds the connector that a declared ERP needs, with its secrets read."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.erp.declared import Declared
from connectors.erp.documents import PostedDocuments
from connectors.erp.port import Encode, Erp
from connectors.erp.rest.client import BadAddress
from connectors.erp.rest.connector import rest_erp
from connectors.erp.rest.credentials import CredentialsError
from connectors.erp.rest.loading import DeclarationError
from connectors.erp.sender import Target
from connectors.erp.tryton.connector import Tryton
from connectors.erp.tryton.rpc import TrytonRpc
from streams.kernel.errors import Fatal

TIMEOUT_SECONDS = 30.0
"""Limits one call of an ERP for which neither the list nor a declaration says it."""


def build(declared: Declared, encode: Encode | None = None, documents: PostedDocuments | None = None) -> Erp:
    """The connector. ``encode``: needed to read orders; ``documents``: those that postings bear. Raises Fatal where a
    secret is not there, or a declaration, an address, credentials or notices do not fit."""
    if declared.kind == "tryton":
        rpc = TrytonRpc(
            declared.address, declared.database, declared.user, declared.secrets["password"].read(),
            timeout=declared.timeout or TIMEOUT_SECONDS, most_connections=declared.at_once, language=declared.language,
        )
        return Tryton(
            rpc, invoice_after_proof=declared.invoice_after == "proof", package_type=declared.package_type,
            encode=encode, documents=documents,
        )
    if declared.kind == "rest":
        return _rest(declared, encode, documents)
    raise Fatal(f"{declared.name}: there is no connector of kind {declared.kind}")


def _rest(declared: Declared, encode: Encode | None, documents: PostedDocuments | None) -> Erp:
    credentials = {name: secret.read() for name, secret in declared.secrets.items()}
    if declared.user:
        credentials["username"] = declared.user
    try:
        erp = rest_erp(
            declared.declaration, declared.address, credentials, declared.values, encode=encode,
            timeout=declared.timeout, documents=documents,
        )
    except (DeclarationError, CredentialsError, BadAddress) as error:
        raise Fatal(f"{declared.name}: {error}") from error
    if unwritten := sorted(declared.notice_kinds - erp.notices):
        raise Fatal(
            f"{declared.name}: notices: {declared.declaration} does not say how to write {unwritten[0]}; take it out,"
            " or add it there under notices"
        )
    return erp


def targets_of(erps: Sequence[Declared], documents: PostedDocuments | None = None) -> dict[str, Target]:
    """The targets of the sender, by name. ``documents``: those that postings bear. Of an ERP in shadow mode no secret
    is read. Raises Fatal."""
    return {
        one.name: Target(
            None if one.dry_run else build(one, documents=documents), one.at_once, round(one.settle * 1000)
        ) for one in erps
    }
