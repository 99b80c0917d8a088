"""Identity: events that carry only a reference (PO, BOL, booking, SSCC) get the tracking number of their shipment.

Reads ``carrier.unresolved`` and ``reference.claims``; writes ``carrier.events``, ``order.references`` and
``alert.signals``. Owns ``reference.state``.
"""
