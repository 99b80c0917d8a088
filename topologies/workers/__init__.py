"""Processes that carry data to or from the outside and are no stage: they hold no partition."""
