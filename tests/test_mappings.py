"""Mappings: how another system's days, numbers and words become ours, and what a written mapping may say."""

import csv
from datetime import date
from pathlib import Path

import pytest

from retail_analytics.errors import SourceError
from retail_analytics.sources.contracts import contracts
from retail_analytics.sources.describing import page_of_tables
from retail_analytics.sources.mapping import COLUMN_KEYS, MAPPING_KEYS, PART_KEYS, mapping_names, read_mapping
from retail_analytics.sources.notations import NUMBER_KEYS, WORDS
from retail_analytics.sources.plan import source_file
from retail_analytics.warehouse import load, open_warehouse

PAGE = Path(read_mapping.__code__.co_filename).parent / "mappings" / "README.md"
EXAMPLES = Path(__file__).parent / "mappings"
KNOWN_ON = date(2026, 11, 15)


def loaded(folder: Path, text: str, mapping: str, table: str = "incidents"):
    """What a file and a mapping of one's own become: the warehouse, and the reasons of refused rows by line."""
    (folder / "theirs.csv").write_text(text, encoding="utf-8")
    (folder / "mine.yaml").write_text(mapping, encoding="utf-8")
    file = source_file(folder / "theirs.csv", mapping="mine.yaml", table=table, known_on=KNOWN_ON, beside=folder)
    load(folder / "warehouse", [file], title="Toy")
    warehouse = open_warehouse(folder / "warehouse")
    return warehouse, dict(warehouse.sql("SELECT line, reasons FROM refused").rows())


@pytest.mark.parametrize(
    ("column", "cell", "day"),
    [
        ('{from: d, format: "%d.%m.%Y"}', "02.11.2026", date(2026, 11, 2)),
        ('{from: d, format: ["%d.%m.%Y", "%Y-%m-%d"]}', "2026-11-02", date(2026, 11, 2)),
        ('{from: d, format: ["%m/%d/%Y", "%d/%m/%Y"]}', "11/02/2026", date(2026, 11, 2)),
        ('{from: d, format: ["%m/%d/%Y", "%d/%m/%Y"]}', "13/02/2026", date(2026, 2, 13)),
        ('{from: d, format: "%Y-%m"}', "2026-11", date(2026, 11, 1)),
        ('{from: d, format: "%d.%m.%Y"}', "11/02/2026", None),
        ("{from: d, format: epoch_s}", "1793592000", date(2026, 11, 2)),
        ("{from: d, format: epoch_ms}", "1793592000000", date(2026, 11, 2)),
        ("{from: d, format: epoch_ns}", "1793592000000000000", date(2026, 11, 2)),
        ("{from: d, format: [epoch_s, epoch_ms, epoch_ns]}", "1793592000000", date(2026, 11, 2)),
        ("{from: d, format: epoch_s}", "1793592000000", None),
        ("{from: d, format: epoch_ms}", "1793592000", None),
        ("{from: d, format: epoch_ns}", "1793592000000", None),
        ("{from: d, format: epoch_s}", "99999999999999999999", None),
        ("{from: d, format: excel}", "46328", date(2026, 11, 2)),
        ("{from: d, format: excel}", "46328.99", date(2026, 11, 2)),
        ("{from: d, format: excel}", "20261102", None),
        ('{from: d, format: [iso, "%d/%m/%Y"]}', "2026-11-02T23:30:00Z", date(2026, 11, 2)),
        ("{from: d, values: {0: , never: }, format: epoch_s}", "0", None),
        # 02:30 in UTC is still the evening before in New York; 23:30 is the next morning in Auckland.
        ("{from: d, zone: America/New_York}", "2026-11-03T02:30:00Z", date(2026, 11, 2)),
        ("{from: d, zone: America/New_York}", "2026-11-03T02:30:00.123456+00:00", date(2026, 11, 2)),
        ("{from: d, zone: America/New_York}", "2026-11-03 02:30:00", date(2026, 11, 2)),
        ("{from: d, zone: America/New_York}", "2026-11-03T02:30:00-05:00", date(2026, 11, 3)),
        ("{from: d, zone: America/New_York}", "2026-11-03", date(2026, 11, 3)),
        ("{from: d, zone: Pacific/Auckland}", "2026-11-02T23:30:00Z", date(2026, 11, 3)),
        ("{from: d, zone: America/New_York, format: epoch_s}", "1793592000", date(2026, 11, 1)),
        ("{from: d, zone: Asia/Tokyo, format: epoch_s}", "1793635200", date(2026, 11, 3)),
        ('{from: d, zone: Asia/Tokyo, format: "%d.%m.%Y %H:%M"}', "02.11.2026 16:00", date(2026, 11, 3)),
        ('{from: d, zone: America/New_York, format: "%d.%m.%Y"}', "02.11.2026", date(2026, 11, 2)),
        ("{from: d, zone: America/New_York, format: excel}", "46328", date(2026, 11, 2)),
        ('{from: d, format: "%Y-%m-%dT%H:%M:%S%z"}', "2026-11-02T23:30:00-0500", date(2026, 11, 3)),
        ('{from: d, format: "%Y-%m-%dT%H:%M:%S%z", zone: America/New_York}', "2026-11-02T23:30:00-0500", date(2026, 11, 2)),
    ],
)
def test_a_day_is_read_in_the_notation_and_zone_that_the_mapping_names(tmp_path, column, cell, day):
    mapping = f"table: incidents\ncolumns: {{incident_id: i, kind: {{constant: theft}}, occurred_on: n, detected_on: {column}}}\n"
    warehouse, refused = loaded(tmp_path, f"i,n,d\nA,2026-01-01,{cell}\n", mapping)
    if day is None and cell != "0":
        assert refused == {2: [f"column detected_on: '{cell}' is not a date"]}
    else:
        assert warehouse.sql("SELECT incident_id, detected_on FROM raw_incidents").rows() == [("A", day)]


