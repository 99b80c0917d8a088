"""The rows that the control tower, the tracking page and the API read, made of the values of topics."""
