"""Asking carriers' tracking APIs: for the numbers orders name, as often as it makes sense, as much as is allowed.

Reads ``order.references.v1`` (what to watch), ``shipment.state.v1`` (where it stands) and ``poll.state.v1``
(its own cursor); writes answers as they came to ``raw.<feed>.v1``, then the cursor.
"""
