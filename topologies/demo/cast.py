"""Made-up people and companies in real cities, with their time zones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Place:
    """A city a shipment passes through. ``region``: state or province code, empty where none is used."""

    city: str
    region: str
    postal_code: str
    country: str
    country_name: str
    zone: str

    def local(self, at_ms: int) -> datetime:
        """The local time there at an instant (UTC ms)."""
        return datetime.fromtimestamp(at_ms / 1000, zone_of(self.zone))


@cache
def zone_of(name: str) -> ZoneInfo:
    """The time zone, loaded once."""
    return ZoneInfo(name)


def _us(city: str, region: str, postal_code: str, zone: str) -> Place:
    return Place(city, region, postal_code, "US", "United States", f"America/{zone}")


AMERICAN: tuple[Place, ...] = (
    _us("Boston", "MA", "02118", "New_York"),
    _us("Newark", "NJ", "07114", "New_York"),
    _us("Atlanta", "GA", "30336", "New_York"),
    _us("Charlotte", "NC", "28214", "New_York"),
    _us("Pittsburgh", "PA", "15205", "New_York"),
    _us("Columbus", "OH", "43217", "New_York"),
    _us("Jacksonville", "FL", "32218", "New_York"),
    _us("Chicago", "IL", "60638", "Chicago"),
    _us("Minneapolis", "MN", "55413", "Chicago"),
    _us("Dallas", "TX", "75212", "Chicago"),
    _us("Memphis", "TN", "38118", "Chicago"),
    _us("Omaha", "NE", "68110", "Chicago"),
    _us("Denver", "CO", "80216", "Denver"),
    _us("Salt Lake City", "UT", "84116", "Denver"),
    _us("Seattle", "WA", "98108", "Los_Angeles"),
    _us("Portland", "OR", "97218", "Los_Angeles"),
    _us("Sacramento", "CA", "95828", "Los_Angeles"),
    _us("San Diego", "CA", "92154", "Los_Angeles"),
)

EUROPEAN: tuple[Place, ...] = (
    Place("Lyon", "", "69007", "FR", "France", "Europe/Paris"),
    Place("Lille", "", "59000", "FR", "France", "Europe/Paris"),
    Place("Nantes", "", "44200", "FR", "France", "Europe/Paris"),
    Place("Hamburg", "", "20539", "DE", "Germany", "Europe/Berlin"),
    Place("Stuttgart", "", "70327", "DE", "Germany", "Europe/Berlin"),
    Place("Leipzig", "", "04435", "DE", "Germany", "Europe/Berlin"),
    Place("Rotterdam", "", "3045 PM", "NL", "Netherlands", "Europe/Amsterdam"),
    Place("Antwerp", "", "2030", "BE", "Belgium", "Europe/Brussels"),
    Place("Milan", "", "20138", "IT", "Italy", "Europe/Rome"),
    Place("Barcelona", "", "08039", "ES", "Spain", "Europe/Madrid"),
    Place("Vienna", "", "1110", "AT", "Austria", "Europe/Vienna"),
    Place("Manchester", "", "M17 1EH", "GB", "United Kingdom", "Europe/London"),
    Place("Dublin", "", "D12 XY45", "IE", "Ireland", "Europe/Dublin"),
    Place("Gothenburg", "", "418 34", "SE", "Sweden", "Europe/Stockholm"),
    Place("Warsaw", "", "02-495", "PL", "Poland", "Europe/Warsaw"),
)

PEOPLE: tuple[tuple[str, str], ...] = (
    ("Mireille", "Duval"), ("Tomasz", "Wrona"), ("Ingrid", "Solberg"), ("Hector", "Alvarado"),
    ("Priya", "Nambiar"), ("Oskar", "Lindqvist"), ("Bettina", "Krause"), ("Marcus", "Whitfield"),
    ("Yolanda", "Prewitt"), ("Giulia", "Ferrante"), ("Callum", "Braithwaite"), ("Saskia", "de Wit"),
    ("Jerome", "Tillman"), ("Aoife", "Kinsella"), ("Noor", "Haddad"), ("Walter", "Oyelaran"),
    ("Renata", "Castell"), ("Dmitri", "Volkov"), ("Hannah", "Ostrander"), ("Esteban", "Quiroga"),
)

COMPANIES: tuple[str, ...] = (
    "Harbor Lane Furnishings", "Brightwater Optics", "Kestrel Tool Works", "Juniper and Vale",
    "Northfold Ceramics", "Atelier Sauvigny", "Pellworm Instruments", "Cobalt Yard Bicycles",
    "Marrow Creek Seeds", "Tessel Lighting", "Quarry House Books", "Ostrava Pumps",
)
