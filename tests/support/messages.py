"""The messages a handler would send to a topic, at once or once its change is on the changelog."""

from __future__ import annotations

from topologies.runtime.handler import Handled, Message


def sent_to(handled: Handled, topic: str) -> list[Message]:
    """The messages to the topic, in order; those that wait for a change behind."""
    held = [message for of_key in handled.afterwards.values() for message in of_key.get(topic, [])]
    return [*handled.outputs.get(topic, []), *held]
