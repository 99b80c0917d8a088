"""OAuth 1.0 with HMAC-SHA256 (RFC 5849), as NetSuite's token-based authentication needs it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from authlib.oauth1.rfc5849.client_auth import ClientAuth
from authlib.oauth1.rfc5849.signature import generate_signature_base_string
from authlib.oauth1.rfc5849.util import escape

METHOD = "HMAC-SHA256"


def _sign(client: Any, request: Any) -> str:
    text = generate_signature_base_string(request)
    key = f"{escape(client.client_secret or '')}&{escape(client.token_secret or '')}"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


ClientAuth.register_signature_method(METHOD, _sign)


def authorization(
    method: str, url: str, consumer: tuple[str, str], token: tuple[str, str], realm: str = ""
) -> str:
    """The Authorization header that signs one request. ``consumer``, ``token``: key and secret."""
    client = ClientAuth(
        consumer[0], client_secret=consumer[1], token=token[0], token_secret=token[1], signature_method=METHOD,
        realm=realm or None,
    )
    _, headers, _ = client.sign(method, url, {}, b"")
    return str(headers["Authorization"])
