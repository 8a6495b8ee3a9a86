"""Many reports: what a pack names, what of it is due and why, run side by side, with one line for each."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from retail_analytics.errors import ParameterError, SourceError, WorkbenchError, did_you_mean
from retail_analytics.publishing import record
from retail_analytics.publishing.brand import brand_of
from retail_analytics.publishing.forms import Form
from retail_analytics.publishing.run import Due, Limits, Prepared, Run, prepare, recorded, refuse, run_id, runs_of
from retail_analytics.sources.written import entries_of, only_known
from retail_analytics.warehouse import Warehouse, open_warehouse

FORMS = {field.name for field in fields(Form)}
PACK_KEYS = {"title", "warehouse", "limits", "keep", "reports", *FORMS}
ENTRY_KEYS = {"report": {"report", "warehouse", "parameters", "scopes", *FORMS}}
REACHING_KEYS = {"metric", "by", "at_least", "months"}
SCOPES_ARE = (
    "scopes are 'every region', 'every format', 'every store', a list like [Harbour, \"0012\"], {query: SELECT …}, "
    "or {metric: recorded_thefts, by: store_id, at_least: 20, months: 12}"
)
LIMITS = {"seconds", "memory_gb", "attempts", "run_seconds"}
WHOLE = {"attempts", "months", "superseded", "days"}
KEEP = {"months", "superseded", "days", "pinned"}
LOCK = "packs.lock"


@dataclass(frozen=True)
class Pack:
    """A pack as it is written: the reports that are due, what each may take, how long the whole, what is kept."""

    path: Path
    due: list[Due]
    limits: Limits = Limits()
    seconds: float | None = None
    keep: record.Keep = record.Keep()


@dataclass
class Progress:
    """How far a run is: what a line about it says."""

    due: int
    began: float = field(default_factory=time.monotonic)
    ended: int = 0
    failed: int = 0

    def line(self, run: Run) -> str:
        """A line about a report that has just ended."""
        self.ended += 1
        self.failed += not run.well
        left = (time.monotonic() - self.began) / self.ended * (self.due - self.ended)
        scope = "" if run.scope == "all" else f" · {run.scope}"
        said = f"{self.ended:>4} of {self.due}  {run.report} · {run.warehouse}{scope}: {run.end}"
        why = run.reason or run.missing
        said += f" ({run.seconds:.1f} s)" * bool(run.seconds) + (f". {why}" if why else "")
        if self.ended == self.due:
            return said
        failed = f"{self.failed} failed, " if self.failed else ""
        return f"{said}  [{failed}about {left:,.0f} s left]"


def read_pack(path: Path, root: Path, *, reaching: Callable[..., list[str]] | None = None) -> Pack:
    """A pack as it is written; `scopes` of a line give a report for each: every region, every format, every store,
    those of a list, those that a query gives, or the groups of a metric that reach a value. What a line says of the
    form of its pages (`pdf: true`) wins over what the pack says.

    What a metric is nothing here knows: `reaching` is asked for the groups, as reaching(warehouse, metric=, by=,
    at_least=, months=). Warehouse folders are relative to `root`. Raises SourceError with the place of whatever is not
    understood.
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
        if not isinstance(entry.get("parameters", {}), dict):
            raise SourceError(f"{path}: {entry['report']}: parameters are like {{months: 12}}.")
        folder, form = root / str(warehouse), _form(f"{path}: {entry['report']}", pack, entry)
        for scope in _scopes(f"{path}: {entry['report']}", entry, folder, reaching):
            parameters = entry.get("parameters", {}) | scope
            due.append(Due(str(entry["report"]), folder, parameters, str(pack.get("title", path.stem)), form))
    limits = _numbers(path, pack, "limits", LIMITS)
    keep = _numbers(path, pack, "keep", KEEP)
    allowed = {"memory": limits["memory_gb"] * 1e9} if "memory_gb" in limits else {}
    allowed |= {name: limits[name] for name in ("seconds", "attempts") if name in limits}
    keep |= {"pinned": tuple(map(str, keep.get("pinned", ())))}
    return Pack(path, due, Limits(**allowed), limits.get("run_seconds"), record.Keep(**keep))


@dataclass(frozen=True)
class Batch:
    """A run of packs: its name, how each report ended, what was wrong where nothing could be recorded."""

    run: str
    ended: list[Run]
    wrong: list[WorkbenchError]
    interrupted: bool = False

    @property
    def well(self) -> bool:
        """Whether everything is as it was asked for."""
        return not (self.wrong or self.interrupted) and all(run.well for run in self.ended)


