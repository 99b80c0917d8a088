"""Decides about people who ask themselves to be told of one order: before they confirm it, nobody is told anything but
the question whether they want it, and who they are is forgotten after some time. Times are UTC ms."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from streams.contracts.letters import Letter
from streams.contracts.outbound import EndpointSetting, NewMessage, OptOut, SendAgain
from streams.contracts.recipients import AskedOptIn, NotificationAction, OrderOptIns, Recipient
from streams.kernel.outbound_vocabulary import NotificationActionKind, RecipientChannel
from streams.kernel.vocabulary import Correction
from streams.notifications.letters import CONFIRM, destination_of
from streams.outbound.engine import Input

HOUR, DAY = 3_600_000, 86_400_000
MOST_RECIPIENTS = 10
"""Of one order, those who have not confirmed included."""
ASKED_AGAIN = HOUR
"""Nobody is asked twice within it."""
UNCONFIRMED = 2 * DAY
"""Who has not confirmed by then is forgotten."""


class Effects(NamedTuple):
    """``known``: the order's opt-ins as they are now; ``inputs``: for the engine, in order."""

    known: OrderOptIns | None
    inputs: list[Input]


def after(known: OrderOptIns | None, action: NotificationAction) -> Effects:
    """The effects of an action on its order's opt-ins. What cannot be is ignored."""
    match action.kind:
        case NotificationActionKind.OPT_IN_ASKED if action.recipient is not None and action.order_id:
            return _asked(known, action, action.recipient)
        case NotificationActionKind.OPT_IN_CONFIRMED:
            return _confirmed(known, action)
        case NotificationActionKind.OPTED_OUT:
            return _opted_out(known, action)
        case NotificationActionKind.SEND_AGAIN if action.message is not None:
            return Effects(known, [SendAgain(action.customer_id, action.message)])
    return Effects(known, [])


def next_due(known: OrderOptIns, remembered: int) -> int:
    """When somebody is to be forgotten. ``remembered``: ms after a recipient's own confirmation."""
    due = [one.at + UNCONFIRMED for one in known.asked] + [one.enabled_at + remembered for one in known.recipients]
    return min(due, default=known.changed_at)


def forgotten(known: OrderOptIns, remembered: int, now_ms: int) -> Effects:
    """The opt-ins without those whose time is over; that others confirm keeps nobody for longer."""
    asked = [one for one in known.asked if one.at + UNCONFIRMED > now_ms]
    recipients = [one for one in known.recipients if one.enabled_at + remembered > now_ms]
    kept = replace(known, asked=asked, recipients=recipients)
    gone = [one.recipient for one in known.asked if one not in asked]
    gone += [one for one in known.recipients if one not in recipients]
    return Effects(_unless_empty(kept), [_removed(one, known.customer_id) for one in gone])


def _asked(known: OrderOptIns | None, action: NotificationAction, who: Recipient) -> Effects:
    known = known or OrderOptIns(action.customer_id, action.order_id, [], [], action.at)
    before = next((one for one in known.asked if one.recipient.recipient_id == who.recipient_id), None)
    is_known = any(one.recipient_id == who.recipient_id for one in known.recipients)
    is_full = before is None and len(known.recipients) + len(known.asked) >= MOST_RECIPIENTS
    is_early = before is not None and action.at - before.at < ASKED_AGAIN
    if is_known or is_full or is_early or who.order_id != action.order_id:
        return Effects(_unless_empty(known), [])
    others = [one for one in known.asked if one is not before]
    destination = destination_of(who)
    body = msgspec.json.encode(Letter(order_id=action.order_id, link=action.link)).decode()
    return Effects(replace(known, asked=[*others, AskedOptIn(who, action.at)]), [
        EndpointSetting(destination, action.customer_id, who),
        NewMessage(
            f"opt-in:{action.at}", destination, action.customer_id, "opt-in", CONFIRM, Correction.NEW, body
        ),
    ])


def _confirmed(known: OrderOptIns | None, action: NotificationAction) -> Effects:
    asked = next((
        one for one in ([] if known is None else known.asked) if one.recipient.recipient_id == action.recipient_id
    ), None)
    if known is None or asked is None:
        return Effects(known, [])
    others = [one for one in known.asked if one is not asked]
    confirmed = replace(asked.recipient, enabled_at=action.at)
    return Effects(
        replace(known, asked=others, recipients=[*known.recipients, confirmed], changed_at=action.at), []
    )


def _opted_out(known: OrderOptIns | None, action: NotificationAction) -> Effects:
    if known is not None:
        everybody = [*known.recipients, *(one.recipient for one in known.asked)]
        gone = [one for one in everybody if one.recipient_id == action.recipient_id]
        if gone:
            kept = replace(
                known, recipients=[one for one in known.recipients if one not in gone],
                asked=[one for one in known.asked if one.recipient not in gone],
            )
            return Effects(_unless_empty(kept), [_removed(one, known.customer_id) for one in gone])
    channel = RecipientChannel(action.channel)
    return Effects(known, [OptOut(f"{channel.value}:{action.recipient_id}", action.customer_id)])


def _removed(recipient: Recipient, customer: str) -> EndpointSetting:
    return EndpointSetting(destination_of(recipient), customer, None)


def _unless_empty(known: OrderOptIns) -> OrderOptIns | None:
    return known if known.recipients or known.asked else None
