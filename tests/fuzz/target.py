"""One fuzz target in a process of its own: ``python -m tests.fuzz.target NAME SECONDS FOUND_DIR``.

An input must be accounted for (an event, a refusal, an error or an acknowledgement of its own), no adapter may fail on
it, and none may take ten seconds.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris  # type: ignore[import-not-found, unused-ignore]

with atheris.instrument_imports(include=["connectors", "streams"]):
    from connectors.carriers import Carrier, discover
    from connectors.drafting.sample import draft
    from connectors.formats import x12_cutting
    from streams.intake.step import step
    from streams.kernel.errors import Reject
    from streams.kernel.vocabulary import RejectReason

from tests.fuzz import corpora
from tests.support.records import FakeRecord

MOST_BYTES, SLOWEST_SECONDS, MOST_MB = 64 * 1024, 10, 2_048
RECEIVED_AT = 1_790_000_000_000


def intake(carrier: Carrier) -> Callable[[bytes], None]:
    """Takes the input in as one record of the carrier's feed."""
    adapters = {carrier.feed: carrier.adapter}

    def one(data: bytes) -> None:
        record = FakeRecord(f"raw.{carrier.feed}.v1", 0, 7, RECEIVED_AT, None, data)
        result = step([record], adapters, RECEIVED_AT, MOST_BYTES)
        out = result.outputs
        if not (out.events or out.unresolved or result.refused or out.carrier_errors or out.acknowledgements):
            raise AssertionError("nothing became of it")
        for _, reject in out.refused:
            if reject.reason is RejectReason.INTERNAL:
                raise AssertionError(str(reject))

    return one


def cutting(data: bytes) -> None:
    """Cuts the input as a dropped file: what goes in comes out, or is refused."""
    with suppress(Reject):
        for _ in x12_cutting.split(io.BytesIO(data), 512):
            pass


def drafting(data: bytes) -> None:
    """Drafts a carrier from the input."""
    with suppress(Reject):
        draft("acme", "Acme", data, "a sample")


def test_of(name: str) -> Callable[[bytes], None]:
    """The function of the target that takes one input."""
    others = {"cutting": cutting, "drafting": drafting}
    if name in others:
        return others[name]
    with tempfile.TemporaryDirectory() as home:
        corpora.write_rows_carriers(Path(home))
        known = {carrier.feed: carrier for carrier in [*discover(), *discover(Path(home))]}
    return intake(known[corpora.FEEDS[name]])


def main() -> None:
    """Fuzz until the time is up; a finding ends it, and lies in the folder."""
    name, seconds, found = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as corpus:
        corpora.write(name, Path(corpus))
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds}", f"-timeout={SLOWEST_SECONDS}", f"-rss_limit_mb={MOST_MB}",
             f"-max_len={MOST_BYTES}", f"-artifact_prefix={found}/{name}-", "-print_final_stats=1", corpus],
            test_of(name),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
