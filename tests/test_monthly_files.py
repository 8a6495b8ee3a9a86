"""A folder of monthly files, street and outcomes, loads in one command: as one big file does, and as plain counts say."""

import csv
import gzip
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from retail_analytics import measure
from retail_analytics.__main__ import main
from retail_analytics.measure import durations
from retail_analytics.metrics import theft
from retail_analytics.sources.plan import SHIPPED, read_plan
from retail_analytics.warehouse import load, open_warehouse

POLICE = SHIPPED.parent / "uk_police"
KINDS = {"street": "8forces", "outcomes": "8forces_outcomes"}
MONTHS = [f"{2021 + (m + 1) // 12}-{(m + 1) % 12 + 1:02}" for m in range(1, 14)]
WINDOW = {"last_month": "2022-03", "months": 13}


def split(folder: Path) -> None:
    """The shipped files as the police publish them: a folder for each month. Those of one month look different."""
    for kind, part in KINDS.items():
        with gzip.open(POLICE / f"uk_police_retail_{part}_2021-03_2022-03.csv.gz", "rt", encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        for month in MONTHS:
            mine = [row for row in rows if row[header.index("Month")] == month]
            path = folder / month / f"{month}-{kind}.csv"
            path.parent.mkdir(exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                if month == "2021-11":  # two columns less, the others backwards, one that is new, semicolons
                    places = [at for at, name in enumerate(header) if name not in ("Context", "LSOA name")][::-1]
                    writer = csv.writer(file, delimiter=";")
                    writer.writerow([header[at] for at in places] + ["Published"])
                    writer.writerows([row[at] for at in places] + ["2022-01"] for row in mine)
                else:
                    csv.writer(file).writerows([header, *mine])
    (folder / "annotations.csv").write_bytes((POLICE / "annotations.csv").read_bytes())
    (folder / "load.yaml").write_text(
        "title: UK police, 8 forces\nknown_on: 2022-05-01\nfiles:\n"
        "  - {file: annotations.csv, table: annotations, mapping: own}\n"
        "  - {file: '*/*-street.csv', mapping: uk_police_street}\n"
        "  - {file: '*/*-outcomes.csv', mapping: uk_police_outcomes}\n"
    )


@pytest.fixture(scope="module")
def drop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drop")
    split(folder)
    return folder


@pytest.fixture(scope="module")
def monthly(drop):
    done = CliRunner().invoke(main, ["load", str(drop), "--warehouse", str(drop / "warehouse")])
    assert done.exit_code == 0, done.output
    return open_warehouse(drop / "warehouse")


def raw(drop: Path, query: str) -> list[tuple]:
    """The answer of plain DuckDB on the raw files of all months, as `street` and `outcomes`."""
    with duckdb.connect() as con:
        for kind in KINDS:
            con.execute(f"CREATE TABLE {kind} (\"Crime ID\" VARCHAR, \"Month\" VARCHAR, \"Falls within\" VARCHAR, \"type\" VARCHAR)")
            for path in sorted(drop.glob(f"*/*-{kind}.csv")):
                what = "Crime type" if kind == "street" else "Outcome type"
                con.execute(
                    f"""INSERT INTO {kind} SELECT "Crime ID", "Month", "Falls within", "{what}"
                        FROM read_csv(?, all_varchar = true, header = true, quote = '"', delim = ?)""",
                    [str(path), ";" if "2021-11" in path.name else ","],
                )  # fmt: skip
        return con.execute(query).fetchall()


def test_thirteen_months_give_the_tables_that_one_file_gives(monthly, tmp_path):
    title, files = read_plan(POLICE)
    load(tmp_path, files, title=title)
    one = open_warehouse(tmp_path)
    for query in (
        "SELECT * EXCLUDE (incident_id) FROM incidents ORDER BY ALL",  # it holds the name and the line of the file
        "SELECT reference, region, outcome, decided_on FROM raw_outcomes ORDER BY ALL",
        "FROM coverage ORDER BY ALL",
        "FROM gaps ORDER BY ALL",
        "FROM annotations ORDER BY ALL",
    ):
        assert one.sql(query).equals(monthly.sql(query)), query
    for metric in (theft.recorded_thefts, theft.time_to_outcome):
        measured = durations if metric is theft.time_to_outcome else measure
        ours, theirs = (measured(w, metric, **WINDOW, by="region").rows for w in (monthly, one))
        assert ours.equals(theirs) and ours.height > 100


def test_every_row_of_every_month_is_kept_and_none_without_an_id_is_merged_away(drop, monthly):
    account = monthly.sql("""SELECT "table", file, read, kept, refused, left_out FROM account WHERE file LIKE '20%' ORDER BY ALL""")
    counted = [("incidents", f"{m}/{m}-street.csv", n, n, 0, 0)
               for m, n in raw(drop, 'SELECT "Month", count(*) FROM street GROUP BY 1 ORDER BY 1')]  # fmt: skip
    counted += [("outcomes", f"{m}/{m}-outcomes.csv", n, n, 0, 0)
                for m, n in raw(drop, 'SELECT "Month", count(*) FROM outcomes GROUP BY 1 ORDER BY 1')]  # fmt: skip
    assert account.rows() == counted and len(counted) == 26
    ids = """SELECT "Month", count(*), count(*) FILTER ("Crime ID" IS NULL), count(DISTINCT "Crime ID")
             FROM street GROUP BY 1 ORDER BY 1"""
    found = monthly.sql("""SELECT strftime(occurred_on, '%Y-%m'), count(*), count(*) FILTER (reference IS NULL),
                                  count(DISTINCT reference) FROM incidents GROUP BY 1 ORDER BY 1""").rows()
    assert found == raw(drop, ids)
    assert [sum(column) for column in list(zip(*found, strict=True))[1:3]] == [121_304, 11_866]


def test_resolved_months_and_what_is_still_open_equal_plain_sql_on_the_raw_files(drop, monthly):
    plain = raw(drop, """
        WITH first AS (SELECT "Crime ID", min("Month") AS decided FROM outcomes GROUP BY 1)
        SELECT "Falls within",
          date_diff('month', strptime("Month", '%Y-%m'), coalesce(strptime(decided, '%Y-%m'), DATE '2022-04-01')) AS waited,
          decided IS NOT NULL AS closed, count(*)
        FROM street LEFT JOIN first USING ("Crime ID")
        WHERE "type" = 'Shoplifting' AND "Crime ID" IS NOT NULL
        GROUP BY ALL ORDER BY ALL""")  # fmt: skip
    measured = durations(monthly, theft.time_to_outcome, **WINDOW, by="region").rows
    ours = measured.group_by("region", pl.col("waited").cast(pl.Int64), "closed").len().sort("region", "waited", "closed")
    assert ours.rows() == plain
    # What was decided after the window is open in it: at the end of 2021 nobody knew of 2022.
    earlier = durations(monthly, theft.time_to_outcome, last_month="2021-12", months=10).rows
    [counted] = raw(drop, """
        WITH first AS (SELECT "Crime ID", min("Month") AS decided FROM outcomes GROUP BY 1)
        SELECT count(*), count(*) FILTER (decided <= '2021-12'), max(date_diff('month', strptime("Month", '%Y-%m'), DATE '2022-01-01'))
        FROM street LEFT JOIN first USING ("Crime ID")
        WHERE "type" = 'Shoplifting' AND "Crime ID" IS NOT NULL AND "Month" <= '2021-12'""")  # fmt: skip
    assert (earlier.height, earlier["closed"].sum(), earlier["waited"].max()) == counted


def test_months_that_a_force_did_not_publish_are_gaps_and_those_it_did_are_counts(drop, monthly):
    counts = raw(drop, """SELECT "Falls within", "Month", count(*) FILTER ("type" = 'Shoplifting') FROM street GROUP BY ALL""")
    published = {(force, month): n for force, month, n in counts}
    forces = {force for force, _ in published}
    missing = {(force, month) for force in forces for month in MONTHS} - set(published)
    assert missing == {("Thames Valley Police", f"2021-{m:02}") for m in range(6, 11)}
    measured = measure(monthly, theft.recorded_thefts, **WINDOW, by="region").rows
    found = {(region, f"{period:%Y-%m}"): value for region, period, value in measured.select("region", "period", "value").rows()}
    assert found == published | dict.fromkeys(missing, None)
    assert monthly.sql("SELECT region, month FROM gaps ORDER BY ALL").rows() == [
        ("Thames Valley Police", date(2021, m, 1)) for m in range(6, 11)
    ]


def test_the_same_folder_again_changes_nothing_and_one_more_month_is_added(drop, monthly):
    again = CliRunner().invoke(main, ["load", str(drop), "--warehouse", str(drop / "warehouse")])
    assert again.exit_code == 0 and "is still current" in again.output
    (drop / "2022-04").mkdir()
    header = (drop / "2022-03" / "2022-03-street.csv").read_text(encoding="utf-8").split("\n")[0]
    (drop / "2022-04" / "2022-04-street.csv").write_text(f"{header}\n,2022-04,F,F,,,,,,Anti-social behaviour,,\n")
    done = load(drop / "warehouse", read_plan(drop)[1])
    assert {f.file: (f.outcome, f.new) for f in done.files if f.outcome != "unchanged"} == {
        "2022-04/2022-04-street.csv": ("loaded", 1)}  # fmt: skip
