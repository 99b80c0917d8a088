"""A first ``carrier.yaml`` from one sample payload: what can be guessed is written, what cannot is said."""
