"""Asks an OpenID provider who somebody is. Discovery, PKCE, state, nonce, signatures and claims are Authlib's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from config.sign_on import SignOnSettings
from streams.kernel.errors import Transient

TIMEOUT_SECONDS = 10.0
LEEWAY_SECONDS = 60
"""How far the provider's clock may be from ours."""
_ALGORITHMS = "id_token_signing_alg_values_supported"
_SAFE = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures with the provider's key pair; never none, nor one that the client secret makes."""
_DISCOVERY = "/.well-known/openid-configuration"


class Refused(Exception):
    """The provider, or the check of its answer, says that nobody signs in; the text says why, for the log."""


class OpenIdProvider:
    """One provider. What a flow must remember until its answer is kept in the request's session."""

    def __init__(self, settings: SignOnSettings) -> None:
        """Asks nothing yet. ``settings`` must have an issuer."""
        assert settings.issuer is not None, "a provider has an issuer"
        self._issuer = settings.issuer
        secret = settings.client_secret
        self._client_id = settings.client_id
        self._client = OAuth().register(
            "provider", client_id=settings.client_id,
            client_secret=secret.get_secret_value() if secret is not None else None,
            server_metadata_url=settings.issuer.rstrip("/") + _DISCOVERY,
            client_kwargs={
                "scope": settings.scopes, "code_challenge_method": "S256", "timeout": TIMEOUT_SECONDS,
                "token_endpoint_auth_method": "client_secret_basic" if secret is not None else "none",
            },
        )

    async def begin(self, request: Request, back_to: str) -> Response:
        """Leads to the provider, which leads to ``back_to``. Raises Transient where it does not answer, Refused where
        it is another than the issuer."""
        try:
            await self._of_our_issuer()
            answer: Response = await self._client.authorize_redirect(request, back_to)
            return answer
        except (httpx2.HTTPError, ValueError, RuntimeError) as error:
            raise Transient(f"the OpenID provider {self._issuer} does not answer: {error!r}") from error

    async def claims(self, request: Request) -> Mapping[str, Any]:
        """The claims of the ID token that the provider's answer leads to. Raises Refused, or Transient where the
        provider does not answer."""
        try:
            await self._of_our_issuer()
            token = await self._client.authorize_access_token(request, leeway=LEEWAY_SECONDS, claims_options={
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
            })
        except httpx2.HTTPError as error:
            raise Transient(f"the OpenID provider {self._issuer} does not answer: {error!r}") from error
        except (AuthlibBaseError, JoseError, ValueError, KeyError, RuntimeError) as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        claims: Mapping[str, Any] | None = token.get("userinfo")
        if claims is None:
            raise Refused("the provider sent no ID token")
        return claims

    async def _of_our_issuer(self) -> None:
        metadata = await self._client.load_server_metadata()
        if metadata.get("issuer") != self._issuer:
            raise Refused(f"{_DISCOVERY} is of the issuer {metadata.get('issuer')}, not {self._issuer}")
        metadata[_ALGORITHMS] = [one for one in metadata.get(_ALGORITHMS, ()) if one in _SAFE] or [_SAFE[0]]
