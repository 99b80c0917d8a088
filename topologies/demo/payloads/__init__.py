"""One journey in the words of each carrier: the shapes of their real payloads, all in them invented."""
