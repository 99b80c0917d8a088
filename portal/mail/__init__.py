"""News of shipments as e-mail and text for people: in their language, in local time, with nothing internal."""
