"""Documents of shipments: the store that keeps them by content, what is found in them, and signed links to them."""
