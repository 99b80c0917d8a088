"""The folder of a worker and the files in it."""
