"""Build the wheel as ``setup.cfg`` declares it, with the contracts of ``avro/`` as ``config/avro``.

``avro/`` stands at the top, for whoever reads the contracts, and must not become a package: it would hide the avro
library. No declaration of setuptools puts such a folder into a package; hence this one step.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithContracts(build_py):
    """The usual step, and the contracts copied."""

    def run(self) -> None:
        """Build; an editable install reads ``avro/`` itself."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "config", "avro")
            target.mkdir(parents=True, exist_ok=True)
            for file in Path("avro").glob("*.avsc"):
                shutil.copyfile(file, target / file.name)


setup(cmdclass={"build_py": WithContracts})
