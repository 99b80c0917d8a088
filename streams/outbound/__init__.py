"""Outbound: the engine of every stage that sends to the outside: what goes to a destination, when, in which order."""
