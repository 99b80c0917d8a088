"""Decides which orders a shipment is for: every version of every claim, and which of them stand."""
