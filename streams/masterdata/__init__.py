"""Master data: carriers' names and what people decided by hand, from CSV rows to records of ``master.data``."""
