"""The command line: retail-analytics, or python -m retail_analytics."""

import csv
import json
import sys
import time
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from retail_analytics.errors import UnknownName, WarehouseError, WorkbenchError
from retail_analytics.warehouse import DEFAULT, VARIABLE

ROOT = Path(__file__).parents[1]
SHELF = Path("reports/published")
DAY = click.DateTime(["%Y-%m-%d"])
KINDS = ("reports", "metrics", "tables", "mappings", "snapshots", "runs")



def _folder(path: str | Path) -> Path:
    """A folder named on the command line; an empty name would quietly mean the current one."""
    if not str(path).strip():
        raise WorkbenchError("The name of a folder is empty. Give its path, or leave the option out.")
    return Path(path)


warehouse_option = click.option(
    "--warehouse", "warehouse_dir", type=_folder, envvar=VARIABLE, default=DEFAULT,
    show_default=True, metavar="DIR", help=f"Folder of the warehouse; also the variable {VARIABLE}.",
)  # fmt: skip
shelf_option = click.option(
    "--reports", "reports_dir", type=_folder, default=SHELF, show_default=True, metavar="DIR",
    help="Where the pages go.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")


class Sentences(click.Group):
    """A group that prints an error meant for a person as its sentence, and exits with 2."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except WorkbenchError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="retail-analytics")
def main() -> None:
    """Turn a retailer's device and incident exports into executive risk reports.

    Exit codes: 0 all as asked; 1 something was not published; 2 the request itself was wrong.
    """


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--stores", default=120, show_default=True, type=click.IntRange(6, 5000))
@click.option("--years", default=3, show_default=True, type=click.IntRange(1, 10))
@click.option("--seed", default=1, show_default=True, type=int)
def sample(folder: Path, stores: int, years: int, seed: int) -> None:
    """Write the exports of a fictional retailer, Example Grocers, to FOLDER/exports.

    The same seed gives the same bytes. What is really true of it goes to FOLDER/truth, which nothing reads.

    \b
    Example: retail-analytics sample data/sample --stores 40 --years 2
    """
    from retail_analytics.sample import write

    plan = folder / "exports" / "load.yaml"
    if any(folder.glob("*")) and not (plan.is_file() and plan.read_bytes().startswith(b"title: Example Grocers\n")):
        raise WorkbenchError(f"{folder} holds files of another origin. Name a new folder, so that none is overwritten.")
    click.echo(f"Writing {stores} stores and {years} years to {folder} …")
    exports = write(folder, stores=stores, years=years, seed=seed)
    files = list(exports.glob("*.csv"))
    click.echo(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.0f} MB. "
               f"Next: retail-analytics load {exports}")  # fmt: skip


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", default="own", show_default=True, metavar="NAME_OR_FILE", help="The format of the files.")
@click.option("--table", metavar="TABLE", help="The table, when neither mapping nor file name says it.")
@click.option("--known-on", type=DAY, help="Day of the export; today when not given.")
@click.option("--covers", type=DAY, nargs=2, metavar="FIRST LAST", help="Days that the files hold in full.")
@click.option("--title", help="What the warehouse is about; shown on every page.")
@warehouse_option
@json_option
def load(files, mapping, table, known_on: datetime | None, covers, title, warehouse_dir: Path, as_json: bool) -> None:
    """Check FILES and publish them as a new snapshot of the warehouse.

    A folder is read by its load.yaml, which says which file is what. Every row is kept, left out by the
    mapping, or refused with file, row and reason.

    \b
    Examples:
      retail-analytics load data/sample/exports --warehouse data/warehouses/example_grocers
      retail-analytics load stores.csv devices.csv incidents.csv --title "Corner Shops"
      retail-analytics load kiosks.csv --mapping linknyc_kiosks --known-on 2026-11-15
      retail-analytics load incidents.csv --covers 2024-01-01 2026-10-31
    """
    from retail_analytics.sources.plan import read_plan, source_file
    from retail_analytics.warehouse import load as load_files

    plans = [read_plan(path) for path in files if path.is_dir() or path.name == "load.yaml"]
    single = [path for path in files if not (path.is_dir() or path.name == "load.yaml")]
    wanted = [file for _, planned in plans for file in planned]
    day, days = known_on and known_on.date(), [day.date() for day in covers] if covers else None
    if day and day > date.today():
        raise WorkbenchError(f"--known-on is {day}, which lies in the future. Give the day on which it was exported.")
    if plans and not single and (day or days):
        raise WorkbenchError("--known-on and --covers are for single files. Write a folder's into its load.yaml.")
    wanted += [source_file(path, mapping=mapping, table=table, known_on=day, covers=days) for path in single]
    said = (lambda _: None) if as_json else (lambda line: click.echo(f"  {line}", err=True))
    account = load_files(warehouse_dir, wanted, title=title or (plans[0][0] if plans else None), said=said)
    if as_json:
        click.echo(json.dumps(asdict(account), indent=2))
        return
    _print_account(account, warehouse_dir)


@main.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--template", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="With tables: write a file with one example row for each.")  # fmt: skip
@warehouse_option
@shelf_option
@json_option
def list_things(kind: str, template: Path | None, warehouse_dir: Path, reports_dir: Path, as_json: bool) -> None:
    """List what there is: reports, metrics, tables, mappings, snapshots or runs.

    \b
    Example: retail-analytics list tables --template my_files
    """
    if template and kind != "tables":
        raise click.UsageError("--template goes with 'list tables'.")
    if template:
        _write_templates(template)
        return
    rows = {
        "reports": _reports, "metrics": _metrics, "tables": _tables, "mappings": _mappings,
        "snapshots": lambda: _snapshots(warehouse_dir), "runs": lambda: _runs(reports_dir),
    }[kind]()  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
        return
    _print_rows(rows)


@main.command()
@click.argument("name")
@warehouse_option
def explain(name: str, warehouse_dir: Path) -> None:
    """Say what a metric or a table is.

    Of a metric (by its name or id): definition, formula, unit, tables and the query that measures it in the
    warehouse. Of a table: what a row is, and every column with its type and rule.

    \b
    Examples:
      retail-analytics explain theft_rate --warehouse data/warehouses/example_grocers
      retail-analytics explain incidents
    """
    from retail_analytics.metrics import every_metric
    from retail_analytics.sources.checking import contracts

    metrics = every_metric()
    by_id = {metric.id.lower(): metric for metric in metrics.values()}
    if name in contracts():
        _explain_table(contracts()[name])
    elif found := metrics.get(name) or by_id.get(name.lower()):
        _explain_metric(found, warehouse_dir)
    else:
        raise UnknownName("metric or table", name, [*metrics, *contracts()])


def _explain_table(contract) -> None:
    click.echo(f"{contract.title}: {contract.grain}. Key: {', '.join(contract.key)}.\n")
    rows = []
    for name, column in contract.fields.items():
        rules = dict(column.get("constraints", {}))
        required = "required" if rules.pop("required", False) else ""
        shown = [", ".join(v) if isinstance(v, list) else f"{rule} {v}" for rule, v in rules.items()]
        rows.append({"column": name, "type": column["type"], "": required, "what it is": column["description"],
                     "allowed": "; ".join(shown)})  # fmt: skip
    _print_rows(rows)


def _explain_metric(found, warehouse_dir: Path) -> None:
    from retail_analytics.measure import Metric, measure
    from retail_analytics.warehouse import open_warehouse

    click.echo(f"{found.label} ({found.id})\n\n{found.definition}\n\nUnit: {found.unit}\nFormula: {found.formula}")
    if not isinstance(found, Metric) or found.numerator is None:
        return
    tables = [side.table for side in (found.numerator, found.denominator) if side]
    click.echo(f"Tables: {', '.join(dict.fromkeys(tables))}")
    try:
        warehouse = open_warehouse(warehouse_dir)
        measured = measure(warehouse, found, last_month=warehouse.newest_month(tuple(tables)), months=12)
    except WarehouseError as error:
        click.echo(f"No query: {str(error).removesuffix('.')}.")
        return
    if measured.not_recorded:
        click.echo(f"No query: not recorded: {measured.not_recorded}.")
        return
    click.echo(f"\nQuery over snapshot {measured.snapshot}:\n\n{measured.query}")


@main.command()
@click.argument("report")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="May be given often.")
@click.option("--again", is_flag=True, help="Run it even when nothing has changed.")
@warehouse_option
@shelf_option
@json_option
def publish(report: str, parameters, again: bool, warehouse_dir: Path, reports_dir: Path, as_json: bool) -> None:
    """Publish one REPORT: run its notebook, check the page, put it on the shelf.

    \b
    Example: retail-analytics publish theft_trends -p region=Harbour --warehouse data/warehouses/example_grocers
    """
    from retail_analytics.publishing import run, shelf

    values = dict(_name_and_value(pair) for pair in parameters)
    done = run.publish(report, values, warehouse=warehouse_dir, reports_dir=reports_dir, again=again)
    index = shelf.index(reports_dir)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2))
    else:
        page = reports_dir / (done.page if done.end in ("published", "unchanged") else done.failure_page)
        click.echo(f"{report}: {done.end}" + (f". {done.reason}" if done.reason else ""))
        click.echo(f"{done.note}\n" * bool(done.note) + f"{page}\nIndex: {index}")
    sys.exit(0 if done.end in ("published", "unchanged") else 1)


@main.command("run")
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), help="Reports at the same time; the cores when not given.")
@shelf_option
def run_packs(packs: tuple[Path, ...], workers: int | None, reports_dir: Path) -> None:
    """Publish every report that the PACKS name; what has not changed is left as it is.

    \b
    Example: retail-analytics run reports/packs/monthly.yaml
    """
    from retail_analytics.publishing import shelf
    from retail_analytics.publishing.pack import read_pack, run_pack
    from retail_analytics.publishing.run import Run

    began = time.monotonic()
    due = [one for pack in packs for one in read_pack(pack, Path.cwd())]
    shelf.make(reports_dir)
    click.echo(f"{len(due)} reports due")
    ended = run_pack(due, reports_dir=reports_dir, workers=workers, said=lambda line: click.echo(f"  {line}"))
    ends = [run.end if isinstance(run, Run) else "refused" for run in ended]
    counts = ", ".join(f"{ends.count(end)} {end}" for end in dict.fromkeys(ends))
    click.echo(f"{counts} in {time.monotonic() - began:.0f} s\n\nOpen: {shelf.index(reports_dir).resolve()}")
    sys.exit(0 if set(ends) <= {"published", "unchanged"} else 1)


def _name_and_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise click.UsageError(f"-p {pair}: expected name=value, like -p months=12.")
    return name, value


def _print_account(account, warehouse_dir: Path) -> None:
    shown = [
        {"file": f.file, "table": f.table, "read": f.read, "kept": f.kept, "refused": f.refused, "left out": f.left_out,
         "new": f.new, "updated": f.updated, "": "no rows" if not f.read else f.outcome.replace("loaded", "")}
        for f in account.files
    ]  # fmt: skip
    _print_rows(shown)
    for f in account.files:
        for column in f.unused:
            click.echo(f"{f.file}: column not used: {column}")
        if f.outcome == "loaded":
            for reason, count in list(f.reasons.items())[:5]:
                click.echo(f"{f.file}: {count:,} × {reason}")
            if len(f.reasons) > 5:
                click.echo(f"{f.file}: {len(f.reasons) - 5} further reasons")
    if any(f.refused for f in account.files):
        click.echo("Every refused row, with its line and text, is in the table refused of the snapshot.")
    if account.published:
        from retail_analytics.tolerances import doubts  # metrics are slow to import
        from retail_analytics.warehouse import open_warehouse

        for sentence in doubts(open_warehouse(warehouse_dir)):
            click.echo(sentence)
    was = "published" if account.published else "is still current: nothing new in these files"
    click.echo(f"Snapshot {account.snapshot} {was} in {warehouse_dir}")


def _write_templates(folder: Path) -> None:
    from retail_analytics.sources.checking import contracts

    folder.mkdir(parents=True, exist_ok=True)
    for name, contract in contracts().items():
        path = folder / f"{name}.csv"
        if path.exists():
            raise WorkbenchError(f"{path} is there already. Choose another folder, so that nothing is overwritten.")
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [list(contract.fields), [f.get("example", "") for f in contract.fields.values()]]
            )
        click.echo(f"{path}: {contract.grain}")


def _reports() -> list[dict]:
    from retail_analytics.publishing.parameters import report, reports

    return [
        {"report": r.name, "title": r.title, "parameters": ", ".join(r.parameters), "needs": ", ".join(r.needs)}
        for r in map(report, reports())
    ]


def _metrics() -> list[dict]:
    from retail_analytics.metrics import every_metric

    return [{"metric": m.name, "id": m.id, "label": m.label, "unit": m.unit} for m in every_metric().values()]


def _tables() -> list[dict]:
    from retail_analytics.sources.checking import contracts

    return [
        {"table": c.table, "columns": len(c.fields), "required": ", ".join(c.required), "grain": c.grain}
        for c in contracts().values()
    ]


def _mappings() -> list[dict]:
    from retail_analytics.sources.checking import mapping_names, read_mapping

    found = map(read_mapping, mapping_names())
    return [{"mapping": m.name, "table": m.table or "any", "title": m.title, "source": m.source} for m in found]


def _snapshots(warehouse_dir: Path) -> list[dict]:
    from retail_analytics.warehouse import snapshots

    return [{**s, "current": "current" if s["current"] else ""} for s in snapshots(warehouse_dir)]


def _runs(reports_dir: Path) -> list[dict]:
    from retail_analytics.publishing import shelf

    columns = ("started", "report", "warehouse", "month", "scope", "end", "reason")
    return [{c: run.get(c) for c in columns} for run in reversed(shelf.runs(reports_dir))]


def _print_rows(rows: list[dict]) -> None:
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


if __name__ == "__main__":
    main()
