"""Feeds: how often each carrier's feed sends, when one has fallen silent, and when its contract has drifted.

Reads ``feed.activity``; writes ``alert.signals``. Owns ``feed.state``.
"""
