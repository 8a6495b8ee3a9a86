"""What the process that kernels are forked from does once: import everything that the reports import, and we.

What libraries import or compile at first use is used here once. Nothing here may start a thread, as a fork has none
of them: DuckDB and polars are imported and not used.
"""

# ruff: noqa: E402
import ast
import atexit
import gc
import json
import sys
from contextlib import suppress
from importlib import import_module

# jsonschema would take a second to learn how addresses are written, of which there are none in a notebook; and each
# kernel half of its start to make ready for a debugger, which nobody attaches to a report.
sys.modules["rfc3987_syntax"] = sys.modules["debugpy"] = None

import ibis
import ibis.backends.duckdb.converter  # noqa: F401
import ibis.formats.polars  # noqa: F401
import ipykernel.kernelapp  # noqa: F401
import nbformat
from jupyter_client.provisioning import KernelProvisionerFactory

import retail_analytics.publishing.work  # noqa: F401
from retail_analytics.publishing import page, proof
from retail_analytics.publishing.parameters import NOTEBOOKS


def imported_by_reports() -> set[str]:
    """The modules, and what could be modules, that the notebooks import."""
    names = set()
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rehearse() -> None:
    """A query and the page of a report that says nothing, written and not run."""
    table = ibis.table({"day": "date", "n": "int64"}, name="rehearsal")
    spans = ibis.table({"first": "date"}, name="spans")
    found = spans.join(table.filter(table.n > 0), table.day < spans.first)
    found = found.group_by(period=found.day.truncate("M")).agg(n=found.n.sum().cast("float64"))
    ibis.to_sql(found, dialect=ibis.duckdb.name)  # the first backend is looked for in all that is installed
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("## A section\n\nWords.")])
    notebook = nbformat.reads(nbformat.writes(notebook), as_version=4)
    about = dict.fromkeys(("title", "organisation", "report", "month", "scope", "shelf_link"), "rehearsal")
    proof.faults(page.html(notebook, about=about), notebook)


with suppress(OSError, ValueError, KeyError, SyntaxError):  # a notebook that is damaged says so when it is run
    for name in sorted(imported_by_reports()):
        with suppress(ImportError):
            import_module(name)
rehearse()
KernelProvisionerFactory.instance()  # looks through all that is installed
gc.collect()
gc.freeze()  # forks go on sharing this memory
atexit.register(gc.unfreeze)  # at the very end all of it is looked through again