def run_packs(
    packs: list[Pack],
    *,
    reports_dir: Path,
    workers: int | None = None,
    resumes: str | None = None,
    only_failed: bool = False,
    said: Callable[[str], None] = lambda _: None,
) -> Batch:
    """Publish what is due, side by side; `said` gets a line as each ends.

    One run of packs at a time works on a shelf: another waits, and then finds done what this one did. `resumes` names
    an earlier run (of which `packs` are the packs): what ended well in it is left out. `only_failed` leaves out what
    did not fail when it was run last. A refusal is recorded on the shelf as a run; only where the report is not known
    its error takes the place of one. What the packs do not keep is removed at the end.
    """
    brand_of(reports_dir)  # what is wrong with it is said once, before anything is run
    with _alone(reports_dir, said):
        batch = Batch(run_id(), [], [])
        if resumes is None:
            record.append(reports_dir, _begun(batch.run, packs))
        due = sum(len(pack.due) for pack in packs)
        progress = Progress(due)
        said(f"Run {batch.run}: {due} reports")

        def end(run: Run) -> None:
            batch.ended.append(run)
            said(progress.line(run))

        interrupted = False
        prepared = _prepared(packs, reports_dir, resumes, only_failed, batch, end)
        try:
            for run in runs_of(prepared, reports_dir, workers=workers or psutil.cpu_count() or 1):
                end(run)
        except KeyboardInterrupt:
            interrupted = True
        for pack in packs:
            record.retire(reports_dir, pack.keep, {(Path(one.warehouse).name, one.report) for one in pack.due})
        return replace(batch, interrupted=interrupted)


def due_now(
    packs: list[Pack], reports_dir: Path, *, resumes: str | None = None, only_failed: bool = False
) -> Iterator[tuple[Due, str]]:
    """Each report of the packs and what `run_packs` would do: why it would run it, unchanged, left out, or refused."""
    opened: dict[Path, Warehouse] = {}
    for one in (one for pack in packs for one in pack.due):
        try:
            found = prepare(one, _opened(opened, one), reports_dir)
            if isinstance(found, Run):
                yield one, "unchanged"
            elif _left_out(found, reports_dir, resumes, only_failed):
                yield one, "left out"
            else:
                yield one, "; ".join(found.why)
        except WorkbenchError as error:
            yield one, f"refused: {error}"


def with_values(pack: Pack, values: dict[str, str]) -> Pack:
    """The same pack with other values of parameters than it says itself."""
    return replace(pack, due=[replace(due, parameters=due.parameters | values) for due in pack.due])


def packs_of(run: str, reports_dir: Path) -> list[Pack]:
    """The packs of an earlier run, as they were then. Raises WorkbenchError if there was none of that name."""
    begun = record.batch(reports_dir, run)
    if begun is None:
        known = record.batches(reports_dir)
        raise WorkbenchError(f"There was no run {run} of packs here.{did_you_mean(run, known[:5])}")
    return [
        Pack(
            Path(one["path"]),
            [Due(**due | {"warehouse": Path(due["warehouse"]), "form": Form(**due["form"])}) for due in one["due"]],
            Limits(**one["limits"]),
            one["seconds"],
            record.Keep(**one["keep"] | {"pinned": tuple(one["keep"]["pinned"])}),
        )
        for one in begun["due"]
    ]


def _begun(run: str, packs: list[Pack]) -> dict:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    due = [json.loads(json.dumps(asdict(pack), default=str)) for pack in packs]
    return {"run": run, "started": started, "due": due}


def _prepared(packs, reports_dir: Path, resumes, only_failed: bool, batch: Batch, end: Callable) -> Iterator[Prepared]:
    """What is to be run; whatever ends before it is run goes to `end` or to what is wrong."""
    opened: dict[Path, Warehouse] = {}
    of = resumes or batch.run
    for pack in packs:
        until = time.monotonic() + (pack.seconds or float("inf"))
        for due in pack.due:
            try:
                warehouse = _opened(opened, due)
                try:
                    found = prepare(due, warehouse, reports_dir, batch=of)
                except WorkbenchError as error:
                    end(refuse(due, str(error), reports_dir, opened=warehouse, batch=of))
                    continue
            except WorkbenchError as error:
                batch.wrong.append(error)
                continue
            if isinstance(found, Run):
                end(recorded(reports_dir, found))
            elif not _left_out(found, reports_dir, resumes, only_failed):
                left = until - time.monotonic()
                yield replace(found, limits=replace(pack.limits, seconds=min(pack.limits.seconds, max(0, left))))


