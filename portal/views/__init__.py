"""A customer's own part of a shipment, its sentences as they stand, and how current the view is."""
