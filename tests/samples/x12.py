"""A person's reading of the real X12 payloads beside those of LTL carriers."""

from __future__ import annotations

FEED_OF = {
    "x12_204": "x12_partner",
    "x12_210": "x12_partner",
    "x12_856": "x12_partner",
    "x12_940": "x12_partner",
    "x12_945": "x12_partner",
    "x12_990": "x12_partner",
    "x12_997": "x12_partner",
    "x12_corrupt": "x12_partner",
    "x12_mixed": "x12_partner",
}

EXPECTED: dict[str, tuple[str, str]] = {
    "x12_204/edinet_204-MGCTLYST-SAMPLE.EDI": ("booking_confirmed picked_up delivered", ""),
    "x12_204/ngl_BUDT_20140717_two_stops.edi": ("booking_confirmed picked_up delivered", ""),
    "x12_204/tms_PATINDPROD_20260512.edi": ("booking_confirmed picked_up delivered", ""),
    "x12_210/edifabric_FreightInvoice.edi": ("picked_up delivered", ""),
    "x12_210/edinet_210-MGCTLYST-SAMPLE.EDI": ("picked_up delivered", ""),
    "x12_210/oopfactory_CN_FreightInvoiceSample2.edi": ("info", ""),
    "x12_210/oopfactory_DBSchenker_SampleMotorFreightDetailsAndInvoice.edi": ("picked_up delivered", ""),
    "x12_856/edifabric_ShipNotice.edi": ("pre_advised", "invalid_time"),
    "x12_856/oopfactory_Example1.edi": ("pre_advised departed_pickup", ""),
    "x12_856/oopfactory_Example3.edi": ("pre_advised departed_pickup", ""),
    "x12_856/oopfactory_Example4.edi": ("pre_advised departed_pickup", ""),
    "x12_856/oopfactory_edi1Source.edi": ("pre_advised departed_pickup", ""),
    "x12_940/oopfactory_simplot.edi": ("booking_confirmed picked_up delivered", ""),
    "x12_945/edifabric_WarehouseShippingAdvice.edi": ("", "invalid_time"),
    "x12_945/oopfactory_inter-americanproducts.edi": ("departed_pickup", ""),
    "x12_945/wms_truncated_isa_missing_terminators.edi": ("", "malformed"),
    "x12_990/edinet_990-MGCTLYST-SAMPLE.EDI": ("booking_confirmed", ""),
    "x12_997/edifabric_997.edi": ("", "acknowledgement"),
    "x12_997/staedi_empty997.edi": ("", "contract_broken"),
    "x12_997/staedi_invalid997.edi": ("", "acknowledgement"),
    "x12_997/staedi_invalid997_min.edi": ("", "acknowledgement"),
    "x12_997/staedi_simple997.edi": ("", "acknowledgement"),
    "x12_corrupt/edifabric_CorruptIsa.edi": ("", "malformed"),
    "x12_corrupt/edifabric_CorruptSt.edi": ("", "malformed unsupported_message"),
    "x12_corrupt/edifabric_DuplicateInterchange.edi": ("", "unsupported_message"),
    "x12_corrupt/edifabric_DuplicateMessage.edi": ("", "unsupported_message"),
    "x12_mixed/edifabric_MixedTransactions.edi": ("", "unsupported_message"),
}
UNRESOLVED = {
    "x12_204/edinet_204-MGCTLYST-SAMPLE.EDI": 3,
    "x12_204/ngl_BUDT_20140717_two_stops.edi": 3,
    "x12_204/tms_PATINDPROD_20260512.edi": 3,
    "x12_210/edifabric_FreightInvoice.edi": 2,
    "x12_210/edinet_210-MGCTLYST-SAMPLE.EDI": 2,
    "x12_210/oopfactory_CN_FreightInvoiceSample2.edi": 1,
    "x12_210/oopfactory_DBSchenker_SampleMotorFreightDetailsAndInvoice.edi": 2,
    "x12_940/oopfactory_simplot.edi": 3,
    "x12_856/oopfactory_Example1.edi": 2,
    "x12_945/oopfactory_inter-americanproducts.edi": 1,
    "x12_990/edinet_990-MGCTLYST-SAMPLE.EDI": 1,
}
FLAGGED = {
    "x12_204/edinet_204-MGCTLYST-SAMPLE.EDI": {"envelope_counts_wrong"},
    "x12_204/ngl_BUDT_20140717_two_stops.edi": {"envelope_counts_wrong"},
    "x12_210/oopfactory_DBSchenker_SampleMotorFreightDetailsAndInvoice.edi": {"control_number_mismatch"},
    "x12_940/oopfactory_simplot.edi": {"control_number_mismatch"},
    "x12_856/edifabric_ShipNotice.edi": {"check_digit_wrong", "envelope_counts_wrong"},
    "x12_945/oopfactory_inter-americanproducts.edi": {"control_number_mismatch"},
}
