"""The recipients that a customer, or people of ours, set: found, checked, changed and written."""

from __future__ import annotations

import difflib
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from msgspec import structs

from config.settings import Settings
from connectors.outbound import redelivery
from connectors.outbound.recipients import WrongAddress, chat, chat_shown, email, email_shown
from connectors.outbound.sender import now_ms
from connectors.outbound.subscription_book import (
    LONGEST_DESCRIPTION,
    LONGEST_ID,
    SubscriptionBook,
    check_customer,
    check_text,
    known,
    put,
)
from streams.contracts.audit import Actor, details_of
from streams.contracts.outbound import CustomerSubscriptions
from streams.contracts.recipients import PastMessage, Recipient
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.outbound_vocabulary import RecipientChannel
from streams.kernel.vocabulary import Milestone

LANGUAGES = ("en", "de", "fr", "es")
EXCEPTION = "exception"
MOST_RECIPIENTS = 200
"""Of one customer: they are one record."""
LONGEST_DIGEST = 86_400
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
CHANGEABLE = (
    "language", "time_zone", "milestones", "order_id", "shipment", "quiet_from", "quiet_until", "digest_seconds",
    "paused", "description",
)


class Change(NamedTuple):
    """A change, as it is to be written; ``before``: as the recipient was, None for a new one."""

    subscriptions: CustomerSubscriptions
    recipient: Recipient
    before: Recipient | None = None


