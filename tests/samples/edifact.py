"""A person's reading of the real EDIFACT payloads."""

from __future__ import annotations

FEED_OF = {
    "edifact_iftsta/ups_EURPROD_20160122_customs.edi": "ups_edifact",
    "edifact_iftsta/ups_EURPROD_20160714_delivered_and_held.edi": "ups_edifact",
    "edifact_iftsta": "edifact_partner",
    "edifact_iftmin": "edifact_partner",
    "edifact_contrl": "edifact_partner",
    "edifact_desadv": "edifact_partner",
    "edifact_corrupt": "edifact_partner",
}

EXPECTED: dict[str, tuple[str, str]] = {
    "edifact_iftsta/apimeister_d00b_iftsta.edi": ("unknown", ""),
    "edifact_iftsta/edifabric_TransportStatus.edi": ("delivered in_transit customs_held", "invalid_time"),
    "edifact_iftsta/ups_EURPROD_20160122_customs.edi": ("customs_held*2", ""),
    "edifact_iftsta/ups_EURPROD_20160714_delivered_and_held.edi": ("delivered in_transit", ""),
    "edifact_iftmin/edifabric_Instruction.edi": ("booking_confirmed departed_pickup delivered", ""),
    "edifact_contrl/animates_received.edi": ("", "acknowledgement"),
    "edifact_contrl/au_customs_rejected.edi": ("", "acknowledgement"),
    "edifact_contrl/edifabric_CONTRL.edi": ("", "acknowledgement"),
    "edifact_desadv/edifabric_DespatchAdvice.edi": ("pre_advised departed_pickup", ""),
    "edifact_corrupt/edifabric_CorruptUnb.edi": ("", "malformed"),
    "edifact_corrupt/edifabric_CorruptUnh.edi": ("", "malformed unsupported_message"),
    "edifact_corrupt/edifabric_DuplicateInterchange.edi": ("", "unsupported_message"),
}
UNRESOLVED = {
    "edifact_iftmin/edifabric_Instruction.edi": 3,
    "edifact_iftsta/apimeister_d00b_iftsta.edi": 1,
    "edifact_desadv/edifabric_DespatchAdvice.edi": 2,
}
FLAGGED = {
    "edifact_iftsta/apimeister_d00b_iftsta.edi": {
        "check_digit_wrong", "code_unmapped", "control_number_mismatch",
    },
    "edifact_desadv/edifabric_DespatchAdvice.edi": {"envelope_counts_wrong"},
}
