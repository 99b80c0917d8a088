"""What is no tracking message: carriers' errors, answers to subscriptions, and how to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from connectors.mapping.paths import Levels, split, texts_below
from connectors.mapping.specification import Condition, Refusal
from streams.errors import Reject

Test = Callable[[Levels], bool]
_LONGEST = 500


def test_of(condition: str | Condition, levels: Sequence[str]) -> Test:
    """Whether a payload, or a level in it, is one of these; never raises."""
    path = condition if isinstance(condition, str) else condition.path
    wanted = frozenset() if isinstance(condition, str) else frozenset(condition.one_of)
    level, keys = split(path, levels)

    def present(at: Levels) -> bool:
        value = at[level]
        for key in keys:
            if value.__class__ is not dict or key not in value:
                return False
            value = value[key]
        return value is not None and value != ""

    if not wanted:
        return present
    return lambda at: any(text in wanted for text in texts_below(at[level], keys))


class Refusals:
    """The refusals declared for one level, tried in order."""

    def __init__(self, specs: Iterable[Refusal], levels: Sequence[str]) -> None:
        self._known = [
            (test_of(spec.when, levels), spec, [split(path, levels) for path in spec.detail]) for spec in specs
        ]

    def reject_for(self, at: Levels) -> Reject | None:
        """Why this is refused, in the carrier's words; None where nothing declared fits."""
        for fits, spec, details in self._known:
            if fits(at):
                words = [spec.says] if spec.says else []
                for level, keys in details:
                    words += texts_below(at[level], keys)
                return Reject(spec.reason, (": ".join(dict.fromkeys(words)) or spec.reason.value)[:_LONGEST])
        return None


def merged(rejects: list[Reject]) -> list[Reject]:
    """One reject a reason: the record is dead-lettered whole, so once for each is enough."""
    if len(rejects) < 2:
        return rejects
    by_reason: dict[str, list[Reject]] = {}
    for reject in rejects:
        by_reason.setdefault(reject.reason.value, []).append(reject)
    result = []
    for same in by_reason.values():
        first = same[0]
        more = f" (and {len(same) - 1} more like it)" if len(same) > 1 else ""
        result.append(Reject(first.reason, first.detail + more, first.path))
    return result