class RecipientBook(SubscriptionBook):
    """The recipients of all customers, and who changes them."""

    def of(self, customer: str) -> list[Recipient]:
        """The customer's recipients."""
        known = self._known.get(customer)
        return [] if known is None else known.recipients

    def add(self, customer: str, channel: RecipientChannel, address: str, **wishes: Any) -> Change:
        """A new recipient. ``wishes``: values of ``CHANGEABLE``. Raises Fatal for an address or a value that is none,
        without repeating the address."""
        check_customer("customer", customer)
        if len(self.of(customer)) >= MOST_RECIPIENTS:
            raise Fatal(f"a customer has at most {MOST_RECIPIENTS} recipients")
        try:
            if channel is RecipientChannel.EMAIL:
                found = email(address)
                shown = email_shown(found)
            else:
                found = chat(address, private=self._settings.outbound.private_addresses)
                shown = chat_shown(found)
        except WrongAddress as error:
            raise Fatal(f"address: {error}") from None
        recipient = _wished(Recipient(
            f"sub_{secrets.token_hex(8)}", channel, self._box.encrypt(found), shown, enabled_at=self._at
        ), wishes)
        return Change(self._with_recipients(customer, [*self.of(customer), recipient]), recipient)

    def change(self, customer: str, recipient_id: str, **wishes: Any) -> Change:
        """The recipient with other wishes; the others stay. Raises Fatal where there is none, or for a wrong value."""
        before = self.found(customer, recipient_id)
        after = _wished(before, wishes)
        if before.paused and not after.paused:
            after = structs.replace(after, enabled_at=self._at)
        return self._changed(customer, before, after)

    def resume(self, customer: str, recipient_id: str) -> Change:
        """The recipient is told again, from now on, also where it was disabled or wanted no more. Raises Fatal."""
        before = self.found(customer, recipient_id)
        return self._changed(customer, before, structs.replace(before, paused=False, enabled_at=self._at))

    def remove(self, customer: str, recipient_id: str) -> Change:
        """Without the recipient. Raises Fatal where there is none."""
        before = self.found(customer, recipient_id)
        left = [one for one in self.of(customer) if one is not before]
        return Change(self._with_recipients(customer, left), before, before)

    def found(self, customer: str, recipient_id: str) -> Recipient:
        """The recipient. Raises Fatal naming the nearest."""
        some = {one.recipient_id: one for one in self.of(customer)}
        if recipient_id not in some:
            near = difflib.get_close_matches(recipient_id, some, 1, 0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise Fatal(f"customer {customer} has no subscription {recipient_id}{hint}")
        return some[recipient_id]

    def _changed(self, customer: str, before: Recipient, after: Recipient) -> Change:
        recipients = [after if one is before else one for one in self.of(customer)]
        return Change(self._with_recipients(customer, recipients), after, before)


def write(settings: Settings, change: Change, done: str, actor: Actor) -> None:
    """Record what is done (``add``, ``change`` ...) and write it. Raises Transient."""
    before = None if change.before is None or done == "remove" else plain(change.before)
    put(
        settings, change.subscriptions, actor, f"recipient.{done}", SubjectKind.RECIPIENT,
        change.recipient.recipient_id, details_of(plain(change.recipient), before),
    )


class OnKafka:
    """Who is told, on Kafka; connects to nothing before it is asked. Its methods raise Transient."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def known(self) -> Mapping[str, CustomerSubscriptions]:
        """Subscriptions by customer."""
        return known(self._settings)

    def book(self, by: str) -> RecipientBook:
        """The recipients as they are now, and who changes them."""
        return RecipientBook.opened(self._settings, by)

    def write(self, change: Change, done: str, actor: Actor) -> None:
        """Records and writes a change."""
        write(self._settings, change, done, actor)

    def send_again(self, message_id: str, customer: str | None, actor: Actor) -> PastMessage:
        """Sends a message again. Raises Fatal."""
        return redelivery.send_again(self._settings, message_id, customer, actor, now_ms())


def plain(recipient: Recipient) -> dict[str, Any]:
    """The recipient as people see it: without its address."""
    return {
        "subscription_id": recipient.recipient_id, "channel": recipient.channel.value, "address": recipient.shown,
        **{name: getattr(recipient, name) for name in CHANGEABLE},
        "quiet_from": clock_of(recipient.quiet_from), "quiet_until": clock_of(recipient.quiet_until),
    }


def clock_of(minute: int | None) -> str | None:
    """``22:00``."""
    return None if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def minute_of(text: str) -> int:
    """The minute of the day that ``22:00`` is. Raises Fatal."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise Fatal(f"a time of the day is due, such as 22:00, not {text[:20]!r}")
    return int(found[1]) * 60 + int(found[2])


def _wished(recipient: Recipient, wishes: Mapping[str, Any]) -> Recipient:
    """The recipient with these wishes. Raises Fatal."""
    given = dict(wishes)
    for name in ("quiet_from", "quiet_until"):
        if isinstance(given.get(name), str):
            given[name] = minute_of(given[name])
    if "milestones" in given:
        given["milestones"] = _kinds(given["milestones"])
    made: Recipient = structs.replace(recipient, **given)
    if made.language not in LANGUAGES:
        raise Fatal(f"language: there is {', '.join(LANGUAGES)}")
    if made.time_zone not in available_timezones():
        near = difflib.get_close_matches(made.time_zone, available_timezones(), 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ", such as Europe/Berlin"
        raise Fatal(f"time_zone: an IANA time zone is due{hint}")
    if (made.quiet_from is None) != (made.quiet_until is None):
        raise Fatal("quiet hours need both their beginning and their end")
    if not 0 <= made.digest_seconds <= LONGEST_DIGEST:
        raise Fatal(f"digest_seconds: 0 to {LONGEST_DIGEST}")
    for name, text, longest in (
        ("order_id", made.order_id, LONGEST_ID), ("shipment", made.shipment, LONGEST_ID),
        ("description", made.description, LONGEST_DESCRIPTION),
    ):
        check_text(name, text, longest)
    return made


def _kinds(names: Iterable[str]) -> list[str]:
    there: Collection[str] = {*(one.value for one in Milestone), EXCEPTION}
    found = sorted({str(getattr(one, "value", one)) for one in names})
    for one in found:
        if one not in there:
            near = difflib.get_close_matches(one, there, 1)
            raise Fatal(f"milestones: there is no {one[:40]!r}{f'; did you mean {near[0]}?' if near else ''}")
    return found
