"""A believable stretch of carrier traffic, played into the pipeline and accounted for record by record."""
