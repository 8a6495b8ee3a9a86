"""Many reports: what a pack names, run side by side, with one line for each."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from retail_analytics.errors import SourceError, WorkbenchError
from retail_analytics.publishing.run import Run, publish, refuse
from retail_analytics.sources.written import entries_of
from retail_analytics.warehouse import open_warehouse

PACK_KEYS = {"title", "warehouse", "reports"}
ENTRY_KEYS = {"report": {"report", "warehouse", "parameters", "regions"}}


@dataclass(frozen=True)
class Due:
    """One report that a pack asks for."""

    shelf: str
    report: str
    warehouse: Path
    parameters: tuple[tuple[str, object], ...]

    @property
    def name(self) -> str:
        region = dict(self.parameters).get("region", "all")
        return f"{self.report} · {self.warehouse.name}" + ("" if region == "all" else f" · {region}")


def read_pack(path: Path, root: Path) -> list[Due]:
    """The reports that a pack names; `regions: every` gives one for each region of the warehouse.

    Warehouse folders are relative to `root`. Raises SourceError with the place of whatever is not understood.
    """
    if not path.is_file():
        raise SourceError(f"There is no pack {path}. Those that come along are in reports/packs.")
    example = "{report: theft_trends}"
    pack, entries = entries_of(path, "reports", keys=PACK_KEYS, entry_keys=ENTRY_KEYS, example=example)
    due = []
    for entry in entries:
        warehouse = entry.get("warehouse", pack.get("warehouse"))
        if warehouse is None:
            raise SourceError(f"{path}: {entry['report']} names no warehouse, and neither does the pack.")
        parameters, regions = entry.get("parameters", {}), entry.get("regions")
        if not isinstance(parameters, dict) or not (isinstance(regions, list | None) or regions == "every"):
            raise SourceError(
                f"{path}: {entry['report']}: parameters are like {{months: 12}}, regions are 'every' or like [North]."
            )
        folder = root / str(warehouse)
        if regions == "every":
            regions = open_warehouse(folder).regions
        for scope in [{}] if regions is None else [{"region": region} for region in regions]:
            due.append(Due(str(pack.get("title", path.stem)), str(entry["report"]), folder,
                           tuple((parameters | scope).items())))  # fmt: skip
    return due


def run_pack(
    due: list[Due], *, reports_dir: Path, workers: int | None = None, said: Callable[[str], None] = lambda _: None
) -> list[Run | WorkbenchError]:
    """Publish what is due, side by side; `said` gets a line as each ends.

    A refusal is recorded on the shelf as a run; only where report or warehouse are not known its error takes the
    place of one.
    """
    workers = workers or max(1, min(len(due), os.cpu_count() or 1))
    ended: list[Run | WorkbenchError] = []
    # Spawned, not forked: the parent has opened a warehouse, and its engine's threads would not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(_publish, one, reports_dir): one for one in due}
        for future in as_completed(running):
            one, result = running[future], future.result()
            ended.append(result)
            ran = isinstance(result, Run) and result.end != "refused"
            end = f"{result.end} ({result.seconds:.1f} s)" if ran else "refused"
            reason = result.reason if isinstance(result, Run) else str(result)
            said(f"{len(ended):>3} of {len(due)}  {one.name}: {end}" + (f". {reason}" if reason else ""))
    return ended


def _publish(one: Due, reports_dir: Path) -> Run | WorkbenchError:
    where = {"warehouse": one.warehouse, "reports_dir": reports_dir, "shelf_name": one.shelf}
    try:
        try:
            return publish(one.report, dict(one.parameters), **where)
        except WorkbenchError as error:
            return refuse(one.report, dict(one.parameters), str(error), **where)
    except WorkbenchError as error:
        return WorkbenchError(str(error))