@pytest.mark.parametrize(
    ("number", "cell", "value"),
    [
        ("{decimal: ','}", "84,50", 84.5),
        ("{decimal: ','}", "84.50", None),
        ("{decimal: ',', thousands: '.'}", "1.234.567,5", 1234567.5),
        ("{decimal: ',', thousands: '.'}", "1234,5", 1234.5),
        ("{decimal: ',', thousands: '.'}", "1.5", None),
        ("{thousands: ','}", "1,234.50", 1234.5),
        ("{thousands: ','}", "1,23", None),
        ("{thousands: ' ', decimal: ','}", "1\u00a0234,50", 1234.5),
        ("{thousands: ' ', decimal: ','}", "1\u202f234,50", 1234.5),
        ("{thousands: \"'\"}", "1'234.50", 1234.5),
        ("{without: $}", "$84.50", 84.5),
        ("{without: [$, USD]}", "84.50 USD", 84.5),
        ("{without: $}", "€84.50", None),
        ("{without: €, decimal: ',', thousands: '.'}", "1.234,50 €", 1234.5),
        ("{times: 100}", "4.35", 435),
        ("{times: 0.01}", "8450", 84.5),
        ("{times: 1000}", "inf", None),
        ("{times: 1000}", "1e3", None),
    ],
)
def test_a_number_is_read_in_the_notation_that_the_mapping_names_and_never_guessed(tmp_path, number, cell, value):
    mapping = (
        "table: incidents\ncolumns:\n  incident_id: i\n  kind: {constant: theft}\n  occurred_on: {constant: 2026-01-01}\n"
        f"  loss: {{from: x, number: {number}}}\n"
    )
    warehouse, refused = loaded(tmp_path, f'i,x\nA,"{cell}"\n', mapping)
    if value is None:
        assert refused == {2: [f"column loss: '{cell}' is not a number like 84.50"]}
    else:
        assert warehouse.sql("SELECT incident_id, loss FROM raw_incidents").rows() == [("A", value)]


def test_a_whole_number_stays_whole_in_any_unit(tmp_path):
    mapping = "table: store_days\ncolumns: {store_id: s, day: {constant: 2026-01-01}, visits: {from: v, number: {thousands: ',', times: 1000}}}\n"
    warehouse, refused = loaded(tmp_path, 's,v\n1,"1.5"\n2,"1.2345"\n3,"1,000"\n', mapping, "store_days")
    assert warehouse.sql("SELECT store_id, visits FROM raw_store_days ORDER BY ALL").rows() == [("1", 1500), ("3", 1000000)]
    assert refused == {3: ["column visits: '1.2345' is not a whole number like 1840"]}


def test_words_become_ours_also_the_empty_cell_and_yes_and_no(tmp_path):
    mapping = (
        "table: incidents\ncolumns:\n  incident_id: i\n  occurred_on: {constant: 2026-01-01}\n"
        "  kind: {from: k, values: {Shop lifting: theft, 7: fraud}, otherwise: other}\n"
        "  attempted: {from: a, values: {yes: true, ja: true, no: false, nein: false, '': false}}\n"
        "  price_basis: {from: p, values: {n/a: , at cost: cost}, otherwise: unknown}\n"
    )
    text = "i,k,a,p\nA,shop LIFTING ,YES,at cost\nB,7,Ja,N/A\nC,x,,\nD,x,off,?\nE,x,maybe,\n"
    warehouse, refused = loaded(tmp_path, text, mapping)
    assert warehouse.sql("SELECT incident_id, kind, attempted, price_basis FROM raw_incidents ORDER BY ALL").rows() == [
        ("A", "theft", True, "cost"), ("B", "fraud", True, None), ("C", "other", False, None), ("D", "other", False, "unknown"),
    ]  # fmt: skip
    assert refused == {6: ["column attempted: 'maybe' is not true or false like false"]}


