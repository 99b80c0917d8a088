"""Metrics of the drop folders."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

FILES = Counter("shipsync_drop_files_total", "Dropped files by what became of them", ["feed", "outcome"])
RECORDS = Counter("shipsync_drop_records_total", "Raw records dropped files became", ["feed"])
REFUSED = Counter("shipsync_drop_refused_total", "Dropped files put into quarantine, by reason", ["feed", "reason"])
QUARANTINED = Gauge("shipsync_drop_quarantined_files", "Refused files that lie in quarantine", ["feed"])
WAITING = Gauge("shipsync_drop_waiting_files", "Files in the inbox that are not whole yet", ["feed"])
OLDEST = Gauge("shipsync_drop_waiting_seconds", "Longest time one of them has not changed", ["feed"])
WATCHED = Gauge("shipsync_drop_watched", "1 while the feed's folders can be used", ["feed"])
READY = Gauge("shipsync_drop_ready", "1 once the drop folders are watched")
