"""Documents: proofs of delivery and other papers of shipments. Reads ``delivery.milestones``, ``document.wants``,
``shipment.documents`` and ``document.attempts``; writes ``document.wants``, ``document.requests``,
``document.chases``, ``shipment.documents`` and ``delivery.milestones``. Owns ``document.state``.
"""