def _left_out(one: Prepared, reports_dir: Path, resumes: str | None, only_failed: bool) -> bool:
    """Whether it ended well in the run that is resumed; or, where only those are wanted, did not fail."""
    last = record.newest_run(reports_dir, one.facts)
    well = last is not None and last["end"] in record.GOOD and not last.get("missing")
    return (well and last["batch"] == resumes) if resumes else only_failed and (last is None or well)


def _opened(opened: dict[Path, Warehouse], due: Due) -> Warehouse:
    if due.warehouse not in opened:
        opened[due.warehouse] = open_warehouse(due.warehouse)
    return opened[due.warehouse]


def _form(where: str, pack: dict, entry: dict) -> Form:
    asked = {name: given[name] for given in (pack, entry) for name in FORMS & given.keys()}
    for name, value in asked.items():
        if not isinstance(value, bool):
            raise SourceError(f"{where}: {name} is {value!r}, expected true or false.")
    try:
        return Form(**asked)
    except ParameterError as error:
        raise SourceError(f"{where}: {error}") from None


def _scopes(where: str, entry: dict, folder: Path, reaching: Callable[..., list[str]] | None) -> list[dict]:
    """The parameters of each scope of a line of a pack, each once."""
    if "scopes" not in entry:
        return [{}]
    if "scope" in entry.get("parameters", {}):
        raise SourceError(f"{where} has a parameter 'scope' and 'scopes' too. Leave one of them out.")
    return [{"scope": scope} for scope in dict.fromkeys(_named_scopes(where, entry["scopes"], folder, reaching))]


def _named_scopes(where: str, scopes, folder: Path, reaching: Callable[..., list[str]] | None) -> list[str]:
    match scopes:
        case "every region":
            return open_warehouse(folder).regions
        case "every format":
            return list(open_warehouse(folder).formats)
        case "every store":
            return list(open_warehouse(folder).stores)
        case list():
            for scope in scopes:
                if not isinstance(scope, str):  # an unquoted 0012 is the number 10 in YAML
                    raise SourceError(f"{where}: the scope {scope} is no text. Write it in quotes, like \"0012\".")
            return scopes
        case {"query": str() as query}:
            only_known(f"{where}, scopes", scopes, {"query"})
            found = open_warehouse(folder).sql(query)
            if found.width != 1:
                raise SourceError(f"{where}: the query gives {found.width} columns, expected one.")
            return [str(scope) for scope in found.to_series().drop_nulls().unique().sort()]
        case {"metric": str(), "by": "store_id" | "region" | "store_format", "at_least": int() | float()} if reaching:
            only_known(f"{where}, scopes", scopes, REACHING_KEYS)
            return reaching(open_warehouse(folder), **scopes)
    raise SourceError(f"{where}: {SCOPES_ARE}.")


def _numbers(path: Path, pack: dict, name: str, known: set[str]) -> dict:
    """What a pack says under `limits` or `keep`: numbers, and what is pinned."""
    found = pack.get(name, {})
    if not isinstance(found, dict):
        raise SourceError(f"{path}: {name} are like {{{sorted(known)[0]}: 3}}.")
    only_known(f"{path}, {name}", found, known)
    for key, value in found.items():
        if key == "pinned":
            good, expected = isinstance(value, list), "a list of runs"
        elif key in WHOLE:
            good, expected = type(value) is int and value > 0, "a whole number above 0"
        else:
            good, expected = type(value) in (int, float) and value > 0, "a number above 0"
        if not good:
            raise SourceError(f"{path}, {name}: {key} is {value!r}, expected {expected}.")
    return found


@contextmanager
def _alone(reports_dir: Path, said: Callable[[str], None]) -> Iterator[None]:
    """While no other run of packs works on the shelf. A request to end is an interruption, too."""
    record.make(reports_dir)
    lock = FileLock(reports_dir / LOCK)
    listens = threading.current_thread() is threading.main_thread()  # the only one that may
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if listens else None
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            said("Another run works on this shelf: waiting for its end.")
            lock.acquire()
        with lock:
            yield
    finally:
        lock.release(force=True)
        if listens:
            signal.signal(signal.SIGTERM, before)
