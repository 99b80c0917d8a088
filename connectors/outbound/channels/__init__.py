"""Carries alerts to the services that channels lead to: what each takes, where its address is kept, and one attempt."""
