"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to, with the same suffix; when the block ends well it becomes `path`.

    A reader sees the old file or the new one. After an error, a full disk say, the old one is
    still there and the part that was written is gone.
    """
    new = path.with_name(f".{path.name}")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
