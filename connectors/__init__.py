"""Connects ShipSync with the outside: formats and carriers, registry, embedded services, ERP, customers."""
