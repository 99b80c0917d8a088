"""What a shipment's readers are told: customers, the ERP's fulfilment and the alerts stage."""
