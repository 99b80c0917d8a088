"""Changes of the read model for whoever follows them: open pages, and the API's streams."""
