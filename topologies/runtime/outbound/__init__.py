"""Common to the stages and the senders of what goes out."""
