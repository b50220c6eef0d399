"""`python -m app.kernel.embedded.remove HOME`: stop the embedded servers of a throw-away OPSFLUX_HOME and delete all of it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from app.kernel import embedded
from app.kernel.embedded.place import SYSTEM_FOLDER


def remove(home: Path) -> None:
    """Stop what runs, then delete the data wherever it lies. There is no way back."""
    if (home / "var" / "embedded.json").exists():
        place = embedded.find(home)
        embedded.stop(place)
        if place.data.parent == SYSTEM_FOLDER:
            shutil.rmtree(place.data, ignore_errors=True)
        if place.run.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(place.run, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    remove(Path(sys.argv[1]))
