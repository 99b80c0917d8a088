"""A person's reading of the real payloads of the first five carriers."""

from __future__ import annotations

FEED_OF = {
    "ups": "ups", "fedex": "fedex", "dhl_universal": "dhl", "dhl_express": "dhl", "x12_214": "rlca",
    "easypost": "easypost",
}

# File -> milestones in the payload's order, reasons it is refused for, or carrier_error where the carrier says so;
# "*2": so many times one after the other.
EXPECTED: dict[str, tuple[str, str]] = {
    "ups/karrio_error_auth_error.json": ("", "carrier_error"),
    "ups/karrio_error_invalid_tracking_number_responsejson.json": ("", "carrier_error"),
    "ups/karrio_track_tracking_responsejson.json": ("customs_released", ""),
    "ups/official_trackalert_issue41.json": ("arrived_facility", ""),
    "ups/official_upstrackalert_2.json": ("", "unsupported_message"),
    "ups/official_upstrackalert_3.json": ("", "unsupported_message"),
    "ups/official_upstrackalert_5.json": ("out_for_delivery", ""),
    "ups/official_upstrackalert_6.json": ("delivered", ""),
    "ups/shipit_ups_delivered.xml": ("delivered pre_advised", ""),
    "ups/shipit_ups_delivery_attempt.xml": ("info in_transit delivery_attempted delivered picked_up info", ""),
    "ups/shipit_ups_transit.xml": ("arrived_facility", ""),
    "fedex/activeshipping_tracking_response_bad_tracking_number.xml": ("", "carrier_error"),
    "fedex/activeshipping_tracking_response_delivered_at_door.xml": (
        "delivered out_for_delivery arrived_facility in_transit departed_facility arrived_facility "
        "departed_facility arrived_facility pre_advised picked_up", "",
    ),
    "fedex/activeshipping_tracking_response_delivered_with_signature.xml": (
        "delivered out_for_delivery arrived_facility*3 in_transit*2 departed_facility "
        "arrived_facility pre_advised picked_up", "",
    ),
    "fedex/activeshipping_tracking_response_empty_status_detail.xml": ("", "unsupported_message"),
    "fedex/activeshipping_tracking_response_failure_code_9080.xml": ("", "carrier_error"),
    "fedex/activeshipping_tracking_response_in_transit.xml": ("customs_started", ""),
    "fedex/activeshipping_tracking_response_missing_status_code.xml": ("", "unsupported_message"),
    "fedex/activeshipping_tracking_response_multiple_results.xml": ("", "unsupported_message"),
    "fedex/activeshipping_tracking_response_shipment_exception.xml": (
        "in_transit departed_facility arrived_facility departed_facility arrived_facility picked_up*2 "
        "pre_advised", "",
    ),
    "fedex/activeshipping_tracking_response_unable_to_process.xml": ("", "carrier_error"),
    "fedex/karrio_error_error_response.json": ("", "carrier_error"),
    "fedex/karrio_pod_proof_of_delivery_response.json": ("", "unsupported_message"),
    "fedex/karrio_track_inconsistent_date_time_response.json": (
        "delivered out_for_delivery arrived_facility departed_facility arrived_facility in_transit*3 "
        "departed_facility arrived_facility departed_facility arrived_facility departed_facility info "
        "arrived_facility pre_advised picked_up", "",
    ),
    "fedex/karrio_track_tracking_response.json": ("picked_up", "carrier_error"),
    "fedex/shipit_fedex_missing_location.xml": ("arrived_facility*2 pre_advised", ""),
    "fedex/shipmenttracker_fedex_shipment.json": (
        "delivered out_for_delivery arrived_facility departed_facility arrived_facility "
        "departed_facility arrived_facility pre_advised picked_up", "",
    ),
    "dhl_universal/karrio_error_tracking_error_responsejson.json": ("", "carrier_error"),
    "dhl_universal/karrio_track_tracking_responsejson.json": ("pre_advised", ""),
    "dhl_express/karrio_error_auth_error.xml": ("", "carrier_error"),
    "dhl_express/karrio_error_tracking_single_not_found.xml": ("", "carrier_error"),
    "dhl_express/karrio_track_tracking_responsexml.xml": (
        "picked_up departed_pickup info in_transit arrived_facility departed_facility "
        "arrived_facility in_transit departed_facility arrived_facility in_transit "
        "departed_facility*2 arrived_facility out_for_delivery delivered picked_up*2 info", "",
    ),
    "dhl_express/shipit_dhl_delayed.xml": (
        "in_transit departed_facility arrived_facility in_transit departed_facility arrived_facility "
        "stored in_transit departed_facility arrived_facility in_transit departed_facility "
        "arrived_facility customs_started customs_held*10", "",
    ),
    "dhl_express/shipit_dhl_eta.xml": ("picked_up customs_started arrived_facility in_transit departed_facility", ""),
    "dhl_express/shipmenttracker_delivered.json": (
        "delivered out_for_delivery arrived_facility departed_facility in_transit arrived_facility "
        "departed_facility in_transit customs_released arrived_facility customs_started "
        "departed_facility in_transit departed_facility in_transit picked_up", "",
    ),
    "dhl_express/shipmenttracker_in_transit.json": (
        "out_for_delivery arrived_facility departed_facility in_transit arrived_facility "
        "departed_facility in_transit customs_released arrived_facility customs_started "
        "departed_facility in_transit departed_facility in_transit picked_up", "",
    ),
    "x12_214/edifabric_ShipmentStatus.edi": ("arrived_pickup", ""),
    "x12_214/edinet_214-MGCTLYST-SAMPLE.EDI": ("delivered", ""),
    "x12_214/ngl_BUDT_20140827_no_trailers.edi": ("arrived_pickup", ""),
    "x12_214/ngl_NGLT_20190619_two_interchanges_bad_counts.edi": ("arrived_pickup arrived_delivery", ""),
    "x12_214/ngl_NGLT_20191125_enroute_2_carlisle.edi": ("in_transit", ""),
    "x12_214/ngl_NGLT_20191125_enroute_3_altoona.edi": ("in_transit", ""),
    "x12_214/staedi_ts214_ellipses_segterm.edi": ("eta_updated departed_pickup", ""),
    "x12_214/tms_RLCA_20260512_newline_terminated.edi": ("picked_up", ""),
    "easypost/cassette_event_all_0.json": ("", "unsupported_message"),
    "easypost/cassette_event_retrieve_payload_0.json": ("", "unsupported_message"),
    "easypost/cassette_event_retrieve_payload_2.json": ("", "unsupported_message"),
    "easypost/cassette_event_retrieve_payload_3.json": ("", "carrier_error"),
    "easypost/cassette_tracker_retrieve_0.json": ("pre_advised*2", ""),
    "easypost/cassette_tracker_retrieve_1.json": ("pre_advised*2", ""),
    "easypost/cassette_tracker_retrieve_batch_1.json": ("pre_advised*2", ""),
    "easypost/examples_event-body.json": (
        "pre_advised picked_up arrived_facility departed_facility in_transit*2 arrived_facility", "",
    ),
    "easypost/examples_trackers-create.json": ("pre_advised*2", ""),
    "easypost/examples_trackers-list.json": ("pre_advised*2", ""),
    "easypost/examples_tracking-webhook.json": ("pre_advised in_transit*3 out_for_delivery delivered", ""),
    "easypost/examples_tracking_webhook_response.json": ("pre_advised in_transit*3 out_for_delivery delivered", ""),
}
UNRESOLVED = {
    "x12_214/ngl_NGLT_20190619_two_interchanges_bad_counts.edi": 2,
    "x12_214/ngl_NGLT_20191125_enroute_2_carlisle.edi": 1,
    "x12_214/ngl_NGLT_20191125_enroute_3_altoona.edi": 1,
}
"""Files whose scans name no PRO number: they are known by the shipment id alone."""

# UPS's own test numbers (1Z12345E...) have no right check digit.
FLAGGED = {
    "ups/shipit_ups_delivered.xml": {"check_digit_wrong"},
    "ups/shipit_ups_delivery_attempt.xml": {"check_digit_wrong"},
    "ups/shipit_ups_transit.xml": {"check_digit_wrong"},
    "x12_214/edifabric_ShipmentStatus.edi": {"envelope_counts_wrong"},
    "x12_214/ngl_BUDT_20140827_no_trailers.edi": {"envelope_counts_wrong", "envelope_truncated"},
    "x12_214/ngl_NGLT_20190619_two_interchanges_bad_counts.edi": {
        "envelope_counts_wrong", "control_number_mismatch", "control_number_repeated",
    },
    "x12_214/ngl_NGLT_20191125_enroute_2_carlisle.edi": {"envelope_counts_wrong", "control_number_mismatch"},
    "x12_214/ngl_NGLT_20191125_enroute_3_altoona.edi": {"envelope_counts_wrong", "control_number_mismatch"},
    "x12_214/tms_RLCA_20260512_newline_terminated.edi": {"envelope_counts_wrong"},
}
