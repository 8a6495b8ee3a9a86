"""Attempts at reports side by side, each in processes of its own, watched from outside.

How an attempt ends is what was seen here, never what its notebook says of itself.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from shutil import rmtree

import psutil

from retail_analytics.publishing import kernels
from retail_analytics.publishing.brand import Brand
from retail_analytics.publishing.forms import Form
from retail_analytics.warehouse.scopes import Scope

PAGE, PDF, NOTEBOOK, LOG = "page.html", "page.pdf", "notebook.ipynb", "log.txt"  # what an attempt makes in its folder
LOOK = 0.5  # seconds between two looks at deadlines and memory
AGAIN = ("died", "late")  # another attempt may end otherwise
SOCKETS = "retail-"  # begins the name of a folder of sockets; the process that watches follows
GRACE = 5.0  # seconds that a process has to end by itself
LAST = 4_000  # bytes of the log that are told
GONE = "Its process was killed, perhaps for want of memory."
INTERRUPTED = "The run was interrupted."


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended, why, in which cell, and its last words; of a page its conclusion, the tables read, and
    why its PDF is missing.
    """

    end: str
    reason: str | None = None
    cell: int | None = None
    log: str = ""
    headline: str = ""
    read: tuple[str, ...] = ()
    missing: str | None = None
    seconds: float = 0.0
    attempts: int = 1


@dataclass(frozen=True, eq=False)
class Attempt:
    """What is to be tried: a notebook with its parameters on a snapshot, in an empty folder on the shelf's disk."""

    notebook: Path
    parameters: dict
    warehouse: Path
    about: dict
    form: Form
    brand: Brand
    folder: Path
    since: tuple[Path, ...]  # the pages of earlier reports that this one is compared with
    seconds: float  # it is late after so many
    memory: float  # bytes that its processes may hold together
    attempts: int = 1  # it is tried so often when its processes die or it is late
    choices: tuple[Scope, ...] = ()  # for each the cells are run once more


def outcomes(attempts: Iterator[Attempt], *, workers: int) -> Iterator[tuple[Attempt, Outcome]]:
    """Each attempt and how it ended, as it ends; `workers` at the same time.

    Nothing that an attempt started is left, whatever happens. When this process is interrupted, what was running ends
    as died, is given too, and KeyboardInterrupt is raised again.
    """
    running: list[_Running] = []

    def start_more() -> None:
        while len(running) < workers and (attempt := next(attempts, None)):
            running.append(_started(attempt))

    try:
        start_more()
        while running:
            wait([end for one in running for end in (one.hears, one.process.sentinel)], timeout=LOOK)
            for one in running:
                one.look()
            for one in [one for one in running if one.outcome]:
                one.end()
                running.remove(one)
                if one.outcome.end in AGAIN and one.number < one.attempt.attempts:
                    running.append(_started(one.attempt, one.number + 1))
                else:
                    outcome = one.told_outcome()
                    start_more()  # it runs while the caller deals with the one that has ended
                    yield one.attempt, outcome
    except KeyboardInterrupt:
        for one in running:
            one.end()
            one.outcome = Outcome("died", INTERRUPTED)
            yield one.attempt, one.told_outcome()
        running.clear()
        raise
    finally:
        for one in running:
            one.end()


def sweep(folder: Path, before: str = "") -> None:
    """Remove the folders in it that runs have left which were killed: `before`, their process, a dash and more."""
    for path in folder.glob(f"{before}[0-9]*-*"):
        if not psutil.pid_exists(int(path.name.removeprefix(before).split("-")[0])):
            rmtree(path, ignore_errors=True)


@dataclass
class _Running:
    attempt: Attempt
    process: BaseProcess
    hears: Connection
    kernel: int | None
    forked: BaseProcess | None
    sockets: Path
    number: int  # which attempt at the same it is
    began: float = field(default_factory=time.monotonic)
    looked: float = 0.0
    cell: int | None = None
    choice: Scope | None = None  # for which the cell is run
    outcome: Outcome | None = None
    told: bool = False  # the outcome is its own

    def told_outcome(self) -> Outcome:
        """The outcome with what only we know of it."""
        in_a_cell = self.outcome.end in ("failed", "died", "late")
        where, reason = self.cell if in_a_cell else None, self.outcome.reason
        if in_a_cell and self.choice:
            reason = f"For {self.choice}: {reason}"
        took = round(time.monotonic() - self.began, 2)
        return replace(self.outcome, cell=where, reason=reason, seconds=took, attempts=self.number)

    def look(self) -> None:
        """Take in what was told since; past the deadline, the memory or its life it has an outcome of its own."""
        alive = self.process.is_alive()  # asked first: what it told before its end is heard below
        self._listen()
        if self.outcome:
            return
        if not alive:
            self.outcome = Outcome("died", GONE, log=self._log())
        elif (now := time.monotonic()) - self.began > self.attempt.seconds:
            self.outcome = Outcome("late", f"It ran longer than {self.attempt.seconds:,g} seconds.")
        elif now - self.looked > LOOK:
            self.looked, held = now, self._memory()
            if held > self.attempt.memory:
                reason = f"It held {held / 1e9:.1f} GB of memory, more than {self.attempt.memory / 1e9:.1f} GB."
                self.outcome = Outcome("died", reason)

    def end(self) -> None:
        """End its processes, whatever state they are in."""
        if self.told:  # it is about to end by itself, and clears up
            self.process.join(GRACE)
        for pid in filter(None, (self.kernel, self.process.pid)):
            kernels.end_group(pid)
        for process in filter(None, (self.forked, self.process)):
            process.join()
            process.close()
        self.hears.close()
        rmtree(self.sockets, ignore_errors=True)

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while not self.outcome and self.hears.poll():
                what, said = self.hears.recv()
                match what:
                    case "kernel":
                        self.kernel = said
                    case "cell":
                        self.cell, self.choice = said
                    case "flooded":
                        self.outcome = Outcome("failed", f"Its cells printed more than {said:,} characters.")
                    case "ended":
                        self.outcome, self.told = said, True

    def _memory(self) -> float:
        held = 0
        for pid in filter(None, (self.process.pid, self.kernel)):
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                held += sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
        return held

    def _log(self) -> str:
        with suppress(OSError):
            return (self.attempt.folder / LOG).read_bytes()[-LAST:].decode(errors="replace")
        return ""


def _started(attempt: Attempt, number: int = 1) -> _Running:
    forked, kernel = kernels.fork_kernel()
    hears, tells = kernels.processes().Pipe(duplex=False)
    sockets = Path(tempfile.mkdtemp(prefix=f"{SOCKETS}{os.getpid()}-"))
    process = kernels.processes().Process(target=_work, args=(attempt, kernel, sockets, tells, dict(os.environ)))
    process.start()
    tells.close()
    if kernel:
        kernel.talk.close()
    return _Running(attempt, process, hears, kernel and kernel.pid, forked, sockets, number)


def _work(attempt: Attempt, kernel: kernels.Kernel | None, sockets: Path, tells: Connection, environment: dict) -> None:
    os.environ.clear()  # that of the process it was forked from is older
    os.environ.update(environment)
    from retail_analytics.publishing.work import work  # slow to import, except where it is there already

    work(attempt, kernel, sockets, tells)