def test_an_optional_column_may_be_lacking_and_any_other_may_not(tmp_path):
    mapping = (
        "table: incidents\noptional: [Region, Tried]\ncolumns:\n  incident_id: i\n  occurred_on: {constant: 2026-01-01}\n"
        "  kind: {constant: theft}\n  region: region\n  attempted: {sql: \"CASE WHEN Tried = 'x' THEN 'true' END\"}\n"
    )
    mapping = mapping.replace("region: region", "region: Region")
    warehouse, _ = loaded(tmp_path, "i\nA\n", mapping)
    query = "SELECT incident_id, region, attempted FROM raw_incidents"
    assert warehouse.sql(query).rows() == [("A", None, None)]
    warehouse, _ = loaded(tmp_path, "i,Region,Tried\nA,North,x\n", mapping)
    assert warehouse.sql(query).rows() == [("A", "North", True)]
    with pytest.raises(SourceError, match="theirs.csv: column 'i' is missing"):
        loaded(tmp_path, "Region\nNorth\n", mapping)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("occurred_on: {from: x, format: dd.mm.yyyy}", "'dd.mm.yyyy' is not a format of days. Write it like %d.%m.%Y"),
        ("occurred_on: {from: x, format: '%d.%m.%Q'}", "'%d.%m.%Q' is not a format of days"),
        ("occurred_on: {from: x, format: '%d.%m.%'}", "'%d.%m.%' is not a format of days"),
        ("occurred_on: {from: x, format: ['%d', 5]}", "'5' is not a format of days"),
        ("occurred_on: {from: x, format: epoc_s}", "'epoc_s' is not a format of days. Did you mean 'epoch_s'?"),
        ("occurred_on: {from: x, format: {a: b}}", "a format is text like '%m/%d/%Y'"),
        ("occurred_on: {from: x, zone: America/NewYork}", "no time zone 'America/NewYork'. Did you mean 'America/New_York'?"),
        ("occurred_on: {from: x, zone: 5}", "there is no time zone '5'"),
        ("loss: {from: x, format: '%d'}", "format is for columns that hold a date; this one holds a number"),
        ("kind: {from: x, zone: UTC}", "zone is for columns that hold a date; this one holds a string"),
        ("kind: {from: x, number: {times: 2}}", "number is for columns that hold a number; this one holds a string"),
        ("loss: {from: x, number: 5}", "number says how numbers are written"),
        ("loss: {from: x, number: {}}", "number says how numbers are written"),
        ("loss: {from: x, number: {desimal: ','}}", "unknown key 'desimal'. Did you mean 'decimal'?"),
        ("loss: {from: x, number: {decimal: ',,'}}", "decimal and thousands are one sign each"),
        ("loss: {from: x, number: {decimal: x}}", "decimal and thousands are one sign each"),
        ("loss: {from: x, number: {decimal: 5}}", "decimal and thousands are one sign each"),
        ("loss: {from: x, number: {thousands: .}}", "decimal and thousands are one sign each, not the same"),
        ("loss: {from: x, number: {without: 5}}", "without is a text to pass over"),
        ("loss: {from: x, number: {times: kilo}}", "times is a number, like 1000. Found: kilo."),
        ("loss: {from: x, number: {times: true}}", "times is a number, like 1000. Found: True."),
        ("kind: {constant: thft}", "'thft' is not one of theft, fraud, violence, threat, robbery, burglary, damage, disorder, cyber, other. Did you mean 'theft'?"),
        ("kind: {from: x, values: {a: thft}}", "'thft' is not one of"),
        ("kind: {from: x, otherwise: thft}", "'thft' is not one of"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_meant_is_one_sentence_when_the_mapping_is_read(tmp_path, written, sentence):
    (tmp_path / "mine.yaml").write_text(f"table: incidents\ncolumns:\n  {written}\n", encoding="utf-8")
    with pytest.raises(SourceError) as error:
        read_mapping("mine.yaml", beside=tmp_path)
    assert sentence in str(error.value) and "mine.yaml, column " in str(error.value)


def test_an_unquoted_yes_that_should_be_a_word_is_told(tmp_path):
    (tmp_path / "mine.yaml").write_text("table: devices\ncolumns: {isolated: {from: x, values: {ja: yes}}}\n")
    with pytest.raises(SourceError, match="'True' is not one of yes, no, unknown. Put yes and no in quotes."):
        read_mapping("mine.yaml", beside=tmp_path)


@pytest.mark.parametrize("written", ["optional: Region", "optional: [5]", "optional: {a: b}"])
def test_optional_is_a_list_of_columns(tmp_path, written):
    (tmp_path / "mine.yaml").write_text(f"table: devices\n{written}\ncolumns: {{}}\n")
    with pytest.raises(SourceError, match="mine.yaml: optional is a list of their columns that a file may lack"):
        read_mapping("mine.yaml", beside=tmp_path)


def test_the_page_about_mappings_shows_every_key_and_its_examples_are_understood(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    parts = {key for allowed, _ in PART_KEYS.values() for key in allowed}
    for key in MAPPING_KEYS | COLUMN_KEYS | NUMBER_KEYS | parts | set(WORDS):
        assert f"`{key}`" in page, key
    for number, example in enumerate(page.split("```yaml\n")[1:]):
        (tmp_path / f"m{number}.yaml").write_text(example.split("```")[0], encoding="utf-8")
        assert read_mapping(f"m{number}.yaml", beside=tmp_path).columns


@pytest.mark.parametrize("name", [name for name in mapping_names() if name != "own"])
def test_a_shipped_mapping_makes_of_its_example_what_is_written_beside_it(name, tmp_path):
    """`<name>.expected.csv` has a line for every row of `<name>.csv`: what it became, or why it did not."""
    found = outcomes(tmp_path, name)
    with (EXAMPLES / f"{name}.expected.csv").open(encoding="utf-8", newline="") as file:
        expected = [{column: text for column, text in row.items() if text} for row in csv.DictReader(file)]
    assert found == expected


def outcomes(folder: Path, name: str) -> list[dict]:
    """What became of every row of a mapping's example, by line: its values as text, or `refused` and why."""
    file = source_file(EXAMPLES / f"{name}.csv", mapping=name, known_on=KNOWN_ON)
    done = load(folder, [file], title="Toy")
    warehouse = open_warehouse(folder)
    kept = warehouse.sql(f"SELECT * EXCLUDE (file, file_on) FROM raw_{file.contract.table} WHERE file = '{name}.csv'")
    rows = [{c: str(v).lower() if isinstance(v, bool) else str(v) for c, v in row.items() if v is not None}
            for row in kept.to_dicts()]  # fmt: skip
    refused = warehouse.sql("SELECT line, reasons FROM refused").rows()
    rows += [{"line": str(line), "refused": " | ".join(reasons)} for line, reasons in refused]
    left_out = next(f.left_out for f in done.files if f.file == file.path.name)
    return sorted([*rows, *[{"line": "left out"}] * left_out], key=lambda row: (row["line"].zfill(8), str(row)))


def test_a_finding_of_the_next_nessus_scan_keeps_the_day_of_the_first(tmp_path):
    header = "Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name\n"
    for scan, rows in ((date(2026, 9, 1), "1,,5,High,h1,tcp,80,X\n"), (date(2026, 10, 1), "1,,5,High,h1,tcp,80,X\n2,,5,Low,h1,tcp,80,Y\n")):
        path = tmp_path / f"scan_{scan}.csv"
        path.write_text(header + rows)
        load(tmp_path / "warehouse", [source_file(path, mapping="nessus_findings", known_on=scan)], title="Toy")
    found = open_warehouse(tmp_path / "warehouse").sql("SELECT finding_id, first_detected_on, last_detected_on FROM raw_findings ORDER BY ALL")
    assert found.rows() == [
        ("h1/tcp/80/1", date(2026, 9, 1), date(2026, 10, 1)), ("h1/tcp/80/2", date(2026, 10, 1), date(2026, 10, 1)),
    ]  # fmt: skip


def test_a_training_record_without_a_store_still_counts_in_the_whole_company(tmp_path):
    file = source_file(EXAMPLES / "moodle_completions.csv", mapping="moodle_completions", known_on=KNOWN_ON)
    load(tmp_path, [file], title="Toy")
    found = open_warehouse(tmp_path).sql("SELECT person_id, store_id, region, current_from FROM training ORDER BY ALL")
    assert found.rows() == [
        ("moodle-17", None, None, date(2025, 3, 4)), ("moodle-18", None, None, None), ("moodle-19", None, None, None),
    ]  # fmt: skip


def test_the_page_of_tables_is_the_contracts_own():
    page = PAGE.parents[3] / "data" / "tables.md"
    assert page.read_text(encoding="utf-8") == page_of_tables(), (
        "Write it again: python -m retail_analytics.sources.describing > data/tables.md"
    )
    for contract in contracts().values():
        for name in contract.fields:
            assert f"| `{name}` |" in page_of_tables().split(f"`{contract.table}`: ")[1].split("##")[0]
    assert "](data/tables.md)" in (page.parents[1] / "README.md").read_text(encoding="utf-8")
