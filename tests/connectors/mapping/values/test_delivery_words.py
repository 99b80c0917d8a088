"""Carriers' words for a delivery and for none, in the languages they write."""

from __future__ import annotations

import re
from random import Random

import pytest
import yaml

from connectors.mapping.declared.words_law import folded
from connectors.mapping.values.delivery_words import LOOKED_AT, Words, alternatives, goes_back, words_in
from connectors.mapping.values.places import TABLES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Delivered, To Original Sender", Words.BACK),
        ("Delivered to shipper", Words.BACK),
        ("Package was returned to the sender ", Words.BACK),
        ("Returned to Seller", Words.BACK),
        ("Die Sendung wurde an den Absender zugestellt", Words.BACK),
        ("Zurück an Absender", Words.BACK),
        ("Colis livré à l'expéditeur", Words.BACK),
        ("Entregado al remitente", Words.BACK),
        ("Consegnato al mittente", Words.BACK),
        ("Pakket bezorgd aan afzender", Words.BACK),
        ("Przesyłka doręczona do nadawcy", Words.BACK),
        ("Could not be delivered", Words.ATTEMPTED),
        ("Not delivered - customer absent", Words.ATTEMPTED),
        ("Die Sendung konnte nicht zugestellt werden", Words.ATTEMPTED),
        ("Delivered to UPS Access Point™ ", Words.PICK_UP_PLACE),
        ("Delivered to locker", Words.PICK_UP_PLACE),
        ("Delivered, Parcel Locker", Words.PICK_UP_PLACE),
        ("Das Paket wurde im GLS PaketShop zugestellt", Words.PICK_UP_PLACE),
        ("The shipment is ready for pick-up at the PACKSTATION", Words.WAITING),
        ("Delivered to UPS Access Point, awaiting customer pickup", Words.WAITING),
        ("The shipment can be collected from the PACKSTATION", Words.WAITING),
        ("Die Sendung liegt in der Filiale zur Abholung bereit", Words.WAITING),
        ("Votre colis est disponible au point de retrait", Words.WAITING),
        ("Przesyłka gotowa do odbioru w paczkomacie", Words.WAITING),
        ("The recipient has picked up the shipment from the PACKSTATION", Words.COLLECTED),
        ("Delivered, Individual Picked Up at Post Office", Words.COLLECTED),
        ("Abgeholt in der Postfiliale", Words.COLLECTED),
        ("Delivered to local post office for final delivery", Words.HANDED_OVER),
        ("Partial delivery", Words.PARTIAL),
        ("Will be delivered tomorrow", Words.TO_COME),
        ("Left with neighbour", Words.NEIGHBOUR),
        ("RTO delivered", Words.BACK),
        ("Returned and delivered", Words.BACK),
        ("Delivered to returns centre", Words.BACK),
        ("Retourzending bezorgd", Words.BACK),
        ("Delivery not possible", Words.ATTEMPTED),
        ("Attempted - business closed", Words.ATTEMPTED),
        ("No one home", Words.ATTEMPTED),
        ("Refused by consignee", Words.REFUSED),
        ("Annahme verweigert", Words.REFUSED),
        ("Rifiutato dal destinatario", Words.REFUSED),
        ("Delivered to post office for pick-up", Words.PICK_UP_PLACE),
        ("Delivered to PUDO point", Words.PICK_UP_PLACE),
        ("Bezorgd bij servicepunt", Words.PICK_UP_PLACE),
        ("Delivered to customs broker", Words.HANDED_OVER),
        ("Delivered to local courier", Words.HANDED_OVER),
        ("Delivered to third party carrier", Words.HANDED_OVER),
        ("Delivered to destination facility", Words.HANDED_OVER),
        ("Delivered to USPS for delivery", Words.HANDED_OVER),
        ("Remis au transitaire", Words.HANDED_OVER),
        ("An Zollagenten übergeben", Words.HANDED_OVER),
        ("Delivered 1 of 3", Words.PARTIAL),
        ("1 of 3 delivered", Words.PARTIAL),
        ("1/3 packages delivered", Words.PARTIAL),
        ("Part of the shipment was delivered", Words.PARTIAL),
        ("Delivered to wrong address", Words.IN_DOUBT),
        ("Misdelivered", Words.IN_DOUBT),
        ("Assumed delivered", Words.IN_DOUBT),
        ("Delivery rescheduled", Words.IN_DOUBT),
        ("Delivered to agent", Words.IN_DOUBT),
        ("Delivered, claimed not received", Words.IN_DOUBT),
        ("Die Sendung wurde bei Nachbarn abgegeben", Words.NEIGHBOUR),
    ],
)
def test_words_of_a_delivery_are_read_beside_its_code(text: str, words: Words) -> None:
    assert words_in(folded(text)) is words


