"""Recognises payloads that are no tracking messages: carriers' error responses, subscription confirmations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from connectors.mapping.declared.schema import Condition, Refusal
from connectors.mapping.documents.paths import Levels, bare, chosen, split, texts_below
from streams.contracts.ids import normalise_tracking_number
from streams.kernel.carrier_errors import CarrierError, ErrorKind
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

Test = Callable[[Levels], bool]
_MAX_DETAIL = 500


def test_of(condition: str | Condition, levels: Sequence[str]) -> Test:
    """Compile a condition to a test of the levels of a payload. The test never raises. Raises BadPath."""
    path = condition if isinstance(condition, str) else condition.path
    wanted = frozenset() if isinstance(condition, str) else frozenset(condition.one_of)
    level, keys = split(path, levels)

    def present(at: Levels) -> bool:
        value = at[level]
        for key in keys:
            if value.__class__ is not dict or bare(key) not in value:
                return False
            value = chosen(value[bare(key)], key) if "[" in key else value[key]
        return value is not None and value != ""

    if not wanted:
        return present
    return lambda at: any(text in wanted for text in texts_below(at[level], keys))


class Refusals:
    """The refusals declared for one level; the first match applies."""

    def __init__(self, specs: Iterable[Refusal], levels: Sequence[str]) -> None:
        self._known = [
            (
                test_of(spec.when, levels), spec, [split(path, levels) for path in spec.detail],
                split(spec.number, levels) if spec.number else None,
            )
            for spec in specs
        ]

    def outcome_for(self, at: Levels) -> Reject | CarrierError | None:
        """Return the Reject or CarrierError of the first matching refusal, with the carrier's texts, else None."""
        for matches, spec, details, number in self._known:
            if matches(at):
                texts = [text for level, keys in details for text in texts_below(at[level], keys)]
                words = dict.fromkeys([spec.says, *texts] if spec.says else texts)
                detail = (": ".join(words) or spec.reason.value)[:_MAX_DETAIL]
                if spec.reason is RejectReason.CARRIER_ERROR:
                    return CarrierError(_error_kind(spec, texts), _number(at, number), detail)
                return Reject(spec.reason, detail)
        return None


def _error_kind(spec: Refusal, texts: Sequence[str]) -> ErrorKind:
    for text in texts:
        for starts, kind in spec.kinds.items():
            if text.casefold().startswith(starts.casefold()):
                return kind
    return spec.kind


def _number(at: Levels, path: tuple[int, tuple[str, ...]] | None) -> str:
    text = "" if path is None else next(texts_below(at[path[0]], path[1]), "")
    return normalise_tracking_number(text) if text else ""


class MergedRejects:
    """Rejects merged by reason as they come, with their count: the record is dead-lettered once per reason."""

    def __init__(self) -> None:
        self._first: dict[RejectReason, Reject] = {}
        self._times: Counter[RejectReason] = Counter()

    def add(self, reject: Reject, about: str = "") -> None:
        """Count a reject; the first of its reason is kept. ``about``: what its detail begins with."""
        self._times[reject.reason] += 1
        if reject.reason not in self._first:
            self._first[reject.reason] = Reject(reject.reason, about + reject.detail, reject.path)

    def merged(self) -> list[Reject]:
        """One reject a reason, in the order of their first ones."""
        return [_with_count(reject, self._times[reason]) for reason, reject in self._first.items()]


def merged_by_reason(rejects: list[Reject]) -> list[Reject]:
    """Merge rejects of the same reason into one with their count: the record is dead-lettered once per reason."""
    if len(rejects) < 2:
        return rejects
    merged = MergedRejects()
    for reject in rejects:
        merged.add(reject)
    return merged.merged()


def _with_count(reject: Reject, times: int) -> Reject:
    more = f" (and {times - 1} more like it)" if times > 1 else ""
    return Reject(reject.reason, reject.detail + more, reject.path)
