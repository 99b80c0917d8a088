"""A person's reading of the real payloads of aggregators."""

from __future__ import annotations

FEED_OF = {
    "aftership": "aftership",
    "shipengine": "shipengine",
    "17track": "17track",
    "sendcloud": "sendcloud",
    "easyship": "easyship",
}

EXPECTED: dict[str, tuple[str, str]] = {
    "aftership/sdkgo_checkpoints_1.json": ("delivered", ""),
    "aftership/sdkgo_checkpoints_2.json": ("", "contract_broken"),
    "aftership/sdkgo_trackings_2.json": ("pre_advised", "unsupported_message"),
    "aftership/sdkgo_trackings_3.json": ("pre_advised", ""),
    "aftership/sdkgo_trackings_5.json": ("pre_advised", ""),
    "shipengine/webhook_api_track_usps_delivered.json": ("delivered", ""),
    "17track/py17track_packages_response.json": ("arrived_facility*4", "unsupported_message"),
    "17track/py17track_packages_response_with_unknown_state.json": ("arrived_facility*2", "unsupported_message"),
    "17track/webhook_tracking_updated_ups_delivered.json": (
        "delivered out_for_delivery arrived_facility picked_up pre_advised", "",
    ),
    "sendcloud/webhook_parcel_status_changed_minimal.json": ("picked_up", ""),
    "easyship/webhook_tracking_status_changed.json": ("delivered", ""),
}
# The made-up FedEx numbers (eleven and twelve ones) have no right check digit.
FLAGGED = {
    "aftership/sdkgo_checkpoints_1.json": {"check_digit_wrong"},
    "aftership/sdkgo_trackings_3.json": {"check_digit_wrong"},
    "aftership/sdkgo_trackings_5.json": {"check_digit_wrong"},
    "easyship/webhook_tracking_status_changed.json": {"timestamp_untold"},
}
