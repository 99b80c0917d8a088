"""Paging: who is told of alerts outside ShipSync, on which channel, and when. Reads ``ops.alerts`` and
``alert.attempts``; writes ``alert.requests`` and ``alert.outcomes``. Owns ``paging.state``.
"""
