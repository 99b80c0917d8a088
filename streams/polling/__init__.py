"""Polling: when to ask a carrier's API for which number. Owns ``poll.state``."""
