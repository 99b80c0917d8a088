"""Subscriptions: who of a customer is told in words, and the wishes they have."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from portal.api.models.fields import Document, example

Clock = Field(default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Time of the recipient's day")


class Subscription(Document):
    """One recipient; of its address only what is not personal or secret."""

    model_config = example(
        subscription_id="sub_0123456789abcdef", customer_id="C-1001", channel="email", address="a\u2026n@example.com",
        language="de", time_zone="Europe/Berlin", milestones=["delivered"], order_id="", shipment="",
        quiet_from="22:00", quiet_until="07:00", digest_seconds=60, paused=False, description="",
    )
    subscription_id: str
    customer_id: str
    channel: str
    address: str = Field(description="Shown in part")
    language: str
    time_zone: str
    milestones: list[str] = Field(description="None: those most people want")
    order_id: str
    shipment: str
    quiet_from: str | None
    quiet_until: str | None
    digest_seconds: int
    paused: bool
    description: str


class Subscriptions(Document):
    """All of a customer, or of all customers."""

    items: list[Subscription]


class Wishes(BaseModel):
    """The wishes of a recipient; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Literal["en", "de", "fr", "es"] | None = None
    time_zone: str | None = Field(default=None, max_length=64, description="IANA, such as Europe/Berlin")
    milestones: list[str] | None = Field(default=None, max_length=64, description="Milestones, or exception")
    order_id: str | None = Field(default=None, max_length=200)
    shipment: str | None = Field(default=None, max_length=200, description="CARRIER:REFERENCE")
    quiet_from: str | None = Clock
    quiet_until: str | None = Clock
    digest_seconds: int | None = Field(default=None, ge=0, le=86_400)
    paused: bool | None = None
    description: str | None = Field(default=None, max_length=500)


class NewSubscription(Wishes):
    """A recipient to be told. ``customer_id``: due with a key that is no customer's."""

    channel: Literal["email", "chat"]
    address: str = Field(max_length=2_048, description="E-mail address, or the URL of a chat or SMS service")
    customer_id: str | None = Field(default=None, max_length=200)


class Again(Document):
    """A message that is sent again."""

    message_id: str
    destination: str
    type: str
