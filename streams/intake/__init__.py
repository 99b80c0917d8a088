"""Intake: raw records become canonical carrier events; what cannot be read is refused, whole.

Reads ``raw.<feed>``; writes ``carrier.events``, ``carrier.unresolved``, ``shipment.links``, ``reference.claims``,
``feed.activity``, ``feed.pauses``, ``edi.acknowledgements`` and ``alert.signals``. Owns no state.
"""
