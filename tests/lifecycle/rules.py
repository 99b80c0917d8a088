"""The declarations of the script's installation: policies, carriers and their bookings."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lifecycle import haulage
from topologies.demo.partners import CARRIERS

PLAIN, PROVED, PAPER, OLD_FRIEND = "C-PLAIN", "C-PROVED", "C-PAPER", "C-OLD-FRIEND"
"""Customers: one whose deliveries are confirmed as they are reported, one whose need a proof, one whose need a
document, and one that has a carrier of its own, which answers nobody."""
PAPER_WITHIN_H = 12
"""Hours after the delivery within which its document is due; then it is asked for again, too."""
POLICIES = f"""customers:
  {PROVED}: {{proof: any, waits: {{proof: {{owner: finance, deadline: 1h}}}}}}
  {PAPER}:
    proof: document
    chase: [{PAPER_WITHIN_H}h]
    waits: {{proof: {{owner: finance, deadline: {PAPER_WITHIN_H}h}}}}
"""
SWIFT, STEADY, MUTE, HAULAGE = "swift", "steady", "mute", haulage.CARRIER
FREIGHT_USD = 240
BOOKINGS = f"""waits:
  decision: {{owner: shipping, deadline: 1d}}
warehouses:
  "*": {{name: Tessel Lighting, street: 1 Harbor Way, city: Boston, region: MA, postal_code: "02118", country: US}}
carriers:
  {MUTE}:
    answer_within: 12s
    channel: {{kind: rest, address: "ADDRESS/{MUTE}/bookings"}}
    services: {{parcel: {{customers: [{OLD_FRIEND}], currency: USD, costs: [{{price: 20}}]}}}}
  {SWIFT}:
    answer_within: 1h
    channel: {{kind: rest, address: "ADDRESS/{SWIFT}/bookings"}}
    services: {{parcel: {{weight_kg: {{most: 30}}, currency: USD, costs: [{{price: 8}}]}}}}
  {STEADY}:
    answer_within: 1h
    channel: {{kind: rest, address: "ADDRESS/{STEADY}/bookings"}}
    services: {{parcel: {{weight_kg: {{most: 30}}, currency: USD, costs: [{{price: 11}}]}}}}
  {HAULAGE}:
    scac: {haulage.SCAC}
    answer_within: 1h
    channel: {{kind: x12, feed: {haulage.FEED}, sender: "ZZ:LIFECYCLE", receiver: "02:HAULAGE"}}
    services: {{freight: {{weight_kg: {{least: 30}}, currency: USD, costs: [{{price: {FREIGHT_USD}}}]}}}}
"""


def bookings(address: str) -> str:
    """The rules of bookings, with couriers that are asked at this address."""
    return BOOKINGS.replace("ADDRESS", address)


def carriers(folder: Path) -> Path:
    """A folder with the carriers of the demo and those of the script."""
    for home in (CARRIERS, Path(__file__).parent / "carriers"):
        shutil.copytree(home, folder, dirs_exist_ok=True)
    return folder
