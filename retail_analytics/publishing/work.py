"""In a process of its own: a notebook run by papermill, and its page, made and checked in an empty folder.

What is told of it to the process that watches: that a kernel was started, which cell is being run, how it ended.
"""

import os
from copy import deepcopy
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import rmtree

import nbformat
import papermill
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from retail_analytics.errors import WorkbenchError
from retail_analytics.exhibits import MIMETYPE
from retail_analytics.language import ENGLISH, speaking
from retail_analytics.publishing import choices, chromium, kernels, numbers, page, proof
from retail_analytics.publishing.assets import share
from retail_analytics.publishing.drawings import drawings
from retail_analytics.publishing.hidden import shown_secrets
from retail_analytics.publishing.watch import LOG, NOTEBOOK, PAGE, PDF, Attempt, Outcome
from retail_analytics.warehouse import VARIABLE
from retail_analytics.warehouse.scopes import Scope

MOST_PRINTED = 1_000_000  # characters that the cells of a report may print
KEPT = {MIMETYPE, "text/plain", "text/html"}  # of a cell's outputs: what the page shows, and JupyterLab
KEPT_OF_CHOICES = {MIMETYPE, "text/plain"}  # JupyterLab shows none of them


def work(attempt: Attempt, kernel: kernels.Kernel | None, sockets: Path, tells: Connection) -> None:
    """Make the attempt; what is told of it is the kernel's process, the cell that is run, and the outcome."""
    started = [kernel.pid] if kernel else []

    def clear() -> None:
        for pid in started:
            kernels.end_group(pid)
        rmtree(sockets, ignore_errors=True)

    def tell(pid: int) -> None:
        started.append(pid)
        tells.send(("kernel", pid))

    kernels.apart(attempt.folder / LOG, then=clear)
    kernels.WarmKernel.forked, kernels.WarmKernel.started = kernel, staticmethod(tell)
    # What the kernel writes aside goes with its sockets: it is killed at the end.
    os.environ |= {VARIABLE: str(attempt.warehouse.resolve()), kernels.CHOSEN_BY: kernels.NAME, "TMPDIR": str(sockets)}
    tells.send(("ended", _made(attempt, sockets, tells)))


