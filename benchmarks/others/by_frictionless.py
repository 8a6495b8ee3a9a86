"""The same job in frictionless: our contracts are Table Schemas, so it checks by the very same files."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import duckdb
import polars as pl
import yaml
from frictionless import Detector, Package, Resource, Row, Schema, errors, formats

CONTRACTS = Path(__file__).parents[2] / "retail_analytics" / "sources" / "contract"
TODAY = "2026-01-01"
ROWS_AT_ONCE = 100_000  # Row by row, DuckDB would take longer than frictionless.
TYPES = {"string": pl.String, "boolean": pl.Boolean, "date": pl.Date, "integer": pl.Int64, "number": pl.Float64}
REFUSED = {"text": pl.String, "reasons": pl.List(pl.String)}


def load(folder: Path) -> None:
    package = Package(resources=[table(folder, "stores"), table(folder, "incidents")])
    with package.get_resource("incidents") as incidents, duckdb.connect(str(folder / "by_frictionless.duckdb")) as con:
        columns = {name: TYPES[incidents.schema.get_field(name).type] for name in incidents.labels}
        con.register("empty", pl.DataFrame(schema=columns))
        con.execute("CREATE TABLE incidents AS FROM empty")
        con.execute("CREATE TABLE refused (text VARCHAR, reasons VARCHAR[])")
        rows = checked(incidents.row_stream)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            con.register("good", pl.DataFrame([row.to_list() for row in some if row.valid], columns, orient="row"))
            con.execute("INSERT INTO incidents FROM good")
            bad = [(",".join(row.cells), [error.message for error in row.errors]) for row in some if not row.valid]
            con.register("bad", pl.DataFrame(bad, REFUSED, orient="row"))
            con.execute("INSERT INTO refused FROM bad")
        con.execute("CHECKPOINT")


def table(folder: Path, name: str) -> Resource:
    contract = yaml.safe_load((CONTRACTS / f"{name}.yaml").read_text(encoding="utf-8"))
    for field in contract["fields"]:
        if field["type"] == "number":
            field["floatNumber"] = True  # Decimals are slower.
        if field["name"] in contract.get("covers", ()):
            field.setdefault("constraints", {})["maximum"] = TODAY
    contract["foreignKeys"] = [
        {"fields": [column], "reference": {"resource": other, "fields": [column]}}
        for column, other in contract.get("references", {}).items()
    ]
    return Resource(
        name=name, path=f"{name}.csv", basepath=str(folder), schema=Schema.from_descriptor(contract),
        detector=Detector(schema_sync=True),  # the file lacks columns that are not required
        control=formats.CsvControl(delimiter=","),
    )  # fmt: skip


def checked(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows with their errors; a Table Schema cannot say that one day comes after another."""
    for row in rows:
        found = row.errors  # asked for first: this reads all cells at once, each by itself takes longer
        first, second = row["occurred_on"], row["entered_on"]
        if first and second and second < first:
            found.append(errors.RowConstraintError.from_row(row, note="entered_on is before occurred_on"))
        yield row
