"""Feeds: how regularly each feed speaks, when it falls silent, when its contract drifts.

Reads ``feed.activity``; writes ``alert.signals``. Owns ``feed.state``.
"""
