"""Fills the Tryton of ``tryton.sh``, in its environment: an empty one with a company, then that with orders.

Usage: seed.py FOLDER DATABASE, then seed.py FOLDER DATABASE ORDERS. Prints a JSON line for each order: sale, shipment,
customer, amount. Every order waits to be shipped, packed or not, and has one shipment, which is the ERP delivery of its
postings.
"""

import json
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import partial
from math import lcm
from multiprocessing import get_context
from pathlib import Path

from proteus import Model, config
from psycopg.errors import LockNotAvailable
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company

CUSTOMERS, PRODUCTS, QUANTITIES, STOCK, TOGETHER = 20, 50, 5, 1_000_000, 50
PARCEL = "Parcel"
ALIKE = lcm(CUSTOMERS, PRODUCTS, QUANTITIES)
GROUPS = ("Stock", "Stock Cancellation", "Sales", "Sales Administrator", "Accounting")


def company():
    """Make the company with its chart of accounts and fiscal year; its accounts."""
    create_company(currency="EUR")
    create_chart()
    year = set_fiscalyear_invoice_sequences(create_fiscalyear())
    year.click("create_period")
    return get_accounts()


def products(accounts):
    """Make the products that are sold and kept in stock; there is enough of each. Tryton locks a product's stock while
    goods are assigned, so that one for all orders would have them wait for each other."""
    category = Model.get("product.category")(name="Goods", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.save()
    [unit] = Model.get("product.uom").find([("name", "=", "Unit")])
    [storage] = Model.get("stock.location").find([("code", "=", "STO")])
    inventory = Model.get("stock.inventory")(location=storage)
    for number in range(1, PRODUCTS + 1):
        template = Model.get("product.template")(
            name=f"Crate {number}", type="goods", salable=True, list_price=Decimal("10"),
        )
        template.default_uom, template.account_category = unit, category
        template.save()
        inventory.lines.new(product=template.products[0]).quantity = float(STOCK)
    inventory.click("confirm")


def parties():
    """Make the customers, each with an address."""
    Party = Model.get("party.party")
    made = []
    for number in range(1, CUSTOMERS + 1):
        party = Party(name=f"Customer {number}", code=f"C-{number:04}")
        party.addresses[0].street_unstructured = f"Street {number}"
        party.save()
        made.append(party)
    return made


def user(password):
    """Make the user that ShipSync posts as, with no more than the groups it needs."""
    Group, User = Model.get("res.group"), Model.get("res.user")
    [company] = Model.get("company.company").find()
    made = User(name="ShipSync", login="shipsync", password=password)
    made.companies.append(company)
    made.company = company
    for name in GROUPS:
        made.groups.extend(Group.find([("name", "=", name)]))
    made.save()


def print_short():
    """Have invoices printed as a line of text: Tryton prints each one that it posts, and an office document costs it
    0.3 s."""
    [report] = Model.get("ir.action.report").find([("report_name", "=", "account.invoice")])
    report.template_extension, report.extension = "txt", ""
    report.report_content_custom = b"Invoice $invoice.number"
    report.save()


def drafts(numbers):
    """Draft sales of a product each, filled in field by field, as a client does."""
    Sale = Model.get("sale.sale")
    customers = Model.get("party.party").find([("code", "like", "C-%")], order=[("code", "ASC")])
    things = Model.get("product.product").find([("template.name", "like", "Crate %")], order=[("id", "ASC")])
    made = []
    for number in numbers:
        sale = Sale(party=customers[number % CUSTOMERS], invoice_method="fulfillment")
        line = sale.lines.new(product=things[number % PRODUCTS])
        line.quantity = float(1 + number % QUANTITIES)
        made.append(sale)
    Sale.save(made)
    return made


def orders(numbers, patterns=()):
    """Make orders, confirmed and in the warehouse's hands; each with its id. ``patterns``: sales to copy, which
    is quicker than filling in the fields."""
    Sale = Model.get("sale.sale")
    made = Sale.duplicate([Sale(patterns[number % ALIKE]) for number in numbers]) if patterns else drafts(numbers)
    for number, sale in zip(numbers, made, strict=True):
        sale.reference = f"PO-{number}"
    Sale.save(made)
    for button in ("quote", "confirm"):
        Sale.click(made, button)
    if waiting := [one for one in Sale.find([("id", "in", [one.id for one in made])]) if one.state == "confirmed"]:
        Sale.click(waiting, "process")
    done = Sale.find([("id", "in", [one.id for one in made])], order=[("id", "ASC")])
    if packed := [sale.shipments[0] for number, sale in zip(numbers, done, strict=True) if is_packed(number)]:
        pack(packed)
    return [(one.id, json.dumps({
        "sale": one.number, "shipment": one.shipments[0].number, "customer": one.party.code,
        "amount": str(one.total_amount),
    })) for one in done]


def is_packed(number):
    """Whether the warehouse has packed it: thirty orders of forty."""
    return number // 10 % 4 > 0


def pack(shipments):
    """Do the warehouse's part of these shipments: each is packed, in a package that bears no carrier's number yet."""
    Shipment, Move = Model.get("stock.shipment.out"), Model.get("stock.move")
    [parcel] = Model.get("stock.package.type").find([("name", "=", PARCEL)])
    assign(shipments)
    Shipment.click(shipments, "pick")
    for one in shipments:
        one.packages.new(type=parcel).moves.extend(Move(move.id) for move in one.outgoing_moves)
    Shipment.save(shipments)
    Shipment.click(shipments, "pack")


def assign(shipments):
    """Assign their goods, once no other process has these products' stock locked."""
    while True:
        try:
            return Model.get("stock.shipment.out").click(shipments, "assign_try")
        except LockNotAvailable:
            time.sleep(random.uniform(0.1, 0.5))


def fill(database, count):
    """Make so many orders, on all cores; the first of each kind is copied from there on."""
    first = [one for begin in range(0, min(count, ALIKE), TOGETHER)
             for one in orders(range(begin, min(count, ALIKE, begin + TOGETHER)))]
    patterns = [sale for sale, _ in first]
    say(first)
    more = [range(begin, min(count, begin + TOGETHER)) for begin in range(ALIKE, count, TOGETHER)]
    with ProcessPoolExecutor(initializer=connect, initargs=(database,), mp_context=get_context("spawn")) as pool:
        for some in pool.map(partial(orders, patterns=patterns), more):
            say(some)


def say(made):
    """Print the lines of some orders."""
    print(*(line for _, line in made), sep="\n", flush=True)


def found(password):
    """Make a company with a product, customers and the user of ShipSync."""
    accounts = company()
    products(accounts)
    parties()
    Model.get("stock.package.type")(name=PARCEL).save()
    print_short()
    user(password)


def connect(database):
    """Work on a database as a person who waves warnings through."""
    config.set_trytond(database).skip_warning = True


def main(folder, database, count=None):
    """Fill the database."""
    connect(database)
    if count is None:
        found((folder / "password").read_text())
    else:
        fill(database, int(count))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
