"""Notifications: what customers' endpoints and recipients are told of their shipments. Reads ``customer.updates``,
``customer.subscriptions``, ``notification.attempts`` and ``notification.actions``; writes ``notification.requests`` and
``notification.outcomes``. Owns ``notification.state``.
"""
