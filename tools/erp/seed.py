"""Fills the Tryton of ``tryton.sh``, in its environment: an empty one with a company, then that with orders.

Usage: seed.py FOLDER DATABASE, then seed.py FOLDER DATABASE ORDERS. Prints a JSON line for each order: sale, shipment,
customer, amount. Every order waits to be shipped, and has one shipment, which is the ERP delivery of its postings.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

from proteus import Model, config
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company

CUSTOMERS, PRODUCTS, STOCK, TOGETHER = 20, 50, 1_000_000, 50
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


def orders(numbers):
    """Make orders of a product each, confirmed and in the warehouse's hands; their sales."""
    Sale = Model.get("sale.sale")
    customers = Model.get("party.party").find([("code", "like", "C-%")], order=[("code", "ASC")])
    things = Model.get("product.product").find([("template.name", "like", "Crate %")], order=[("id", "ASC")])
    made = []
    for number in numbers:
        sale = Sale(
            party=customers[number % CUSTOMERS], invoice_method="fulfillment", reference=f"PO-{number}",
        )
        line = sale.lines.new(product=things[number % PRODUCTS])
        line.quantity = float(1 + number % 5)
        made.append(sale)
    Sale.save(made)
    for button in ("quote", "confirm"):
        Sale.click(made, button)
    if waiting := [one for one in Sale.find([("id", "in", [one.id for one in made])]) if one.state == "confirmed"]:
        Sale.click(waiting, "process")
    return Sale.find([("id", "in", [one.id for one in made])], order=[("id", "ASC")])


def fill(count):
    """Make so many orders."""
    for begin in range(0, count, TOGETHER):
        for sale in orders(range(begin, min(count, begin + TOGETHER))):
            [shipment] = sale.shipments
            print(json.dumps({
                "sale": sale.number, "shipment": shipment.number, "customer": sale.party.code,
                "amount": str(sale.total_amount),
            }), flush=True)


def found(password):
    """Make a company with a product, customers and the user of ShipSync."""
    accounts = company()
    products(accounts)
    parties()
    Model.get("stock.package.type")(name="Parcel").save()
    user(password)


def main(folder, database, count=None):
    """Fill the database."""
    config.set_trytond(database)
    if count is None:
        found((folder / "password").read_text())
    else:
        fill(int(count))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
