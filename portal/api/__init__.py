"""The API for programs, ``/v1``: one module a resource. It reads the read model, and raw messages from Kafka."""
