"""The fulfilment and postings stages and the sender, as processes to be killed, and what their topics say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from config import topics
from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.embedded.with_parent import ends_with_parent
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import DeliveryMilestone, ErpPosting, Order
from streams.contracts.outbound import OutboundAttempt, OutboundDecision, OutboundOutcome
from streams.kernel.vocabulary import AttemptResult, Correction, DecisionKind, OutboundStatus
from tests.erp.scene import Told
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.environment import environment

OPEN = frozenset({OutboundStatus.WAITING, OutboundStatus.RETRYING})
MADE = frozenset({OutboundStatus.SENT})
PATIENCE = 1_800.0
LOOK = 1.0
READS = 5


class World:
    """Three processes on one broker."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._bootstrap = settings.kafka.bootstrap
        registry = Registry(settings)
        self._milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry)
        self._postings = ValueCodec(topics.ERP_POSTINGS, ErpPosting, registry)
        self._attempts = ValueCodec(topics.POSTING_ATTEMPTS, OutboundAttempt, registry)
        self._outcomes = ValueCodec(topics.POSTING_OUTCOMES, OutboundOutcome, registry)
        self._orders = ValueCodec(topics.ERP_ORDERS, Order, registry)
        self._decisions = ValueCodec(topics.POSTING_DECISIONS, OutboundDecision, registry)
        self._stages = {name: self._stage(name) for name in ("fulfilment", "postings")}
        self._sender = self._send()
        self._tried = 0

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sender.kill()
        self._sender.wait()
        for stage in self._stages.values():
            stage.kill()
        if error is not None:
            for log in sorted(self._folder.glob("*/log")):
                print(f"--- {log}\n{log.read_text()[-3000:]}")

    def tell(self, told: Iterable[Told]) -> None:
        """Write the milestones of these orders."""
        self.say([milestone for one in told for milestone in one.milestones])

    def say(self, milestones: Iterable[DeliveryMilestone]) -> None:
        """Write milestones."""
        records = [(one.delivery_id.encode(), self._milestones.encode(one)) for one in milestones]
        fill(self._bootstrap, topics.DELIVERY_MILESTONES.name, records)

    def pull_orders(self) -> dict[str, Order]:
        """Read orders from the ERP, where an answer is lost once more from there on; the last version of each by its
        number."""
        for _ in range(READS):
            done = subprocess.run(
                [sys.executable, "-m", "topologies.cli.main", "pull", "orders", "--once", "--json"], check=False,
                env=self._environment(self._folder / "sender"), capture_output=True, text=True,
            )
            if done.returncode == 0:
                break
        assert done.returncode == 0, done.stdout + done.stderr
        found = [self._orders.decode(one.value()) for one in self._read(topics.ERP_ORDERS)]
        return {one.order_id: one for one in found}

    def restart_sender(self) -> None:
        """Kill the sender; another takes over."""
        self._sender.kill()
        self._sender.wait()
        self._sender = self._send()

    def restart_stage(self) -> None:
        """Kill the postings stage; another takes over, on the same disk."""
        self._stages["postings"].kill()
        self._stages["postings"] = self._stage("postings")

    def outcomes(self) -> dict[str, OutboundOutcome]:
        """The last outcome of each message."""
        found = [self._outcomes.decode(one.value()) for one in self._read(topics.POSTING_OUTCOMES)]
        return {one.message_id: one for one in found}

    def posted(self) -> int:
        """How many postings the ERP took."""
        return sum(one.status in MADE for one in self.outcomes().values())

    def postings(self) -> int:
        """How many there were to make."""
        return len(self._read(topics.ERP_POSTINGS))

    def until_posted(self, count: int) -> None:
        """Wait until the ERP took so many."""
        eventually(lambda: self.posted() >= count, PATIENCE, interval=LOOK, what=f"{count} postings made")

    def until_asked_in_vain(self) -> None:
        """Wait until an attempt found no ERP."""
        before = self._vain()
        eventually(lambda: self._vain() > before, PATIENCE, interval=LOOK, what="an attempt found no ERP")

    def until_settled(self, told: list[Told], held: int) -> None:
        """Wait until nothing is open but what is held, and waits behind it."""
        eventually(lambda: self._is_settled(told, held), PATIENCE, interval=LOOK, what=f"all posted but {held}")

    def give_up_held(self) -> int:
        """Give up what the ERP refused, and what comes up behind it; how many messages."""
        given = 0
        while held := [one for one in self.outcomes().values() if one.status is OutboundStatus.HELD]:
            records = [(
                one.queue.encode(), self._decisions.encode(OutboundDecision(
                    one.message_id, one.destination, one.queue, DecisionKind.GIVE_UP, "ada", "not ours", one.at
                )),
            ) for one in held]
            fill(self._bootstrap, topics.POSTING_DECISIONS.name, records)
            given += len(held)
            names = {one.message_id for one in held}
            eventually(
                lambda: all(self.outcomes()[name].status is OutboundStatus.GIVEN_UP for name in names),  # noqa: B023
                PATIENCE, interval=LOOK, what="what was held is given up",
            )
            eventually(lambda: not self._open(), PATIENCE, interval=LOOK, what="what waited behind is asked for")
        return given

    def _is_settled(self, told: list[Told], held: int) -> bool:
        outcomes = list(self.outcomes().values())
        known = {(one.source_id, one.correction is Correction.RETRACTS) for one in outcomes}
        withdrawn = {one.source_id for one in outcomes if one.status is OutboundStatus.WITHDRAWN}
        postings = [self._postings.decode(one.value()) for one in self._read(topics.ERP_POSTINGS)]
        if {one.delivery_id for one in postings} < {one.order.shipment for one in told}:
            return False
        if len({one.posting_id for one in postings}) < sum(len(one.milestones) for one in told):
            return False
        taken_in = all(
            (one.posting_id, False) in known if one.reverses is None
            else (one.reverses, True) in known or one.reverses in withdrawn
            for one in postings
        )
        status = Counter(one.status for one in outcomes)
        refused = [one for one in outcomes if one.status is OutboundStatus.HELD]
        if len(refused) > held:
            raise AssertionError("\n".join(f"{one.queue}, {one.kind}: {one.detail}" for one in refused))
        behind = {one.queue for one in refused}
        waiting = [one for one in outcomes if one.status in OPEN and one.queue not in behind]
        return taken_in and not waiting and status[OutboundStatus.HELD] == held

    def _open(self) -> list[OutboundOutcome]:
        return [one for one in self.outcomes().values() if one.status in OPEN]

    def _vain(self) -> int:
        found = [self._attempts.decode(one.value()) for one in self._read(topics.POSTING_ATTEMPTS)]
        return sum(one.result is AttemptResult.UNAVAILABLE for one in found)

    def _read(self, topic: topics.Topic) -> list:
        return read_all(self._bootstrap, topic.name)

    def _stage(self, name: str) -> StageWorker:
        return StageWorker(name, self._settings, self._folder / name)

    def _send(self) -> subprocess.Popen[bytes]:
        folder = self._folder / "sender"
        folder.mkdir(exist_ok=True)
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "topologies.cli.main", "send", "postings"], stdout=log, stderr=log,
                env=self._environment(folder),
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
            )

    def _environment(self, folder: Path) -> dict[str, str]:
        return {
            **os.environ, **environment(self._settings.replace(data_dir=folder)),
            "SHIPSYNC_METRICS_PORT": str(unused(1)[0]),
        }
