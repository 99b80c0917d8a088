"""Tells the milestones, and kills the ERP and the workers meanwhile."""

from __future__ import annotations

from rich.console import Console

from streams.contracts.model import DeliveryMilestone
from tests.erp import account
from tests.erp.kept_run import KeptRun
from tests.erp.scene import Told, unknown
from tests.erp.tryton_server import TrytonServer
from tests.erp.world import World
from tests.fakes.lossy_proxy import Lossy

UNKNOWN = 2
"""Deliveries of a portion that the ERP does not have."""


class Play:
    """A run in portions. In each the ERP is killed once and stopped once, and each worker is killed. One that was cut
    off is told to its end without further kills."""

    def __init__(self, world: World, server: TrytonServer, lossy: Lossy, run: KeptRun, console: Console) -> None:
        self._world, self._server, self._lossy, self._run, self._console = world, server, lossy, run, console
        self._asked = self._lost = 0

    def all_of(self, told: list[Told]) -> None:
        """Play every portion that is not through."""
        run = self._run.progress
        if run.read is None:
            before = self._world.pull_orders()
            run.read, run.wrong = len(before), account.misread(told, before, {})
        self._run.sit_down()
        self._keep()
        for number, portion in enumerate(told[first:first + run.portion] for first in range(0, len(told), run.portion)):
            if number < run.ended:
                self._tell_whole(number, portion)
                continue
            if run.begun:
                self._go_on(number, portion)
            else:
                run.begun = True
                self._keep()
                self._play(number, portion)
            run.ended, run.begun = number + 1, False
            so_far = told[:(number + 1) * run.portion]
            wrong = account.all_faults(so_far, self._server)
            self._say(f"{len(so_far)} of {len(told)} orders: {len(wrong) or 'no'} faults")
            for line in wrong:
                self._console.print(line, style="red")

    def _play(self, number: int, portion: list[Told]) -> None:
        world, server, before = self._world, self._server, self._world.posted()
        third = max(1, len(portion) // 3)
        first, second, last = portion[:third], portion[third: 2 * third], portion[2 * third:]
        world.tell(first)
        world.until_posted(before + len(first))
        self._say(f"{world.posted()} postings made; trytond is killed")
        server.kill()
        world.tell(second)
        world.until_asked_in_vain()
        world.restart_sender()
        server.start()
        world.until_settled(0)
        self._say(f"{world.posted()} postings made; the sender was killed meanwhile; invoices are taken back")
        world.tell(last)
        world.tell_later([*first, *second])
        world.until_posted(world.posted() + len(last))
        self._say(f"{world.posted()} postings made; trytond and PostgreSQL are stopped")
        server.stop()
        self._name_unknown(number)
        world.restart_stage()
        world.until_asked_in_vain()
        server.start()
        self._give_up_unknown(number)
        world.tell_later(last)
        world.until_settled(0)

    def _go_on(self, number: int, portion: list[Told]) -> None:
        self._world.tell(portion)
        self._name_unknown(number)
        self._give_up_unknown(number)
        self._world.tell_later(portion)
        self._world.until_settled(0)

    def _tell_whole(self, number: int, portion: list[Told]) -> None:
        self._world.tell(portion)
        self._name_unknown(number)
        self._world.tell_later(portion)

    def _name_unknown(self, number: int) -> None:
        self._world.say([one for milestones in _unknown(number) for one in milestones])

    def _give_up_unknown(self, number: int) -> None:
        held = sum(not self._world.is_given_up(milestones) for milestones in _unknown(number))
        self._world.until_settled(held)
        given_up = self._world.give_up_held()
        self._say(f"{self._world.posted()} postings made; {given_up} that Tryton refused are given up")

    def _say(self, text: str) -> None:
        self._console.print(f"{self._run.seconds:6.0f} s  {text}")
        self._keep()

    def _keep(self) -> None:
        asked, lost = self._lossy.asked, self._lossy.lost
        self._run.keep(asked - self._asked, lost - self._lost)
        self._asked, self._lost = asked, lost


def _unknown(portion: int) -> list[list[DeliveryMilestone]]:
    return [unknown(named) for named in range(portion * UNKNOWN, (portion + 1) * UNKNOWN)]
