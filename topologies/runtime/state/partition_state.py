"""One partition's state on local disk: a RocksDB under ``<data_dir>/<app id>/<partition>/``.

The disk is a cache of the changelog. Each write takes along how far the changelog has been applied, in the
same batch; no write-ahead log is kept, so a crash takes back both, and the changelog gives both again.
"""

from __future__ import annotations

import logging
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from rocksdict import (
    BlockBasedOptions,
    Cache,
    DataBlockIndexType,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from connectors.formats.prepared_types import prepared
from streams.kernel.errors import Fatal, Transient

log = logging.getLogger(__name__)

MARK = b"\xff\xff\xff\xff\xffshipsync.changelog"
MEMTABLE_BYTES = 8 * 1024 * 1024
BLOCK_BYTES = 4 * 1024
BLOOM_BITS = 10.0
DELETIONS_WINDOW, DELETIONS_AMONG = 4096, 1024
"""A file with so many deletions among so many records in a row is compacted soon: what fell due lies deleted at the
front of its index, and the next look would read over it."""
DAMAGED, ASIDE = ".damaged", ".aside"


_LOCKED = re.compile(r"^IO error: .*/LOCK\b")
"""How RocksDB says that somebody else has the database open. "Block checksum mismatch" is something else."""
_FULL = "No space left on device"
_STALLED = "Write stall"
STALLED_SECONDS, STALL_LOOK_SECONDS = 20.0, 0.005
"""How long a write waits for RocksDB to make room, and how often it looks."""


class Damaged(Fatal):
    """The database cannot be read; set it aside and rebuild it from the changelog."""


class Stalled(Transient):
    """Says that nothing can be written now, as when the disk is full; what was to be written is on the changelog."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How far the changelog has been applied: every offset of ``topic_id`` below ``offset``."""

    topic_id: str
    offset: int


class StateMemory:
    """The memory all partitions of one worker share: block cache and memtables, in bytes."""

    def __init__(self, block_cache_bytes: int) -> None:
        self.cache = Cache(block_cache_bytes)
        self.buffers = WriteBufferManager.new_write_buffer_manager_with_cache(
            max(block_cache_bytes // 2, MEMTABLE_BYTES), True, self.cache
        )


class PartitionState:
    """Key -> record of one partition. Not for several threads at once.

    Raises Transient where another process holds it or the disk is full, Damaged where it cannot be read; an
    unreadable database is remembered as such, and opening it says so until ``set_aside`` or ``wipe``.
    """

    def __init__(self, path: Path, memory: StateMemory) -> None:
        self.path = path
        if _damage_note(path).exists():
            raise Damaged(f"The local state {path} was found damaged")
        path.mkdir(parents=True, exist_ok=True)
        try:
            self._db: Rdict | None = Rdict(str(path), _options(memory))
        except Exception as error:  # rocksdict knows no other class
            raise _opening_failed(path, error) from error
        self._write = WriteOptions()
        self._write.disable_wal = True
        self._write.no_slowdown = True  # it would wait with the interpreter's lock held: no thread goes on meanwhile
        try:
            self._mark = self._read_mark()
        except BaseException:
            self.close()
            raise

    @property
    def mark(self) -> Mark | None:
        """Returns how far the changelog has been applied here; None in a new database."""
        return self._mark

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Records in the order of ``keys``; None where there is none."""
        if not keys:
            return []
        try:
            found: list[bytes | None] = self._open().get(list(keys))
        except Exception as error:  # rocksdict knows no other class
            raise self._unreadable(error) from error
        return found

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every (key, record) whose key starts with ``prefix``, in key order, as of now."""
        items = self._open().items(from_key=prefix) if prefix else self._open().items()
        try:
            for key, value in items:
                if not key.startswith(prefix):
                    return
                if key != MARK:
                    yield key, value
        except Exception as error:  # rocksdict knows no other class
            raise self._unreadable(error) from error
        finally:
            del items

    def apply(self, changes: Mapping[bytes, bytes | None], mark: Mark | None = None) -> None:
        """Write all of it or nothing; None deletes. ``mark``: the changelog's, where it moved."""
        give_up = time.monotonic() + STALLED_SECONDS
        while not self._written(changes, mark):
            if time.monotonic() > give_up:
                raise Stalled(f"The local state {self.path} takes nothing for {STALLED_SECONDS:g} s: is the disk full?")
            time.sleep(STALL_LOOK_SECONDS)
        if mark is not None:
            self._mark = mark

    def _written(self, changes: Mapping[bytes, bytes | None], mark: Mark | None) -> bool:
        """False where RocksDB has no room in memory until it has written to disk."""
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        if mark is not None:
            batch.put(MARK, msgspec.msgpack.encode(mark))
        try:
            self._open().write(batch, self._write)
        except Exception as error:  # rocksdict knows no other class
            if _STALLED in str(error):
                return False
            if _FULL in str(error):
                raise Stalled(f"The local state {self.path} cannot be written: {error}") from error
            raise self._unreadable(error) from error
        return True

    def close(self) -> None:
        """Write out what is in memory and let go of the lock. Nothing if closed already."""
        db, self._db = self._db, None
        if db is None:
            return
        try:
            db.close()
        except Exception as error:  # rocksdict knows no other class
            log.warning("what %s held in memory is not on disk, the changelog gives it again: %s", self.path, error)

    def _open(self) -> Rdict:
        if self._db is None:
            raise Fatal(f"The local state {self.path} is closed")
        return self._db

    def _read_mark(self) -> Mark | None:
        [found] = self.get_many([MARK])
        return None if found is None else msgspec.msgpack.decode(found, type=prepared(Mark))

    def _unreadable(self, error: Exception) -> Fatal:
        if isinstance(error, Fatal):
            return error
        if _FULL in str(error):
            return Fatal(f"The local state {self.path} cannot be written: {error}")
        _damage_note(self.path).touch()
        return Damaged(f"The local state {self.path} cannot be read or written: {error}")


def wipe(path: Path) -> None:
    """Remove one partition's database; it is rebuilt from the changelog. It must be closed."""
    shutil.rmtree(path, ignore_errors=True)
    _damage_note(path).unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Move one partition's database out of the way, in place of one set aside before; where it lies now.

    For a person to look at: nothing reads it any more. It must be closed.
    """
    aside = path.with_name(path.name + ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    if path.exists():
        path.rename(aside)
    _damage_note(path).unlink(missing_ok=True)
    return aside


def _damage_note(path: Path) -> Path:
    return path.with_name(path.name + DAMAGED)


def _opening_failed(path: Path, error: Exception) -> Transient | Damaged:
    text = str(error)
    if _LOCKED.search(text):
        return Transient(
            f"The local state {path} is held by another process. Give each worker on a host its own "
            f"SHIPSYNC_DATA_DIR, or stop the other one ({error})"
        )
    if _FULL in text:
        return Transient(f"The local state {path} cannot be opened: {error}")
    return Damaged(f"The local state {path} cannot be opened: {error}")


def _options(memory: StateMemory) -> Options:
    """Laid out for reads of records nobody read lately (docs/decisions/0019)."""
    table = BlockBasedOptions()
    table.set_block_cache(memory.cache)
    table.set_block_size(BLOCK_BYTES)
    table.set_bloom_filter(BLOOM_BITS, False)
    table.set_cache_index_and_filter_blocks(False)
    table.set_data_block_index_type(DataBlockIndexType.binary_and_hash())
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_write_buffer_manager(memory.buffers)
    options.set_compression_type(DBCompressionType.none())
    options.set_write_buffer_size(MEMTABLE_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_max_open_files(256)
    options.set_max_background_jobs(2)
    options.add_compact_on_deletion_collector_factory(DELETIONS_WINDOW, DELETIONS_AMONG, 0.0)
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(1024 * 1024)
    return options
