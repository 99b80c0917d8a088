"""Everything that touches the outside: formats and carriers, registry, embedded services, ERP, customers."""
