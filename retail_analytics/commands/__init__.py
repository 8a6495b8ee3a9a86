"""What the commands of the command line share: options, and rows printed as columns."""

from datetime import date
from pathlib import Path

import click

from retail_analytics.errors import WorkbenchError
from retail_analytics.warehouse import DEFAULT, VARIABLE

SHELF = Path("reports/published")


def folder_named(path: str | Path) -> Path:
    """A folder named on the command line; an empty name would quietly mean the current one."""
    if not str(path).strip():
        raise WorkbenchError("The name of a folder is empty. Give its path, or leave the option out.")
    return Path(path)


warehouse_option = click.option(
    "--warehouse", "warehouse_dir", type=folder_named, envvar=VARIABLE, default=DEFAULT,
    show_default=True, metavar="DIR", help=f"Folder of the warehouse; also the variable {VARIABLE}.",
)  # fmt: skip
shelf_option = click.option(
    "--reports", "reports_dir", type=folder_named, default=SHELF, show_default=True, metavar="DIR",
    help="Where the pages go.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")


def print_rows(rows: list[dict]) -> None:
    """Rows as aligned columns: numbers to the right, text to the left."""
    if not rows:
        click.echo("none")
        return
    texts = [[_cell(value) for value in row.values()] for row in rows]
    heads = list(rows[0])
    widths = [max(len(line[i]) for line in [heads, *texts]) for i in range(len(heads))]
    numeric = [isinstance(value, int) for value in rows[0].values()]
    for line in [heads, *texts]:
        cells = zip(line, widths, numeric, strict=True)
        click.echo("  ".join(t.rjust(w) if right else t.ljust(w) for t, w, right in cells).rstrip())


def _cell(value) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value.isoformat() if isinstance(value, date) else str(value if value is not None else "")
