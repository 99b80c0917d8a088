"""Alerts: one alert for each cause; its timeline, its owner and channels, and what people did about it.

Reads ``alert.signals`` and ``alert.actions``. Owns ``ops.alerts``.
"""
