"""A person's reading of the real payloads of parcel carriers."""

from __future__ import annotations

FEED_OF = {
    "usps": "usps",
    "gls": "gls",
    "hermes": "hermes",
    "lasership": "lasership",
    "sendle": "sendle",
    "seko": "seko",
    "postnord": "postnord",
}

EXPECTED: dict[str, tuple[str, str]] = {
    "usps/activeshipping_invalid_xml_tracking_response_error.xml": ("", "carrier_error"),
    "usps/activeshipping_tracking_response.xml": (
        "delivered out_for_delivery in_transit arrived_facility departed_facility arrived_facility "
        "departed_facility arrived_facility picked_up pre_advised", "",
    ),
    "usps/activeshipping_tracking_response_batch.xml": (
        "delivered out_for_delivery in_transit arrived_facility departed_facility arrived_facility "
        "departed_facility arrived_facility picked_up pre_advised delivered pre_advised", "carrier_error",
    ),
    "usps/activeshipping_tracking_response_failure.xml": ("", "carrier_error"),
    "usps/activeshipping_tracking_response_test_error.xml": ("", "carrier_error"),
    "usps/karrio_error_auth_error_response.json": ("", "carrier_error"),
    "usps/karrio_track_tracking_response.json": (
        "delivered out_for_delivery arrived_facility*2 in_transit*3 departed_facility arrived_facility "
        "departed_facility picked_up pre_advised", "",
    ),
    "usps/shipit_usps_delivered.xml": (
        "delivered out_for_delivery in_transit arrived_facility*2 departed_facility arrived_facility pre_advised "
        "picked_up", "",
    ),
    "usps/shipit_usps_pre_shipment.xml": ("pre_advised", ""),
    "usps/shipit_usps_predicted_eta.xml": (
        "arrived_facility*2 departed_facility arrived_facility departed_facility picked_up pre_advised",
        "",
    ),
    "gls/karrio_error_error_response.json": ("", "carrier_error"),
    "gls/karrio_track_tracking_response.json": ("picked_up pre_advised", ""),
    "gls/shipmenttracker_in_transit.json": (
        "departed_facility delivered out_for_delivery arrived_facility*3 departed_facility arrived_facility "
        "picked_up pre_advised", "",
    ),
    "gls/shipmenttracker_pick_up.json": (
        "available_for_pickup*2 delivery_attempted out_for_delivery arrived_facility*2 delivery_attempted*2 "
        "out_for_delivery arrived_facility*3 departed_facility arrived_facility picked_up pre_advised",
        "",
    ),
    "hermes/karrio_error_tracking_error_response.json": ("", "carrier_error"),
    "hermes/karrio_track_tracking_response.json": ("pre_advised arrived_facility out_for_delivery delivered", ""),
    "lasership/shipit_lasership_delivered.json": ("delivered out_for_delivery arrived_facility pre_advised", ""),
    "lasership/shipit_lasership_enroute.json": ("picked_up pre_advised", ""),
    "lasership/shipit_lasership_released.json": ("delivered out_for_delivery arrived_facility*2 pre_advised", ""),
    "sendle/karrio_error_error_response.json": ("", "carrier_error"),
    "sendle/karrio_track_tracking_response.json": ("", "no_reference"),
    "seko/karrio_error_error_response.json": ("", "carrier_error"),
    "seko/karrio_track_tracking_response.json": (
        "pre_advised*2 departed_facility in_transit*2 departed_facility arrived_facility*2 out_for_delivery "
        "delivered", "",
    ),
    "seko/karrio_track_tracking_response2.json": ("pre_advised*8", ""),
    "postnord/delivered.json": ("delivered out_for_delivery arrived_facility pre_advised", ""),
    "postnord/out_for_delivery.json": ("out_for_delivery arrived_facility pre_advised", ""),
    "postnord/pickup_point.json": ("out_for_delivery arrived_facility pre_advised", ""),
}
