"""A person's reading of the real payloads of posts and their consolidators."""

from __future__ import annotations

FEED_OF = {
    "canadapost": "canadapost",
    "royalmail": "royalmail",
    "laposte": "laposte",
    "landmark": "landmark",
    "smartkargo": "smartkargo",
    "dhl_parcel_de": "dhl_parcel_de",
    "mydhl": "mydhl",
}

EXPECTED: dict[str, tuple[str, str]] = {
    "canadapost/activeshipping_dnc_tracking_details_en.xml": (
        "delivered available_for_pickup delivery_attempted available_for_pickup arrived_facility picked_up "
        "pre_advised", "",
    ),
    "canadapost/activeshipping_tracking_details_en.xml": (
        "delivered pod_received out_for_delivery arrived_facility in_transit delivered pod_received "
        "out_for_delivery picked_up pre_advised", "",
    ),
    "canadapost/activeshipping_tracking_details_en_undelivered.xml": (
        "out_for_delivery arrived_facility in_transit pod_received out_for_delivery picked_up pre_advised",
        "",
    ),
    "canadapost/activeshipping_tracking_details_fr.xml": (
        "delivered pod_received out_for_delivery arrived_facility in_transit delivered pod_received "
        "out_for_delivery picked_up pre_advised", "",
    ),
    "canadapost/karrio_error_auth_error.xml": ("", "carrier_error"),
    "canadapost/karrio_error_unknown_tracking_number_response.xml": ("", "carrier_error"),
    "canadapost/shipit_canada_post_delayed.xml": (
        "available_for_pickup in_transit delivery_attempted out_for_delivery in_transit arrived_facility*2 "
        "picked_up pre_advised", "",
    ),
    "canadapost/shipit_canada_post_delivered.xml": (
        "delivered out_for_delivery in_transit arrived_facility in_transit arrived_facility pre_advised",
        "",
    ),
    "canadapost/shipit_canada_post_departed.xml": ("departed_facility arrived_facility*3 pre_advised picked_up", ""),
    "canadapost/shipit_canada_post_en_route.xml": ("in_transit pre_advised picked_up arrived_facility", ""),
    "royalmail/eventstest_1.json": ("", "invalid_time"),
    "royalmail/eventstest_2.json": ("", "unsupported_message"),
    "royalmail/eventstest_4.json": ("in_transit", ""),
    "royalmail/signaturetest_1.json": ("", "invalid_time"),
    "royalmail/signaturetest_3.json": ("pod_received", ""),
    "royalmail/summarytest_1.json": ("", "invalid_time"),
    "royalmail/summarytest_3.json": ("in_transit", ""),
    "laposte/karrio_error_error_response.json": ("", "carrier_error"),
    "laposte/karrio_track_tracking_response.json": (
        "delivered arrived_facility in_transit arrived_facility departed_facility in_transit*2 picked_up "
        "pre_advised", "",
    ),
    "landmark/karrio_error_error_response_xml.xml": ("", "carrier_error"),
    "landmark/karrio_track_delivered_tracking_response_xml.xml": (
        "pre_advised customs_released in_transit out_for_delivery delivered", "",
    ),
    "landmark/karrio_track_early_stage_tracking_response_xml.xml": (
        "pre_advised info arrived_facility departed_facility info", "",
    ),
    "landmark/karrio_track_in_transit_tracking_response_xml.xml": (
        "pre_advised arrived_facility customs_started in_transit", "",
    ),
    "landmark/karrio_track_multi_leg_delivered_tracking_response_xml.xml": (
        "pre_advised arrived_facility customs_started in_transit arrived_facility*2 delivered",
        "",
    ),
    "landmark/karrio_track_out_for_delivery_tracking_response_xml.xml": (
        "pre_advised arrived_facility*2 in_transit out_for_delivery", "",
    ),
    "landmark/karrio_track_tracking_response_xml.xml": ("customs_started in_transit", ""),
    "smartkargo/karrio_error_error_response.json": ("", "carrier_error"),
    "smartkargo/karrio_track_dot_net_ticks_tracking_response.json": ("in_transit", ""),
    "smartkargo/karrio_track_tracking_response.json": ("delivered pre_advised", ""),
    "dhl_parcel_de/karrio_error_tracking_error_responsexml.xml": ("", "carrier_error"),
    "dhl_parcel_de/karrio_track_tracking_responsexml.xml": (
        "picked_up in_transit picked_up arrived_facility*2 out_for_delivery delivered", "",
    ),
    "mydhl/karrio_error_error_response.json": ("", "carrier_error"),
    "mydhl/karrio_pod_proof_of_delivery_response.json": ("", "unsupported_message"),
    "mydhl/karrio_track_tracking_response.json": ("delivered picked_up", ""),
}
