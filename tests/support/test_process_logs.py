"""The ends of a test's logs."""

from pathlib import Path

from tests.support.process_logs import ends_of_logs


def test_the_last_lines_of_each_log_are_shown_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "data" / "logs").mkdir(parents=True)
    (tmp_path / "data" / "logs" / "intake.log").write_text("first\nlast but one\nlast\n")
    (tmp_path / "data" / "logs" / "empty.log").write_text("")
    (tmp_path / "data" / "000012.log").write_text("RocksDB's own")
    assert ends_of_logs(tmp_path, 2) == "-- data/logs/intake.log\nlast but one\nlast"


def test_a_long_log_is_read_from_its_end_and_bytes_that_are_no_text_are_shown_too(tmp_path: Path) -> None:
    (tmp_path / "portal.log").write_bytes(b"x" * 300_000 + b"\n\xff broken\nended\n")
    assert ends_of_logs(tmp_path).endswith("\n\ufffd broken\nended")
    assert len(ends_of_logs(tmp_path)) < 70_000
