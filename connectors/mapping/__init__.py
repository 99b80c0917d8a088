"""The declarative adapter: a carrier's ``carrier.yaml`` compiled once into functions from payload to events."""
