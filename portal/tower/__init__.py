"""The control tower: the work list first, then shipments, orders, feeds and what did not go through."""
