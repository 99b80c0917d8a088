"""A recorded day of a few carriers and an ERP, replayed on the running topology: ``make day``."""
