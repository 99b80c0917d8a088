"""The right outcome of each case, as a person who ships for a living expects it. The files are those of ``own/``; what
lies in the folder SHIPSYNC_CASES differs as ``given.py`` says."""

from __future__ import annotations

from tests.cases import Case

NONE_DELIVERED = "0 posted, 0 told"

NOT_DELIVERED = [
    Case("usps_return_delivered.json", "usps", {
        "events": "returned delivery_attempted/refusal/consignee_refused", "status": "returned",
        "delivered": NONE_DELIVERED,
    }),
    Case("easypost_to_original_sender.json", "easypost", {
        "events": "returning returned", "status": "returned", "delivered": NONE_DELIVERED,
    }),
    Case("easypost_return_delivered.json", "easypost", {
        "events": "delivery_attempted/refusal/consignee_refused returning returned", "status": "returned",
        "delivered": NONE_DELIVERED,
    }),
    Case("ups_return_delivered.json", "ups", {
        "events": "returned returning/refusal/consignee_refused", "status": "returned", "delivered": NONE_DELIVERED,
    }),
    Case("ups_returned_to_sender.json", "ups", {
        "events": "returned available_for_pickup delivery_attempted/consignee/consignee_absent",
        "status": "returned", "delivered": NONE_DELIVERED,
    }),
    Case("ups_two_packages.json", "ups", {
        "statuses": "1ZAB44710000004206=in_transit 1ZAB44710000004215=in_transit", "delivered": NONE_DELIVERED,
    }, orders={"1ZAB44710000004206": "2026-11-18T00:00+00:00"}),
    Case("fedex_two_waybills.json", "fedex", {"status": "in_transit", "delivered": NONE_DELIVERED},
         orders={"731555000086": "2026-11-25T12:00+00:00"}),
    Case("ups_twice_a.json ups_twice_b.json", "ups", {
        "status": "delivered", "delivered": "1 posted, 1 told 2026-11-20",
    }),
    Case("ups_no_gmt.json", "ups", {
        "events": "delivered out_for_delivery departed_facility", "status": "delivered",
        "delivered": "1 posted, 1 told 2026-11-20",
    }),
]

FIELDS = [
    Case("ups_clock_a_gmt5.json", "ups", {"times": "2026-11-18T09:47:00Z-6h"}),
    Case("ups_clock_b_local5.json", "ups", {"times": "2026-11-18T09:47:00Z-6h"}),
    Case("ups_clock_c_gmtempty.json", "ups", {"times": "2026-11-18T09:47:00Z-6h"}),
    Case("ups_clock_d_unpadded_colon.json", "ups", {"times": "2026-11-18T09:47:01Z-6h"}),
    Case("ups_clock_gmt_offset.json", "ups", {
        "times": "2026-11-18T16:44:34Z-8h 2026-11-18T09:47:00Z-6h 2026-11-17T05:53:01Z-5h",
    }),
    Case("easypost_no_seconds.json", "easypost", {
        "times": "2026-11-20T10:04:00Z 2026-11-20T15:04:00Z-5h 2026-11-20T10:04:00Z+0h 2026-11-20T09:04:00Z+1h "
                 "2026-11-20T15:04:00Z-5h 2026-11-20T15:04:00Z-5h",
    }),
    Case("easypost_fractions.json", "easypost", {
        "times": "2026-11-20T10:00:00Z 2026-11-20T10:01:00Z 2026-11-20T10:02:00Z 2026-11-20T10:03:00Z "
                 "2026-11-20T10:04:00Z 2026-11-20T09:05:00Z+1h 2026-11-20T09:06:00Z+1h 2026-11-20T10:07:00Z "
                 "2026-11-20T10:08:01Z",
    }),
    Case("ups_more_codes.json", "ups", {
        "events": "delivery_attempted/consignee/consignee_absent in_transit/other available_for_pickup "
                  "in_transit/address/address_incorrect in_transit/delay/weather customs_started picked_up "
                  "in_transit/delay/processing_delay delivery_attempted/refusal/consignee_refused available_for_pickup",
    }),
    Case("fedex_eta_dateandtimes.json", "fedex", {"estimate": "2026-12-02T01:00:00Z"}),
    Case("ups_rescheduled_eta.json", "ups", {"estimate": "2026-12-03T00:15:00Z"}),
    Case("ups_trackapi_eta.json", "ups", {"estimate": "2026-10-28T19:00:00Z"}),
    Case("epcis_query.jsonld", "epcis", {"events": "departed_pickup", "times": "2026-04-04T02:33:31Z-6h"}),
    Case("gls_standort.json", "gls", {
        "events": "delivered delivery_attempted/consignee/consignee_absent out_for_delivery arrived_facility "
                  "departed_facility picked_up",
        "signed": "PROBE - - - - -",
    }),
    Case("x12_945_eta.edi", "x12_partner", {"estimate": "2026-10-14T03:59:59Z"}),
    Case("x12_210_wrapped.edi", "x12_partner", {
        "events": "delivered", "references": "shipment:200000772 invoice:100000771 po:838195",
    }),
    Case("x12_space_before_tilde_all.edi", "x12_partner", {
        "events": "in_transit", "numbers": "PRO8100301", "flags": "envelope_nonstandard",
    }),
    Case("x12_space_before_tilde_isa.edi", "x12_partner", {
        "events": "in_transit", "numbers": "PRO8100301", "flags": "envelope_nonstandard",
    }),
    Case("x12_underscore_no_isa16_214.edi", "x12_partner", {
        "numbers": "PRO8100202", "flags": "envelope_nonstandard",
    }),
    Case("x12_underscore_no_isa16_204.edi", "x12_partner", {"refused": "", "references": "shipment:LOAD-30177"}),
    Case("landmark_places.xml", "landmark", {
        "events": "pre_advised arrived_facility departed_facility delivery_attempted/other",
        "places": "Hamburg,DE | Utrecht,NL | Egham,SRY | Rotterdam,NL",
        "references": "alternate_tracking:LTN00000077N1 customer:ORDER-77",
    }),
    Case("fedex_007.json", "fedex", {
        "events": "delivery_attempted/consignee/consignee_absent delivery_attempted/refusal/consignee_refused "
                  "in_transit/consignee/consignee_requested_later info/consignee/consignee_requested_later",
        "references": "door_tag:DT200000000777 master_tracking:777777777777",
        "estimate": "2026-10-07T00:00:00Z",
    }),
    Case("easypost_awaiting.json", "easypost", {
        "events": "stored/hold/instructions_awaited delivered", "signed": "- -",
    }),
    Case("dhl_locker.json", "dhl", {
        "events": "available_for_pickup out_for_delivery", "status": "available_for_pickup",
        "delivered": NONE_DELIVERED,
    }),
    Case("dhl_locker_transit.json", "dhl", {"events": "available_for_pickup delivered", "status": "delivered"}),
    Case("17track_summary.json", "17track", {"events": "", "refused": "unsupported_message"}),
    Case("dcsa_missing.json", "dcsa", {
        "events": "departed_facility arrived_facility", "flags": "classifier_missing -",
    }),
]

