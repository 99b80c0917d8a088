"""The cases as they lie in the folder SHIPSYNC_CASES: those of our own by other names, about other people."""

from __future__ import annotations

from dataclasses import replace

from tests.cases import Case, right

FILES = {
    "usps_return_delivered.json": "C15/usps_return_delivered.json",
    "easypost_to_original_sender.json": "C15/easypost_to_original_sender.json",
    "easypost_return_delivered.json": "C15/easypost_return_delivered.json",
    "ups_return_delivered.json": "C15/ups_return_delivered.json",
    "ups_two_packages.json": "C42/ups_two_packages.json",
    "fedex_two_waybills.json": "C08/fedex_two_waybills.json",
    "ups_twice_a.json ups_twice_b.json": "C32/ups_a.json C32/ups_b.json",
    "ups_no_gmt.json": "C10/ups_no_gmt.json",
    "ups_clock_a_gmt5.json": "C11/a_gmt5.json",
    "ups_clock_b_local5.json": "C11/b_local5.json",
    "ups_clock_c_gmtempty.json": "C11/c_gmtempty.json",
    "ups_clock_d_unpadded_colon.json": "C11/d_unpadded_colon.json",
    "ups_clock_gmt_offset.json": "C11/ups_gmt_offset.json",
    "easypost_no_seconds.json": "C25/no_seconds.json",
    "easypost_fractions.json": "C25/fractions.json",
    "ups_more_codes.json": "C12/ups_more_codes.json",
    "fedex_eta_dateandtimes.json": "C09/fedex_eta_dateandtimes.json",
    "ups_rescheduled_eta.json": "C12/ups_rescheduled_eta.json",
    "x12_space_before_tilde_all.edi": "C03/space_before_tilde_all.edi",
    "x12_space_before_tilde_isa.edi": "C03/space_before_tilde_isa.edi",
    "x12_underscore_no_isa16_214.edi": "C02/underscore_no_isa16_214.edi",
    "x12_underscore_no_isa16_204.edi": "C02/underscore_no_isa16_204.edi",
    "dhl_locker.json": "C16/dhl_locker.json",
    "dhl_locker_transit.json": "C16/dhl_locker_transit.json",
    "dcsa_missing.json": "C27/dcsa_missing.json",
    "x12_anchorage.edi": "C39/anchorage.edi",
    "x12_time_codes.edi": "C39/time_codes.edi",
    "ups_two_claims_0.json ups_two_claims_1.json": "C19/0.json C19/1.json",
    "label_form_usps.json": "C20/usps.json",
    "easypost_connect_envelope.json": "C23/connect_envelope.json",
    "easypost_double_encoded.json": "C23/double_encoded.json",
    "easypost_http_connector_value.json": "C23/http_connector_value.json",
}
"""Files of our own -> those in the folder, where their names differ."""
WORDS = {
    "1ZAB4471": "1Z12345E",
    "731555000086": "612999000086",
    "PROBE": "MUSTER",
    "200000772": "200000002", "100000771": "100000001", "838195": "721295",
    "PRO8100": "PRO7700",
    "LOAD-30177": "LOAD-20101",
    "LTN00000077N1": "LTN00000001N1", "ORDER-77": "ORDER-1",
    "Hamburg": "Berlin", "Utrecht": "Amsterdam", "Egham": "Feltham",
    "DT200000000777": "DT100000000000", "777777777777": "888888888888",
    "420941079400102898310000002006": "420941079400111899560000002006",
    "15507654321098": "15501234567890", "Leuven": "Mechelen",
    "tmpx.carrier.yaml": "mapping_text_and_zone.carrier.yaml",
}
"""Numbers, names and places of our own -> those in the folder."""


def as_given(case: Case) -> Case:
    """The case of our own, as it lies in the folder."""
    return replace(
        case, files=FILES.get(case.files, case.files), mapping=_worded(case.mapping), asked=_worded(case.asked),
        right={aspect: _worded(value) for aspect, value in case.right.items()},
        orders={_worded(number): since for number, since in case.orders.items()},
        order_field=_worded(case.order_field),
    )


def _worded(text: str) -> str:
    for own, given in WORDS.items():
        text = text.replace(own, given)
    return text


CASES = [as_given(case) for case in right.CASES]
