"""The history of a shipment as it is read: each event with what it is (``deliveries.py``)."""

from __future__ import annotations

from streams.shipments.deliveries import as_they_are
from streams.shipments.facts import Entry, Facts, entries_of, strangers
from streams.shipments.occurrences.numbering import is_voided
from streams.shipments.record import View


def meant_entries(facts: Facts, view: View) -> list[Entry]:
    """The history with what each event is (``deliveries.py``), where ``view`` is of all of it."""
    entries = entries_of(facts)
    not_of_it = strangers(facts, entries) if view.strangers else set[int]()
    return as_they_are(
        entries, lambda place, entry: place not in not_of_it and not is_voided(facts, view, place, entry)
    )