def _made(attempt: Attempt, sockets: Path, tells: Connection) -> Outcome:
    executed = attempt.folder / NOTEBOOK
    talks = {"transport": "ipc", "ip": f"{sockets}/k"}  # sockets of its own: no ports to race for, nothing in the clear
    try:
        papermill.execute_notebook(
            str(attempt.notebook), str(executed), attempt.parameters, kernel_name="python3", engine_name=_Engine.name,
            request_save_on_cell_execute=False, progress_bar=False, tells=tells, scopes=attempt.choices,
            config=Config(KernelManager=talks | {"client_factory": kernels.PromptClient}),
            extra_arguments=["--log-level=CRITICAL"],
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        reason = f"{error.ename}: {error.evalue}".strip()
        return Outcome("failed", reason, log="\n".join(error.traceback))
    except CellExecutionError as error:  # in a choice: papermill has written the notebook without
        return Outcome("failed", f"{error.ename}: {error.evalue}".strip(), log=error.traceback)
    except DeadKernelError:
        return Outcome("died", "The kernel was killed, perhaps for want of memory.")
    except OSError as error:
        return Outcome("died", f"The run could not go on: {error}.")
    except (RuntimeError, ValueError) as error:
        return Outcome("died", f"The kernel could not be used: {error}")
    try:
        made = nbformat.read(executed, as_version=4)
        with speaking(attempt.parameters.get("language", ENGLISH)):
            html = _page(made, attempt)
            for cell in made.cells:
                _strip(cell.get("outputs", []), KEPT)
            text = nbformat.writes(made)
            faults = [*proof.faults(html, made, attempt.form), *shown_secrets(html + text)]
        if faults:
            return Outcome("unsafe", faults[0], log="\n".join(faults))
        (attempt.folder / PAGE).write_text(html, encoding="utf-8")
        executed.write_text(text, encoding="utf-8")
        missing = _pdf_missing(attempt) if attempt.form.pdf else None
        return Outcome("published", headline=page.headline(made), read=page.tables_read(made), missing=missing)
    except WorkbenchError as error:
        return Outcome("unsafe", str(error))
    except OSError as error:
        return Outcome("died", f"The page could not be written: {error}.")
    except Exception as error:  # whatever it is: the page is not there, and the run must say so
        return Outcome("unsafe", f"The page could not be built: {error!r}")


def _page(made, attempt: Attempt) -> str:
    """The page in the form that is asked for, with what it needs. Raises WorkbenchError where charts are not drawn."""
    about, brand, drawn = attempt.about, attempt.brand, None
    if attempt.form.static:
        drawn = drawings(page.drawable(made, about=about, brand=brand), attempt.folder)
    if attempt.form.shared:
        share(attempt.folder.parents[1], brand)
    since = numbers.readable(attempt.since)
    return page.html(made, about=about, brand=brand, form=attempt.form, since=since, drawings=drawn)


def _pdf_missing(attempt: Attempt) -> str | None:
    """Print the page; why there is no PDF if there is none: that keeps no page from being published."""
    try:
        chromium.pdf(attempt.folder / PAGE, attempt.folder / PDF)
    except WorkbenchError as error:
        return f"No PDF: {error}"
    return None


def _strip(outputs: list, kept: set[str]) -> None:
    """Take out of the outputs of a cell what neither a page nor a reader of the notebook needs."""
    for output in outputs:
        if "data" in output:
            output.data = {kind: value for kind, value in output.data.items() if kind in kept}


class _Client(PapermillNotebookClient):
    """papermill's client, which runs the cells once more for each choice, tells which cell is run, and when the cells
    print without end.
    """

    def __init__(self, *args, tells: Connection, scopes: tuple[Scope, ...], **options):
        super().__init__(*args, **options)
        self.tells, self.printed, self.on_cell_start = tells, 0, self._starts
        self.scopes, self.choice = scopes, None

    def papermill_execute_cells(self):
        written = deepcopy(self.nb)
        super().papermill_execute_cells()
        if self.nb.metadata.papermill.get("exception"):
            return
        for scope in self.scopes:
            self.choice = scope
            choices.hold(self.nb, scope, self._given(written, scope))

    def _given(self, written, scope: Scope) -> list[list]:
        """What the cells of the notebook as it was written give for a scope. Raises what they raise."""
        asked = written.metadata.papermill.parameters | {"scope": scope.name}
        again, whole = parameterize_notebook(deepcopy(written), asked).cells, self.nb.cells
        self.nb.cells = again  # where nbclient puts each cell that it has run
        try:
            for index, cell in enumerate(again):
                self.execute_cell(cell, index)
        finally:
            self.nb.cells = whole
        for cell in again:
            _strip(cell.get("outputs", []), KEPT_OF_CHOICES)
        return [cell.get("outputs", []) for cell in again]

    def _starts(self, cell, cell_index: int) -> None:
        injected = ("injected-parameters" in one.metadata.get("tags", ()) for one in self.nb.cells[:cell_index])
        place = cell_index - any(injected)  # in the notebook as it is written
        self.tells.send(("cell", (place, self.choice)))

    def process_message(self, message, cell, cell_index):
        if message["msg_type"] == "stream":
            self.printed += len(message["content"]["text"])
            if self.printed > MOST_PRINTED:
                self.tells.send(("flooded", MOST_PRINTED))
                return None
        return super().process_message(message, cell, cell_index)


class _Engine(NBClientEngine):
    name = "retail_analytics"

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, tells: Connection, scopes: tuple[Scope, ...],
                                 config: Config, extra_arguments: list, start_timeout: int = 60, **_):  # fmt: skip
        options = {"timeout": None, "config": config, "extra_arguments": extra_arguments}
        client = _Client(nb_man, tells=tells, scopes=scopes, kernel_name=kernel_name, startup_timeout=start_timeout,
                         shutdown_kernel="immediate", **options)  # fmt: skip
        return client.execute()


papermill_engines.register(_Engine.name, _Engine)
