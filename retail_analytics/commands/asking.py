"""list, explain and read: what there is, what it means, and what a page says."""

import csv
import json
from pathlib import Path

import click

from retail_analytics.commands import json_option, print_rows, shelf_option, warehouse_option
from retail_analytics.errors import UnknownName, WarehouseError, WorkbenchError

KINDS = ("reports", "metrics", "tables", "mappings", "snapshots", "runs", "doubts")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--template", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="With tables: write a file with one example row for each.")  # fmt: skip
@warehouse_option
@shelf_option
@json_option
def list_things(kind: str, template: Path | None, warehouse_dir: Path, reports_dir: Path, as_json: bool) -> None:
    """List what there is: reports, metrics, tables, mappings, snapshots, runs or doubts.

    Doubts are pairs of device records of which it could not be decided whether they are one device. Decide them in a
    device_overrides.csv and load it: the four columns that name the two records are those that --json prints;
    decision, reason, decided_by and decided_on are yours to add.

    \b
    Examples:
      retail-analytics list tables --template my_files
      retail-analytics list doubts --warehouse data/warehouses/example_grocers
    """
    if template and kind != "tables":
        raise click.UsageError("--template goes with 'list tables'.")
    if template:
        _write_templates(template)
        return
    rows = {
        "reports": _reports, "metrics": _metrics, "tables": _tables, "mappings": _mappings,
        "snapshots": lambda: _snapshots(warehouse_dir), "runs": lambda: _runs(reports_dir),
        "doubts": lambda: _doubts(warehouse_dir),
    }[kind]()  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, indent=2, default=str))
        return
    print_rows(rows)


@click.command()
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
    from retail_analytics.sources.contracts import contracts

    metrics = every_metric()
    by_id = {metric.id.lower(): metric for metric in metrics.values()}
    if name in contracts():
        _explain_table(contracts()[name])
    elif found := metrics.get(name) or by_id.get(name.lower()):
        _explain_metric(found, warehouse_dir)
    else:
        raise UnknownName("metric or table", name, [*metrics, *contracts()])


@click.command("read")
@click.argument("page", type=click.Path(path_type=Path))
@json_option
def read_page(page: Path, as_json: bool) -> None:
    """Say what a PAGE says: its conclusions, its tables, what changed, where its rows came from.

    With --json its whole record: every number as a number, with its numerator, denominator and limits, the period
    and group it is about and the day it was known; definitions, parameters, versions and the account of rows.

    \b
    Examples:
      retail-analytics read reports/published/example_grocers/theft_trends/2026-10.html
      retail-analytics read 2026-10.html --json > theft.json
    """
    from retail_analytics.publishing import numbers

    record = numbers.read(page)
    if as_json:
        click.echo(json.dumps(record, indent=1, ensure_ascii=False))
        return
    click.echo("\n".join(numbers.told(record)))


def _explain_table(contract) -> None:
    click.echo(f"{contract.title}: {contract.grain}. Key: {', '.join(contract.key)}.\n")
    rows = []
    for name, column in contract.fields.items():
        rules = dict(column.get("constraints", {}))
        required = "required" if rules.pop("required", False) else ""
        shown = [", ".join(v) if isinstance(v, list) else f"{rule} {v}" for rule, v in rules.items()]
        rows.append({"column": name, "type": column["type"], "": required, "what it is": column["description"],
                     "allowed": "; ".join(shown)})  # fmt: skip
    print_rows(rows)


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


def _write_templates(folder: Path) -> None:
    from retail_analytics.sources.contracts import contracts

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
    from retail_analytics.sources.contracts import contracts

    return [
        {"table": c.table, "columns": len(c.fields), "required": ", ".join(c.required), "grain": c.grain}
        for c in contracts().values()
    ]


def _mappings() -> list[dict]:
    from retail_analytics.sources.mapping import mapping_names, read_mapping

    found = map(read_mapping, mapping_names())
    return [{"mapping": m.name, "table": m.table or "any", "title": m.title, "source": m.source} for m in found]


def _snapshots(warehouse_dir: Path) -> list[dict]:
    from retail_analytics.warehouse import list_snapshots

    return [{**s, "current": "current" if s["current"] else ""} for s in list_snapshots(warehouse_dir)]


def _runs(reports_dir: Path) -> list[dict]:
    from retail_analytics.publishing import record

    columns = ("started", "report", "warehouse", "month", "scope", "end", "reason")
    return [{c: run.get(c) for c in columns} for run in reversed(record.runs(reports_dir))]


def _doubts(warehouse_dir: Path) -> list[dict]:
    from retail_analytics.warehouse import open_warehouse

    columns = "source, source_id, other_source, other_source_id, why"
    return open_warehouse(warehouse_dir).sql(f"SELECT {columns} FROM device_doubts ORDER BY ALL").to_dicts()
