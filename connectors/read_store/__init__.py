"""The read model in one SQLite file: a worker writes it, any number of readers on the same machine read it."""
