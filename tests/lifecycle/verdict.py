"""Shows the script beside reality, and says how many orders differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from streams.contracts.model import DeadLetter
from tests.lifecycle.ends import Story
from tests.lifecycle.erps import Erp
from tests.lifecycle.reached import Reached, differences, must
from tests.lifecycle.script import Scripted

SHOWN = 10
_NUMBERS = ("orders", "as scripted", "traced")


class Verdict(NamedTuple):
    """A run that is over. ``found``: where each delivery is; ``lacking``: the steps its order's trace lacks."""

    orders: Sequence[Scripted]
    found: Mapping[str, Reached]
    lacking: Mapping[str, Sequence[str]]
    letters: Sequence[DeadLetter]
    erp: Erp

    def show(self, console: Console) -> int:
        """Print the table and the first differences; 1 where there are any."""
        wrong = {one.delivery_id: one for one, _, _ in differences(self.orders, self.found, self.erp)}
        untraced = [one for one in self.orders if self.lacking[one.delivery_id]]
        console.print(self._table(wrong))
        for one in list(wrong.values())[:SHOWN]:
            self._show_difference(one, console)
        for one in untraced[:SHOWN]:
            lacks = "; ".join(self.lacking[one.delivery_id])
            console.print(f"{one.order_id} ({one.story.value}), its trace has {lacks}", style="red")
        for letter in self.letters[:SHOWN]:
            console.print(f"a dead letter of {letter.step}: {letter.reason}, {letter.detail}", style="red")
        if not wrong and not untraced and not self.letters:
            console.print(
                f"Each of {len(self.orders)} orders is where the script says, and each step of its way in its trace."
            )
            return 0
        console.print(
            f"{len(wrong)} of {len(self.orders)} orders are elsewhere, {len(untraced)} traces lack steps,"
            f" {len(self.letters)} dead letters."
        )
        return 1

    def _table(self, wrong: Mapping[str, Scripted]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        words = ("script", "in the ERP", "told to it", "booking", "documents", "alerts")
        for head in ("story", "orders", *words, "as scripted", "traced"):
            table.add_column(head, justify="right" if head in _NUMBERS else "left", overflow="fold")
        for story in Story:
            of_it = [one for one in self.orders if one.story is story]
            if of_it:
                right = sum(one.delivery_id not in wrong for one in of_it)
                traced = sum(not self.lacking[one.delivery_id] for one in of_it)
                table.add_row(
                    story.value, str(len(of_it)), *must(of_it[0], self.erp), str(right), str(traced),
                    style="" if right == traced == len(of_it) else "red",
                )
        return table

    def _show_difference(self, one: Scripted, console: Console) -> None:
        there, wanted = self.found[one.delivery_id], must(one, self.erp)
        console.print(f"{one.order_id} / {one.delivery_id} ({one.story.value}):", style="red")
        for name, is_there, is_due in zip(Reached._fields, there, wanted, strict=True):
            if is_there != is_due:
                console.print(f"    {name}: {is_there or 'none'}, not {is_due or 'none'}", style="red")
