"""A number that carriers use again: which event and which order belong to which shipment under it."""
