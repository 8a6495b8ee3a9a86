"""What the process that kernels are forked from does once: import everything that the reports import, and we.

Nothing here may start a thread, as a fork has none of them: DuckDB and polars are imported and not used.
"""

import ast
import atexit
import gc
import json
from contextlib import suppress
from importlib import import_module

import ipykernel.kernelapp  # noqa: F401

from retail_analytics.publishing import work  # noqa: F401
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


with suppress(OSError, ValueError, KeyError, SyntaxError):  # a notebook that is damaged says so when it is run
    for name in sorted(imported_by_reports()):
        with suppress(ImportError):
            import_module(name)
gc.collect()
gc.freeze()  # forks go on sharing this memory
atexit.register(gc.unfreeze)  # at the very end all of it is looked through again
