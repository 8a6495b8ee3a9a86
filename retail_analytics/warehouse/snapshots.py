"""The folder of a warehouse: immutable snapshots, a pointer to the current one, and how long they are kept."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from retail_analytics.errors import UnknownName, WarehouseError

POINTER = "CURRENT"
KEPT = 10  # newest snapshots; of older ones the newest of each month stays


def named(directory: Path, snapshot: str) -> Path:
    """A snapshot of a warehouse by its name. Raises UnknownName with the nearest one."""
    path = directory / f"{snapshot}.duckdb"
    if not path.is_file():
        raise UnknownName(f"snapshot of {directory}", snapshot, [p.stem for p in directory.glob("*.duckdb")])
    return path


def retire(directory: Path) -> list[str]:
    """Remove the snapshots that are older than the last ten, but for the newest of each month and the current one.

    Whoever has one open goes on reading it. Gives the names of those removed.
    """
    found = sorted((path.name for path in directory.glob("*.duckdb")), reverse=True)
    newest_of_month: dict[str, str] = {}
    for name in found:
        newest_of_month.setdefault(name[:6], name)
    current = (directory / POINTER).read_text(encoding="utf-8").strip()
    kept = {*found[:KEPT], *newest_of_month.values(), current}
    removed = [name for name in found if name not in kept]
    for name in removed:
        (directory / name).unlink(missing_ok=True)
    return [name.removesuffix(".duckdb") for name in removed]


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """One writer at a time; what a killed one left behind is swept away, before and after."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(directory / ".lock", timeout=0):
            _sweep(directory)
            try:
                yield
            finally:
                _sweep(directory)
    except filelock.Timeout:
        raise WarehouseError(f"Another load is writing to {directory}. Wait until it has ended.") from None
    except OSError as error:
        raise WarehouseError(f"{directory} cannot be written: {error.strerror}. Choose another folder.") from None


def _sweep(directory: Path) -> None:
    """Remove what a load that was killed has left."""
    for left in [*directory.glob("*.building*"), *directory.glob(f"{POINTER}.new")]:
        if left.is_dir():  # where the engine put what did not fit into memory
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def publish(directory: Path, building: Path, name: str) -> None:
    """A finished file becomes a snapshot, and the current one; a crash at any moment leaves the old one current."""
    with building.open("rb") as file:
        os.fsync(file.fileno())
    building.rename(directory / name)
    point_to(directory, name)


def point_to(directory: Path, name: str) -> None:
    """The snapshot of this name becomes the current one."""
    pointer = directory / f"{POINTER}.new"
    with pointer.open("w", encoding="utf-8") as file:
        file.write(name)
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(directory / POINTER)