@pytest.mark.parametrize(
    "text",
    [
        "Delivered", "DELIVERED", "Delivered, Front Door/Porch", "Delivered, In/At Mailbox", "Delivered, PO Box",
        "Delivered, Left with Individual", "Delivered to reception", "Shipment delivered, signed for by A. Muster",
        "Das Paket wurde beim Empfänger zugestellt.", "Livré", "Colis livré au gardien", "Entregado", "Consegnata",
        "Bezorgd", "Delivered at second attempt", "Proof of delivery sent to shipper's account",
        "Delivered to the customer's warehouse", "Delivered as scheduled", "Delivered per appointment",
        "Recipient not home, left at front door", "Delivered - recipient refused to sign",
        "Signature refused, delivered",
        "Delivered to recipient by local courier", "Delivered 3 of 3", "Delivered at 1/3 Hill Rd", "Delivered 11/20",
        "Delivered, return receipt", "Delivered to door 1 of 3 Main St", "Delivered to agent of consignee",
        "Delivered, To Agent", "Delivered, signature service not requested", "Delivered to Receiving dept",
        "Delivered: signed by M. Carrier", "Delivered to the address given for delivery", "Delivered to mailroom",
        "Delivered to parts department", "Unterschrift verweigert, zugestellt", "Delivered to Anna Porter",
    ],
)
def test_an_ordinary_delivery_stays_one(text: str) -> None:
    assert words_in(folded(text)) is None


@pytest.mark.parametrize(
    ("text", "goes"),
    [
        ("The package is being returned to the sender", True), ("The shipment will be returned to the shipper", False),
        ("Return to Sender", True), ("Die Sendung wird zurückgesandt", True), ("Retour à l'expéditeur", True),
        ("RTO initiated", True), ("Parcel on its way back to the merchant", True),
        ("If not collected, it will be returned to the sender", False), ("Not returned to sender", False),
        ("May be returned to sender", False), ("Returned to the network", False), ("In transit", False),
    ],
)
def test_words_that_it_goes_back_are_told_from_those_that_it_may(text: str, goes: bool) -> None:
    assert goes_back(folded(text)) is goes


def test_of_a_long_text_both_ends_are_read() -> None:
    filling = " nothing of it" * LOOKED_AT
    assert words_in(f"returned to the sender{filling}") is Words.BACK
    assert words_in(f"delivered{filling} returned to the sender") is Words.BACK
    assert words_in(f"delivered{filling} returned to the sender{filling}") is None


def test_alternatives_are_split_outside_of_groups() -> None:
    expression = r"\ba(?:b|c(?:d|e))|f[|(]g|\||h\("
    assert alternatives(expression) == [r"\ba(?:b|c(?:d|e))", "f[|(]g", r"\|", r"h\("]


def test_what_is_found_is_what_the_expressions_of_the_table_find_one_by_one() -> None:
    table = yaml.safe_load((TABLES / "delivery_words.yaml").read_text("utf-8"))
    each = [(one, [re.compile(expression) for expression in table[one]]) for one in Words]
    vocabulary = sorted({word for one in Words for said in table[one] for word in re.findall(r"[^\W\d_]+", said)})
    rng = Random(7)
    for _ in range(3_000):
        text = " ".join(rng.choices(vocabulary, k=rng.randint(1, 6)))
        found = next((one for one, expressions in each if any(found.search(text) for found in expressions)), None)
        assert words_in(text) is found, text
