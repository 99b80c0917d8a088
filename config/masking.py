"""URLs without the credentials in them: what messages, logs and files show."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

_SECRET_PARAMETERS = frozenset({"password", "username"})


def without_credentials(url: str) -> str:
    """The URL without user, password and parameters that name them; it still says where. Other text stays."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(no valid URL)"
    if not parts.netloc:
        return url
    kept = [pair for pair in parse_qsl(parts.query) if pair[0].lower() not in _SECRET_PARAMETERS]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(kept)))


def credentials_in(url: str) -> tuple[str, str]:
    """User and password in the URL, decoded; empty where there is none."""
    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or "")
