"""The roles of people who sign in."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The rights of a person. ``viewer``: look; ``operator``: act on alerts, references and feeds; ``finance``: act on
    deliveries held back, and on those that wait to be confirmed; ``admin``: all."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    FINANCE = "finance"
    ADMIN = "admin"
