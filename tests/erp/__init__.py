"""A real Tryton on PostgreSQL that postings go to, while it and the workers are killed: ``make erp``."""
