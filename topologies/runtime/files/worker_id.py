"""A worker's own name, the same for every process that starts on its data folder."""

from __future__ import annotations

import uuid
from pathlib import Path

from topologies.runtime.files.data_folder import unusable

FILE = "worker-id"


def worker_id(folder: Path) -> str:
    """The name kept in ``folder``, a new one where there is none. Raises Fatal where it cannot be kept."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() or not path.read_text("ascii").strip():
            path.write_text(f"{uuid.uuid4()}\n", "ascii")
        return path.read_text("ascii").strip()
    except OSError as error:
        raise unusable(folder, error) from error
