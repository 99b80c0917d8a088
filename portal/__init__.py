"""Pages and the API: the control tower, the tracking page, and ``/v1`` for programs. They read the read model."""
