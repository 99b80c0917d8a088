"""The portal as a process: its application, the server, its health, its secret and address."""
