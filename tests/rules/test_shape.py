"""Small modules, small functions, speaking names, tests where one looks for them."""

from __future__ import annotations

import ast
import re

from tests.support.sources import PACKAGES, ROOT, committed_files, imports, label, modules, tree

MOST_LINES = 400
MOST_FUNCTION_LINES = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}
HELD_ELSEWHERE = {
    "streams/bookings/rules.py": "tests/streams/bookings/test_choice.py",
    "streams/bookings/machine.py": "tests/streams/bookings/test_laws.py",
    "streams/bookings/record.py": "tests/streams/bookings/test_step.py",
    "streams/bookings/waits.py": "tests/streams/bookings/test_step.py",
    "streams/bookings/told.py": "tests/streams/bookings/test_step.py",
    "streams/bookings/readiness.py": "tests/streams/bookings/test_step.py",
    "streams/contracts/booking_ids.py": "tests/connectors/mapping/x12/test_bookings.py",
    "streams/contracts/bookings.py": "tests/rules/test_contracts.py",
    "streams/contracts/delivery_milestones.py": "tests/rules/test_contracts.py",
    "streams/kernel/polling_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/kernel/booking_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/kernel/notice_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/contracts/notices.py": "tests/rules/test_contracts.py",
    "streams/fulfilment/kinds.py": "tests/streams/fulfilment/test_step.py",
    "streams/fulfilment/alerts.py": "tests/streams/fulfilment/test_waits.py",
    "streams/fulfilment/phases.py": "tests/streams/fulfilment/test_machine.py",
    "streams/fulfilment/postings.py": "tests/streams/fulfilment/test_gate.py",
    "streams/fulfilment/record.py": "tests/streams/fulfilment/test_laws.py",
    "streams/fulfilment/facts.py": "tests/streams/fulfilment/test_step.py",
    "streams/fulfilment/shipments.py": "tests/streams/fulfilment/test_gate.py",
    "streams/fulfilment/quantities.py": "tests/streams/fulfilment/test_quantity.py",
    "streams/fulfilment/policy.py": "tests/topologies/stages/test_fulfilment_rules.py",
    "streams/contracts/fulfilment.py": "tests/rules/test_contracts.py",
    "streams/kernel/fulfilment_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/contracts/model.py": "tests/rules/test_contracts.py",
    "streams/kernel/memo.py": "tests/streams/avro_codec/test_binary.py",
    "streams/contracts/dwell_keys.py": "tests/streams/norms/test_step.py",
    "streams/contracts/at_stake.py": "tests/streams/shipments/test_alert_signals.py",
    "streams/contracts/claim_order.py": "tests/streams/shipments/claims/test_standing.py",
    "streams/kernel/vocabulary.py": "tests/rules/test_contracts.py",
    "streams/contracts/warehouse.py": "tests/rules/test_contracts.py",
    "streams/contracts/links.py": "tests/rules/test_contracts.py",
    "streams/contracts/claims.py": "tests/rules/test_contracts.py",
    "streams/contracts/feeds.py": "tests/rules/test_contracts.py",
    "streams/contracts/polling.py": "tests/rules/test_contracts.py",
    "streams/contracts/erp_cursor.py": "tests/rules/test_contracts.py",
    "streams/contracts/postings.py": "tests/rules/test_contracts.py",
    "streams/contracts/dwells.py": "tests/rules/test_contracts.py",
    "streams/shipments/state_view.py": "tests/streams/shipments/timers/test_punctuality.py",
    "streams/kernel/carrier_errors.py": "tests/topologies/stages/test_intake.py",
    "streams/contracts/edi.py": "tests/rules/test_contracts.py",
    "streams/contracts/alerts.py": "tests/rules/test_contracts.py",
    "streams/intake/adapter.py": "tests/streams/intake/test_step.py",
    "streams/intake/feed_tally.py": "tests/streams/intake/test_step.py",
    "streams/feeds/feed_alerts.py": "tests/streams/feeds/test_step.py",
    "streams/edi/exchange.py": "tests/streams/edi/test_step.py",
    "streams/alerts/feed_silence.py": "tests/streams/alerts/test_step.py",
    "streams/kernel/step_result.py": "tests/rules/test_steps.py",
    "streams/kernel/alert_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/kernel/edi_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/kernel/audit_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/contracts/dead_letter.py": "tests/rules/test_contracts.py",
    "streams/contracts/audit.py": "tests/connectors/kafka/test_action_audits.py",
    "streams/kernel/outbound_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/contracts/outbound.py": "tests/rules/test_contracts.py",
    "streams/contracts/paging.py": "tests/rules/test_contracts.py",
    "streams/paging/channels.py": "tests/topologies/stages/test_alert_channels.py",
    "streams/paging/paged_alert.py": "tests/streams/paging/test_step.py",
    "streams/paging/wording.py": "tests/streams/paging/test_step.py",
    "streams/contracts/recipients.py": "tests/rules/test_contracts.py",
    "streams/outbound/message_queue.py": "tests/streams/outbound/test_engine.py",
    "streams/outbound/destination.py": "tests/streams/outbound/test_engine.py",
    "streams/outbound/policy.py": "tests/streams/outbound/test_engine.py",
    "streams/contracts/letters.py": "tests/streams/notifications/test_letters.py",
    "streams/notifications/destinations.py": "tests/streams/notifications/test_step.py",
    "streams/outbound/quiet.py": "tests/streams/outbound/test_recipients.py",
    "streams/notifications/webhooks.py": "tests/streams/notifications/test_step.py",
    "streams/postings/messages.py": "tests/streams/postings/test_step.py",
    "streams/contracts/record.py": "tests/rules/test_contracts.py",
    "streams/contracts/documents.py": "tests/streams/documents/test_step.py",
    "streams/kernel/document_vocabulary.py": "tests/rules/test_contracts.py",
    "streams/documents/content.py": "tests/connectors/documents/test_keeping.py",
    "streams/documents/fetches.py": "tests/streams/documents/test_step.py",
    "streams/documents/policy.py": "tests/streams/documents/test_step.py",
    "streams/documents/proofs.py": "tests/streams/documents/test_step.py",
    "streams/documents/shipment_record.py": "tests/streams/documents/test_step.py",
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def test_a_module_is_small() -> None:
    lines = {label(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_a_function_is_small() -> None:
    sizes = {
        f"{label(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in modules() for node in ast.walk(tree(path)) if isinstance(node, FUNCTIONS)
    }
    assert {name: size for name, size in sizes.items() if size > MOST_FUNCTION_LINES} == {}


def test_a_module_says_what_it_is_for() -> None:
    assert [label(path) for path in modules() if not ast.get_docstring(tree(path))] == []


def test_no_docstring_begins_with_what() -> None:
    vague = [
        f"{label(path)}:{node.lineno}" for path in committed_files() if path.suffix == ".py"
        for node in ast.walk(tree(path)) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if str(node.value.value).startswith("What")
    ]
    assert vague == [], "name the thing"


def test_a_module_has_a_speaking_name() -> None:
    assert [label(path) for path in modules() if VAGUE & {path.stem, path.parent.name}] == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{label(path)}:{line}: {name}" for path in modules() for line, name in imports(path) if name.startswith(".")
    ]
    assert relative == []


def test_nothing_is_left_for_later() -> None:
    later = [
        f"{label(path)}:{number}" for path in modules()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if LATER.search(line)
    ]
    assert later == []


def test_every_step_has_its_tests() -> None:
    unheld = []
    for path in modules("streams"):
        inside = label(path)
        mirrored = f"tests/{inside.removesuffix(path.name)}test_{path.name}"
        held = HELD_ELSEWHERE.get(inside, mirrored)
        if path.stem != "__init__" and not (ROOT / held).exists():
            unheld.append(f"write {held}")
    assert unheld == []


def test_no_test_module_is_imported_for_what_it_holds() -> None:
    taken = [
        f"{label(path)}:{line}: {name}" for path in committed_files() if path.suffix == ".py"
        for line, name in imports(path) if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")
    ]
    assert taken == [], "put what tests share into tests/support"


def test_the_folder_of_contracts_is_no_package() -> None:
    assert not list((ROOT / "avro").rglob("__init__.py")), "it would hide the avro library"


def test_no_test_sleeps() -> None:
    tests = [path for path in committed_files() if path.match("tests/**/test_*.py")]
    calls = re.compile(r"^[^\"']*\btime\.sleep\(", re.MULTILINE)
    sleeping = [label(path) for path in tests if calls.search(path.read_text("utf-8"))]
    assert sleeping == [], "wait for a condition: tests/support/waiting.py"


def test_every_package_is_installed() -> None:
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    assert [name for name in PACKAGES if f"{name}*" not in setup] == []
    folders = {path.parent for path in modules()}
    assert [label(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
