"""A person's reading of the real payloads of the DCSA and EPCIS standards."""

from __future__ import annotations

FEED_OF = {
    "dcsa": "dcsa",
    "epcis": "epcis",
}

EXPECTED: dict[str, tuple[str, str]] = {
    "dcsa/msc_tnt_MSCU5956818_with_defects.json": (
        "arrived_facility*2 departed_facility loaded arrived_facility info arrived_facility",
        "",
    ),
    "dcsa/tnt_tnt-220-response-wrong-attribute-values.json": ("info*2", "no_reference"),
    "dcsa/tnt_tnt-220-response-wrong-event-ids.json": ("info*7", ""),
    "dcsa/tnt_tnt-220-response-wrong-structure.json": ("", "contract_broken"),
    "dcsa/tnt_tnt-300-response-nextpage.json": ("info arrived_facility*2 info*2", ""),
    "dcsa/tnt_tnt-300-response.json": ("booking_confirmed departed_facility empty_returned info*2", ""),
    "epcis/AssociationEvent-a.jsonld": ("info", ""),
    "epcis/CBV-11.1-2020-06-16a.xml": ("info", ""),
    "epcis/CBV-11.3-2020-06-16a.xml": ("unknown", ""),
    "epcis/CBV-11.4-2020-06-16a.xml": ("", "unsupported_message"),
    "epcis/ErrorDeclarationAndCorrectiveEvent.jsonld": ("info*2", ""),
    "epcis/ErrorDeclarationAndCorrectiveEvent.xml": ("info*2", ""),
    "epcis/Example_9.6.1-ObjectEvent-2020_06_18a.xml": ("departed_pickup arrived_facility", ""),
    "epcis/Example_9.6.1-ObjectEvent-with-error-declaration.jsonld": ("departed_pickup arrived_facility", ""),
    "epcis/Example_9.6.2-ObjectEvent.jsonld": ("", "no_reference"),
    "epcis/Example_9.6.3-AggregationEvent.jsonld": ("arrived_facility", ""),
    "epcis/SensorDataExample1.jsonld": ("info", ""),
    "epcis/SensorDataExample8.jsonld": ("info", ""),
    "epcis/transaction_event_all_possible_fields.jsonld": ("departed_pickup", ""),
}
UNRESOLVED = {
    "dcsa/msc_tnt_MSCU5956818_with_defects.json": 2,
    "dcsa/tnt_tnt-220-response-wrong-attribute-values.json": 1,
    "dcsa/tnt_tnt-220-response-wrong-event-ids.json": 7,
    "dcsa/tnt_tnt-300-response-nextpage.json": 2,
    "dcsa/tnt_tnt-300-response.json": 2,
    "epcis/AssociationEvent-a.jsonld": 1,
    "epcis/CBV-11.1-2020-06-16a.xml": 1,
    "epcis/CBV-11.3-2020-06-16a.xml": 1,
    "epcis/ErrorDeclarationAndCorrectiveEvent.jsonld": 2,
    "epcis/ErrorDeclarationAndCorrectiveEvent.xml": 2,
    "epcis/Example_9.6.1-ObjectEvent-2020_06_18a.xml": 2,
    "epcis/Example_9.6.1-ObjectEvent-with-error-declaration.jsonld": 2,
    "epcis/Example_9.6.3-AggregationEvent.jsonld": 1,
    "epcis/SensorDataExample1.jsonld": 1,
    "epcis/SensorDataExample8.jsonld": 1,
    "epcis/transaction_event_all_possible_fields.jsonld": 1,
}
FLAGGED = {
    "dcsa/tnt_tnt-220-response-wrong-attribute-values.json": {"check_digit_wrong"},
    "epcis/CBV-11.3-2020-06-16a.xml": {"code_unmapped"},
}
