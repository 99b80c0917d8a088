"""Alerts: one alert of all that is said of a cause; its timeline, its routing, what people did about it.

Reads ``alert.signals`` and ``alert.actions``. Owns ``ops.alerts``.
"""
