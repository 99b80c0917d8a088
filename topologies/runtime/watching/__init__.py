"""Shows whether a process is well, and notices the records that end it."""
