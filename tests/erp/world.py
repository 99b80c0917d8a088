"""The fulfilment and postings stages and the sender, as processes to be killed, and what their topics say."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

from config import topics
from config.settings import Settings
from connectors.embedded.ports import unused
from connectors.embedded.with_parent import ends_with_parent
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import DeliveryMilestone, ErpNotice, Order
from streams.contracts.outbound import OutboundDecision
from streams.kernel.vocabulary import DecisionKind, NoticeKind, OutboundStatus
from tests.erp.scene import Told
from tests.erp.topic_account import Account
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from topologies.local_stack.environment import environment

OPEN = frozenset({OutboundStatus.WAITING, OutboundStatus.RETRYING})
MADE = frozenset({OutboundStatus.SENT})
PATIENCE = 900.0
"""Seconds in which nothing more is posted, after which a run has failed."""
LOOK = 1.0
READS = 5


class World:
    """Three processes on one broker."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._bootstrap = settings.kafka.bootstrap
        registry = Registry(settings)
        self._milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry)
        self._notices = ValueCodec(topics.ERP_NOTICES, ErpNotice, registry)
        self._orders = ValueCodec(topics.ERP_ORDERS, Order, registry)
        self._decisions = ValueCodec(topics.POSTING_DECISIONS, OutboundDecision, registry)
        self._account = Account(self._bootstrap, registry)
        told = (topics.ERP_NOTICES, topics.DELIVERY_MILESTONES)
        self._said = {topic.name: {one.value() for one in self._read(topic)} for topic in told}
        self._stages = {name: self._stage(name) for name in ("fulfilment", "postings")}
        self._sender = self._send()
        self._told: set[str] = set()
        self._milestones_told = 0
        self._noticed: set[str] = set()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._account.close()
        self._sender.kill()
        self._sender.wait()
        for stage in self._stages.values():
            stage.kill()
        if error is not None:
            for log in sorted(self._folder.glob("*/log")):
                print(f"--- {log}\n{log.read_text()[-3000:]}")

    def tell(self, told: Iterable[Told]) -> None:
        """Write the notices and milestones of these orders, where they were not written before."""
        known = [*told]
        notices = [notice for one in known for notice in one.notices]
        self._noticed |= {one.delivery_id for one in notices}
        self._write(topics.ERP_NOTICES, [(one.delivery_id.encode(), self._notices.encode(one)) for one in notices])
        self._tell([milestone for one in known for milestone in one.milestones])

    def tell_later(self, told: Iterable[Told]) -> None:
        """Write what is told of these orders once the ERP has everything told before."""
        self._tell([milestone for one in told for milestone in one.later])

    def _tell(self, milestones: Sequence[DeliveryMilestone]) -> None:
        self._told |= {one.delivery_id for one in milestones}
        self.say(milestones)

    def say(self, milestones: Sequence[DeliveryMilestone]) -> None:
        """Write milestones, where they were not written before."""
        self._milestones_told += len(milestones)
        records = [(one.delivery_id.encode(), self._milestones.encode(one)) for one in milestones]
        self._write(topics.DELIVERY_MILESTONES, records)

    def _write(self, topic: topics.Topic, records: Iterable[tuple[bytes, bytes]]) -> None:
        fill(self._bootstrap, topic.name, [one for one in records if one[1] not in self._said[topic.name]])

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

    def posted(self) -> int:
        """How many postings the ERP took."""
        self._account.look()
        return self._account.sent

    def is_given_up(self, milestones: Sequence[DeliveryMilestone]) -> bool:
        """Whether people gave up the posting of each of these milestones of a delivery."""
        self._account.look()
        given_up = self._account.of(OutboundStatus.GIVEN_UP)
        return sum(one.queue == milestones[0].delivery_id for one in given_up) == len(milestones)

    def postings(self) -> int:
        """How many there were to make."""
        self._account.look()
        return len(self._account.postings)

    def until_posted(self, count: int) -> None:
        """Wait until the ERP took so many."""
        self._until(lambda: self._account.sent >= count, f"{count} postings made")

    def until_asked_in_vain(self) -> None:
        """Wait until an attempt found no ERP."""
        self._account.look()
        before = self._account.vain
        self._until(lambda: self._account.vain > before, "an attempt found no ERP")

    def until_settled(self, held: int) -> None:
        """Wait until everything told is posted, but what is held, and waits behind it."""
        self._until(
            lambda: not self._account.look() and self._account.is_settled(self._told, self._milestones_told, held)
            and self._noticed <= self._account.noticed(NoticeKind.EXCEPTION_CLOSED), f"all posted but {held}",
        )

    def give_up_held(self) -> int:
        """Give up what the ERP refused, and what comes up behind it; how many messages."""
        given = 0
        while held := self._account.of(OutboundStatus.HELD):
            records = [(
                one.queue.encode(), self._decisions.encode(OutboundDecision(
                    one.message_id, one.destination, one.queue, DecisionKind.GIVE_UP, "ada", "not ours", one.at
                )),
            ) for one in held]
            fill(self._bootstrap, topics.POSTING_DECISIONS.name, records)
            given += len(held)
            names = {one.message_id for one in held}
            self._until(
                lambda: names <= {one.message_id for one in self._account.of(OutboundStatus.GIVEN_UP)},  # noqa: B023
                "what was held is given up",
            )
            self._until(
                lambda: not self._account.of(OutboundStatus.WAITING, OutboundStatus.RETRYING),
                "what waited behind is asked for",
            )
        return given

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for it, as long as more and more is posted."""
        posted, until = -1, 0.0
        self._account.look()
        while not condition():
            if self._account.sent != posted:
                posted, until = self._account.sent, time.monotonic() + PATIENCE
            assert time.monotonic() < until, f"{what}: {posted} postings made, and none for {PATIENCE:g} s"
            time.sleep(LOOK)
            self._account.look()

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
