"""Finds what falls due by the clock: promised delivery, dwell beyond the expected, a proof that never came."""