ZONES = [
    Case("x12_anchorage.edi", "x12_partner", {
        "times": "2026-11-10T17:30:00Z-9h 2026-11-10T17:00:00Z-9h 2026-11-09T16:00:00Z-8h 2026-11-09T18:00:00Z-9h",
    }),
    Case("x12_time_codes.edi", "x12_partner", {
        "times": "2026-11-10T14:00:00Z-6h 2026-11-10T07:05:00Z+1h 2026-11-10T03:10:00Z+5h 2026-11-09T20:15:00Z+12h "
                 "2026-11-10T20:20:00Z-12h 2026-11-10T14:25:00Z-6h 2026-11-10T13:30:00Z-5h 2026-11-10T09:35:00Z-1h "
                 "2026-11-10T13:40:00Z-5h 2026-11-10T12:45:00Z-4h 2026-11-10T14:00:00Z-5h 2026-11-10T15:05:00Z-6h "
                 "2026-11-10T14:10:00Z-5h 2026-11-10T16:15:00Z-7h 2026-11-10T16:20:00Z-7h 2026-11-10T18:25:00Z-9h "
                 "2026-11-10T18:30:00Z-9h 2026-11-10T19:35:00Z-10h 2026-11-10T09:40:00Z+0h 2026-11-10T09:45:00Z+0h "
                 "2026-11-10T14:00:00Z-4h 2026-11-10T13:35:00Z-3.5h 2026-11-10T12:40:00Z-2.5h "
                 "2026-11-10T16:15:00Z-6h",
    }),
    Case("csv_zone_column.csv", "lx", {
        "times": "2026-10-12T06:15:00Z+2h 2026-10-12T13:40:00Z+2h 2026-10-12T16:05:00Z+2h 2026-10-13T05:30:00Z+1h "
                 "2026-10-14T10:12:00Z+1h 2026-10-12T14:00:00Z-5h 2026-10-13T19:30:00Z-5h 2026-10-15T14:05:00Z-4h "
                 "2026-10-16T13:55:00Z-4h",
        "refused": "contract_broken",
    }, mapping="lx.carrier.yaml"),
]

NUMBERS = [
    Case("ups_two_claims_0.json ups_two_claims_1.json", "ups", {
        "status": "delivered", "delivered": "2 posted, 2 told 2026-11-20", "refused": "",
    }, order_field="1ZAB44710000001914, 1ZAB44710000001923"),
    Case("label_form_usps.json", "usps", {
        "status": "delivered", "delivered": "1 posted, 1 told 2026-11-20", "refused": "",
    }, order_field="420941079400102898310000002006"),
]

ONBOARDING = [
    Case("dpd_no_number.xml", "dpd", {
        "events": "out_for_delivery", "numbers": "15507654321098", "refused": "", "places": "Leuven,BE",
    }, mapping="dpd.carrier.yaml", asked="15507654321098"),
    Case("mapping_text_and_zone.json", "tmpx", {"events": "info", "times": "2026-10-01T14:00:00Z-4h"},
         mapping="tmpx.carrier.yaml"),
    Case("easypost_connect_envelope.json", "easypost", {"events": "arrived_facility"}),
    Case("easypost_double_encoded.json", "easypost", {"events": "arrived_facility"}),
    Case("easypost_http_connector_value.json", "easypost", {"events": "arrived_facility"}),
]

CASES = [*NOT_DELIVERED, *FIELDS, *ZONES, *NUMBERS, *ONBOARDING]
