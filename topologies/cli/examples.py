"""Examples for the help of every command. ``tests/topologies/cli/test_help.py`` parses each as it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from topologies.runtime.exit_codes import ExitCode

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "alerts ack": ("shipsync alerts ack 3f2a9c1d --note 'carrier is looking'",),
    "alerts assign": ("shipsync alerts assign 3f2a9c1d --to bo",),
    "alerts list": ("shipsync alerts list", "shipsync alerts list --severity critical --json"),
    "alerts reopen": ("shipsync alerts reopen 3f2a9c1d",),
    "alerts resolve": ("shipsync alerts resolve 3f2a9c1d",),
    "alerts routes": (
        "shipsync alerts routes", "shipsync alerts routes 3f2a9c1d",
        "shipsync alerts routes --kind delivery_late --severity critical --customer C-77 --json",
    ),
    "alerts secret": ("shipsync alerts secret PAGERDUTY_KEY",),
    "alerts show": ("shipsync alerts show 3f2a9c1d",),
    "alerts snooze": ("shipsync alerts snooze 3f2a9c1d --for 4h",),
    "alerts test": ("shipsync alerts test pager --dry-run", "shipsync alerts test pager"),
    "audit": ("shipsync audit", "shipsync audit --who ada --since 7d --json"),
    "bookings accept": ("shipsync bookings accept 800123 --reason 'a day later is fine'",),
    "bookings book": ("shipsync bookings book 800123 --reason 'the rest is back-ordered' --dry-run",),
    "bookings cancel": ("shipsync bookings cancel 800123 --reason 'the customer collects it'",),
    "bookings check": ("shipsync bookings check", "shipsync bookings check bookings.yaml --json"),
    "bookings choose": ("shipsync bookings choose 800123",),
    "bookings invoices": ("shipsync bookings invoices", "shipsync bookings invoices --all --json"),
    "bookings list": ("shipsync bookings list", "shipsync bookings list --phase no_carrier --json"),
    "bookings rebook": ("shipsync bookings rebook 800123 --carrier acme --reason 'no truck until Friday'",),
    "bookings close": ("shipsync bookings close 800123 --reason 'called: no truck comes'",),
    "bookings refuse": ("shipsync bookings refuse 800123 --reason 'too dear'",),
    "bookings show": ("shipsync bookings show 800123", "shipsync bookings show 800123 --json"),
    "carrier check": ("shipsync carrier check ups", "shipsync carrier check ups scans.json --json"),
    "carrier diff": ("shipsync carrier diff ups --since 7d", "shipsync carrier diff ups --since 36h --apply"),
    "carrier list": ("shipsync carrier list", "shipsync carrier list --json"),
    "carrier new": ("shipsync carrier new westfreight --sample scans.json",),
    "carrier try": ("shipsync carrier try ups scans.json", "shipsync carrier try ups scans.json --json"),
    "completion": (
        "shipsync completion bash > ~/.local/share/bash-completion/completions/shipsync",
        "shipsync completion zsh > ~/.zfunc/_shipsync",
        "shipsync completion fish > ~/.config/fish/completions/shipsync.fish",
    ),
    "deadletters list": ("shipsync deadletters list", "shipsync deadletters list --feed ups --json"),
    "deadletters replay": (
        "shipsync deadletters replay --feed ups --refused-as unmapped_code",
        "shipsync deadletters replay --letter intake/raw.ups.v1/0/4711 --apply --why 'mapping is mended'",
    ),
    "delivery confirm": ("shipsync delivery confirm acme:4711", "shipsync delivery confirm acme:4711 --apply"),
    "delivery refuse": ("shipsync delivery refuse acme:4711 --why 'still in the depot'",),
    "delivery list": ("shipsync delivery list",),
    "demo": ("shipsync demo", "shipsync demo --check --shipments 200"),
    "drop": ("shipsync drop", "shipsync drop --once --json"),
    "erp check": ("shipsync erp check odoo", "shipsync erp check our-erp.yaml --json"),
    "feed": ("shipsync feed ups scans.json", "shipsync feed ups scans.json --json"),
    "feeds pause": ("shipsync feeds pause acme --why 'mapping is mended'",),
    "feeds paused": ("shipsync feeds paused",),
    "feeds resume": ("shipsync feeds resume ups",),
    "find": ("shipsync find 1Z999AA10123456784", "shipsync find SO-1001", "shipsync find SO-1001 --json"),
    "documents fetch": ("shipsync documents fetch 9ab21c --reason 'the carrier mended its link' --dry-run",),
    "documents list": ("shipsync documents list", "shipsync documents list dhl:00340434161094042551 --json"),
    "documents show": ("shipsync documents show 5e3f01 --into proof.pdf", "shipsync documents show 5e3f01 --json"),
    "fulfilment check": ("shipsync fulfilment check", "shipsync fulfilment check fulfilment.yaml --json"),
    "fulfilment close": ("shipsync fulfilment close 800123 --reason 'settled with the customer'",),
    "fulfilment list": ("shipsync fulfilment list", "shipsync fulfilment list --for proof --json"),
    "fulfilment release": ("shipsync fulfilment release 800123 --reason 'the rest is back-ordered' --dry-run",),
    "fulfilment show": ("shipsync fulfilment show 800123", "shipsync fulfilment show 800123 --json"),
    "fulfilment waive": ("shipsync fulfilment waive 800123 --reason 'the customer confirmed it by mail'",),
    "gateway": ("shipsync gateway",),
    "identity list": ("shipsync identity list",),
    "identity resolve": ("shipsync identity resolve bol:4711 acme:AC123456",),
    "identity withdraw": ("shipsync identity withdraw bol:4711",),
    "keys new": ("shipsync keys new reports --scope shipments:read",),
    "link": ("shipsync link SO-1001",),
    "masterdata export": ("shipsync masterdata export customer",),
    "masterdata import": ("shipsync masterdata import records.csv", "shipsync masterdata import records.csv --apply"),
    "masterdata list": ("shipsync masterdata list customer",),
    "norms": ("shipsync norms", "shipsync norms --carrier ups --json"),
    "orders waiting": ("shipsync orders waiting",),
    "poll": ("shipsync poll", "shipsync poll --dry-run --limit 20"),
    "poll status": ("shipsync poll status",),
    "portal": ("shipsync portal",),
    "pull documents": ("shipsync pull documents",),
    "pull orders": ("shipsync pull orders", "shipsync pull orders --once"),
    "registry": ("shipsync registry",),
    "send alerts": ("shipsync send alerts",),
    "send bookings": ("shipsync send bookings",),
    "send notifications": ("shipsync send notifications",),
    "send postings": ("shipsync send postings",),
    "settings": ("shipsync settings", "shipsync settings --json"),
    "show": ("shipsync show ups:1Z999AA10123456784", "shipsync show SO-1001", "shipsync show 3f2a9c1d --json"),
    "stage": ("shipsync stage intake",),
    "state check": ("shipsync state check shipments",),
    "state inspect": ("shipsync state inspect ups:1Z999AA10123456784 --raw",),
    "state repair": ("shipsync state repair shipments 0 4711",),
    "state skip": ("shipsync state skip shipments 0 4711",),
    "status": ("shipsync status", "shipsync status --watch", "shipsync status --json"),
    "subscriptions add": (
        "shipsync subscriptions add C-1001 ann@example.com --language de --time-zone Europe/Berlin --quiet 22:00-07:00",
        "shipsync subscriptions add C-1001 slack://T1/B2/c3 --milestone delivered --milestone exception",
    ),
    "subscriptions change": ("shipsync subscriptions change C-1001 sub_0123456789abcdef --quiet none",),
    "subscriptions list": ("shipsync subscriptions list", "shipsync subscriptions list C-1001 --json"),
    "subscriptions pause": ("shipsync subscriptions pause C-1001 sub_0123456789abcdef",),
    "subscriptions remove": ("shipsync subscriptions remove C-1001 sub_0123456789abcdef",),
    "subscriptions resume": ("shipsync subscriptions resume C-1001 sub_0123456789abcdef",),
    "tail": ("shipsync tail customer.updates", "shipsync tail carrier.events --from-beginning --until-end --json"),
    "topics": ("shipsync topics", "shipsync topics --check"),
    "trace": ("shipsync trace SO-1001", "shipsync trace ups:1Z999AA10123456784", "shipsync trace 800123 --json"),
    "up": ("shipsync up", "shipsync up --ports 28000"),
    "users new": ("shipsync users new ada --role operator",),
    "version": ("shipsync version",),
    "views check": ("shipsync views check --json",),
    "views follow": ("shipsync views follow",),
    "views rebuild": ("shipsync views rebuild",),
    "views status": ("shipsync views status",),
    "postings": ("shipsync postings", "shipsync postings --json"),
    "postings abandon": ("shipsync postings abandon msg_0123456789abcdef0123456789abcdef --reason 'booked by hand'",),
    "postings list": ("shipsync postings list --all", "shipsync postings list 800123 --json"),
    "postings retry": ("shipsync postings retry msg_0123456789abcdef0123456789abcdef",),
    "webhooks add": ("shipsync webhooks add C-1001 https://example.com/hooks --milestone delivered",),
    "webhooks dryrun": ("shipsync webhooks dryrun C-1001 ep_0123456789abcdef",),
    "webhooks list": ("shipsync webhooks list", "shipsync webhooks list C-1001 --json"),
    "webhooks log": ("shipsync webhooks log --pending", "shipsync webhooks log C-1001 --json"),
    "webhooks pause": ("shipsync webhooks pause C-1001 ep_0123456789abcdef",),
    "webhooks redeliver": ("shipsync webhooks redeliver C-1001 msg_0123456789abcdef0123456789abcdef",),
    "webhooks remove": ("shipsync webhooks remove C-1001 ep_0123456789abcdef",),
    "webhooks resume": ("shipsync webhooks resume C-1001 ep_0123456789abcdef",),
    "webhooks rotate": (
        "shipsync webhooks rotate C-1001 ep_0123456789abcdef",
        "shipsync webhooks rotate C-1001 ep_0123456789abcdef --drop-old",
    ),
    "webhooks test": ("shipsync webhooks test C-1001 ep_0123456789abcdef",),
}
"""By the words that call a command, without ``shipsync``. A group shows the first of each of its commands."""
FIRST_STEPS = ("shipsync demo", "shipsync find SO-1001", "shipsync alerts list", "shipsync status --json")


def examples_of(path: str) -> str:
    """The section of a command's help; empty where it has no examples."""
    own = EXAMPLES.get(path) or tuple(
        examples[0] for name, examples in EXAMPLES.items() if name.startswith(f"{path} ")
    )
    return _section("Examples", own) if own else ""


def root_epilog() -> str:
    """The sections below the list of commands."""
    codes = [f"{code.value:>3} {code.meaning.replace('`', '')}" for code in ExitCode]
    return f"{_section('Examples', FIRST_STEPS)}\n\n{_section('Exit codes', codes)}"


def _section(head: str, lines: Iterable[str]) -> str:
    """Lines that typer keeps apart."""
    return "\n".join([f"[bold]{head}[/]", *lines])
