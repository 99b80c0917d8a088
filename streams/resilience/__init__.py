"""Decides when to stop asking somebody who fails, and how fast to ask: circuit breaker and token bucket, as plain data.

Who keeps the state and reads the clock is the caller's business.
"""
