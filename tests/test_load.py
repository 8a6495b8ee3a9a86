"""Loading: every row read is kept, left out or refused, with file, row and reason; a load harms nobody."""

import codecs
import gzip
import io
import random
import re
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xlsxwriter
from conftest import whole

from retail_analytics.errors import SourceError, UnknownName, WarehouseError
from retail_analytics.sources import opening, reading
from retail_analytics.sources.contracts import contracts
from retail_analytics.sources.mapping import mapping_names, read_mapping
from retail_analytics.sources.plan import read_plan, source_file
from retail_analytics.sources.reading import read_text
from retail_analytics.sources.spreadsheets import read_sheet
from retail_analytics.warehouse import arrival, list_snapshots, load, open_warehouse, snapshots

GOOD = "incident_id,kind,occurred_on\nI1,theft,2025-01-01\nI2,theft,2025-01-02\n"


def incidents(folder: Path, text: str | bytes, name: str = "incidents.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return source_file(path, mapping="own", table="incidents", known_on=date(2025, 6, 30))


def account(folder: Path, *files):
    done = load(folder / "warehouse", list(files), title="Toy")
    return {f.file: f for f in done.files}, open_warehouse(folder / "warehouse")


def test_every_row_read_is_kept_or_refused_with_row_text_and_every_reason(tmp_path):
    text = (
        "incident_id,kind,occurred_on,entered_on,loss\n"
        "I1,theft,2025-01-01,2025-01-01,10\n"
        "I2,shopliftng,2025-01-40,,-5\n"
        ",theft,2025-01-01,,\n"
        "I4,theft,2025-01-05,2025-01-04,\n"
        "I5,theft,2025-07-01,,\n"
        "I1,theft,2025-01-09,,\n"
        "I7,theft,2025-01-09\n"
    )
    files, warehouse = account(tmp_path, incidents(tmp_path, text))
    done = files["incidents.csv"]
    assert (done.read, done.kept, done.refused, done.left_out) == (7, 1, 6, 0)
    assert warehouse.sql("SELECT line, text, reasons FROM refused ORDER BY line").rows() == [
        (3, "I2,shopliftng,2025-01-40,,-5", [
            "column kind: 'shopliftng' is not one of theft, fraud, violence, threat, robbery, burglary, damage, "
            "disorder, cyber, other",
            "column occurred_on: '2025-01-40' is not a date like 2026-10-30",
            "column loss: '-5' is below 0",
        ]),
        (4, ",theft,2025-01-01,,", ["column incident_id: empty, but required"]),
        (5, "I4,theft,2025-01-05,2025-01-04,", [
            "column entered_on: '2025-01-04' is before occurred_on '2025-01-05'"]),
        (6, "I5,theft,2025-07-01,,", [
            "column occurred_on: '2025-07-01' lies in the future (the file is of 2025-06-30)"]),
        (7, "I1,theft,2025-01-09,,", ["incident_id 'I1' stands already on row 2"]),
        (8, "I7,theft,2025-01-09", ["3 fields where the header has 5"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("next_rows", "reason"),
    [
        ("I3,theft,2025-01-03\nI4,theft,2025-01-04", "a quote opens and never closes"),
        (
            'I3,theft,2025-01-03\nI4,"theft",2025-01-04',
            "a quote opens and closes 2 rows below: it is a stray one",
        ),
        (
            '"I3",theft,2025-01-03\nI4,theft,2025-01-04',
            "a quote opens and closes 1 row below: it is a stray one",
        ),
    ],
)
def test_a_stray_quote_costs_its_own_row_and_no_neighbour(tmp_path, next_rows, reason):
    text = f'incident_id,kind,occurred_on\nI1,theft,2025-01-01\n"I2,theft,2025-01-02\n{next_rows}\n'
    rows = whole(read_text(incidents(tmp_path, text).path))
    assert rows.rows["incident_id"].to_list() == ["I1", "I3", "I4"]
    assert rows.refused == [(3, reason)]


def damaged(seed: int) -> str:
    """Six hundred rows, many of them hurt: stray quotes, fields lost, notes over lines, headers again, odd ends."""
    chance = random.Random(seed)
    parts = ["I1", "theft", '"a, b"', '"say ""x"""', '"', 'a"b', '"a"b', "", " ", "ü", '"two\nlines"', '"a\n\n"",\r"', "\r", ",", "x" * 90]
    ends = ["\n"] * 8 + ["\r\n", "\r", "\n\n", "\n  \n"]
    rows = ["I2,theft,2025-01-01"] * 3 + ["incident_id,kind,occurred_on", '"I3","a, b",2025-01-01']
    hurt = [",".join(chance.choices(parts, k=chance.choice([1, 2, 3, 3, 3, 3, 4]))) for _ in range(200)]
    body = chance.choices(rows, k=400) + hurt
    chance.shuffle(body)
    return "incident_id,kind,occurred_on\n" + "".join(row + chance.choice(ends) for row in body)


@pytest.mark.parametrize("seed", range(12))
def test_the_fast_way_of_reading_gives_what_reading_line_by_line_gives(tmp_path, monkeypatch, seed):
    path = incidents(tmp_path, damaged(seed)).path
    read = []
    for block, proven in ((1 << 24, True), (50, True), (997, True), (1 << 24, False)):
        monkeypatch.setattr(opening, "BLOCK", block)
        if not proven:
            monkeypatch.setattr(reading, "_one_record_each", lambda block, *_: np.zeros(len(block.ends), bool))
        batch = whole(read_text(path))
        lines = [*batch.rows["_line"], *(line for line, _ in batch.refused)]
        read.append((batch.rows.rows(), batch.refused, [batch.raw(line) for line in lines]))
    assert read[0] == read[1] == read[2] == read[3]
    assert len(set(lines)) == len(lines) and len(lines) > 400
    # What is in no row and not refused is blank: every line of the file is accounted for.
    accounted = Counter("".join(read[0][2]).replace("\n", "").replace("\r", "").replace(" ", ""))
    assert accounted == Counter(re.sub(r"[\n\r ]", "", path.read_text().split("\n", 1)[1]))


def test_a_repeated_key_is_refused_with_its_text_wherever_in_a_long_file_it_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "BLOCK", 4000)
    monkeypatch.setattr(arrival, "TURN", 4000)
    rows = "".join(f'I{n},theft,2025-01-{n % 28 + 1:02}\n"J\n{n}",theft,2025-01-01\n' for n in range(1000))
    text = "incident_id,kind,occurred_on\n" + rows + 'I7,theft,2025-01-09\n"J\n9",fraud,2025-01-02\n'
    said = []
    monkeypatch.setattr(arrival, "SILENCE", 0)
    done = load(tmp_path / "warehouse", [incidents(tmp_path, text)], title="Toy", said=said.append).files[-1]
    assert (done.read, done.kept, done.refused) == (2002, 2000, 2)
    assert open_warehouse(tmp_path / "warehouse").sql("SELECT line, text, reasons FROM refused ORDER BY line").rows() == [
        (3002, "I7,theft,2025-01-09", ["incident_id 'I7' stands already on row 23"]),
        (3003, '"J\n9",fraud,2025-01-02', ["incident_id 'J\n9' stands already on row 30"]),
    ]
    shares = [int(re.search(r"rows, [\d,]+ a second, (\d+)% of the file", line)[1]) for line in said if re.match("incidents.csv: .*second", line)]
    assert len(shares) > 3 and shares == sorted(shares) and shares[-1] == 100


def test_a_mapping_that_looks_at_other_rows_sees_them_all_however_long_the_file_is(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "BLOCK", 1000)
    (tmp_path / "mine.yaml").write_text(
        "table: incidents\ncolumns: {incident_id: incident_id, kind: kind, occurred_on: {sql: max(occurred_on) OVER ()}}\n"
    )
    text = GOOD + "".join(f"J{n},theft,2025-01-05\n" for n in range(900)) + "K,theft,2025-03-01\n"
    path = incidents(tmp_path, text).path
    _, warehouse = account(tmp_path, source_file(path, mapping="mine.yaml", known_on=date(2025, 6, 30), beside=tmp_path))
    assert warehouse.sql("SELECT occurred_on, count(*) FROM raw_incidents GROUP BY 1").rows() == [(date(2025, 3, 1), 903)]


def test_spaces_around_fields_are_no_part_of_them(tmp_path):
    for text in (" I1 , theft,2025-01-01 \n", '"I1 ",theft,2025-01-01\n', "\u00a0I1,theft,2025-01-01\n", "I1,theft ,2025-01-01"):
        _, warehouse = account(tmp_path, incidents(tmp_path, "incident_id,kind,occurred_on\n" + text))
        assert warehouse.sql("SELECT incident_id, kind FROM incidents").rows() == [("I1", "theft")]


def test_a_quoted_note_may_run_over_lines(tmp_path):
    text = 'incident_id,kind,occurred_on\n"I\n1",theft,2025-01-01\nI2,theft,2025-01-02\n'
    rows = whole(read_text(incidents(tmp_path, text).path))
    assert rows.rows.rows() == [("I\n1", "theft", "2025-01-01", 2), ("I2", "theft", "2025-01-02", 4)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty. Expected a header line and rows"),
        (b"\n\n", "is empty. Expected a header line and rows"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not text"),
        (b"incident_id,kind,occurred_on\nI1,caf\xe9,2025-01-01\n", "byte 0xe9 is not utf-8 text"),
        (b"incident_id,kind,kind\n", "column 'kind' stands twice"),
        (b"incident_id,knd,occurred_on\nI1,theft,2025-01-01\n", "column 'kind' of incidents is missing. Did you mean 'knd'?"),
        (gzip.compress(GOOD.encode(), mtime=0)[:40], "is a damaged gzip file"),
        (gzip.compress(GOOD.encode(), mtime=0)[:10] + b"\xff" * 20, "is a damaged gzip file"),
        (GOOD.encode("utf-16-le"), "is not text"),
        (GOOD.encode() + b"I3,theft\0,2025-01-03\n" + b" " * 5000, "is not text"),
        (GOOD.encode() + b"I3,theft,2025-01-03\n" * 300 + b"\0\n", "row 304: a zero byte"),
        (b'incident_id,"kind,occurred_on\nI1,theft,2025-01-01\n', "row 1: a quote opens in the header"),
        (b"incident_id,kind,occurred_on,KIND\nI1,theft,2025-01-01,x\n", "column 'KIND' stands twice"),
        (b"incident_id,kind,occurred_on,_LINE\nI1,theft,2025-01-01,9\n", "column '_LINE' stands twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_and_publishes_nothing(tmp_path, content, sentence):
    with pytest.raises(SourceError) as error:
        account(tmp_path, incidents(tmp_path, content))
    assert sentence in str(error.value) and "incidents.csv" in str(error.value)
    assert list((tmp_path / "warehouse").glob("*.duckdb*")) == []


@pytest.mark.parametrize(
    ("letters", "hint"),
    [
        (b"caf\xe9", "not utf-8 text. It reads as cp1252 or latin-1. Export"),
        (b"\x93caf\xe9\x94", "not utf-8 text. It reads as cp1252. Export"),
        (b"caf\x81", "not utf-8 text. Export"),
        ("é".encode() + b"caf\xe9", "not utf-8 text. Other letters of it are utf-8: it mixes encodings. Export"),
    ],
)
def test_an_encoding_is_never_guessed_but_those_that_would_read_the_file_are_named(tmp_path, letters, hint):
    with pytest.raises(SourceError) as error:
        account(tmp_path, incidents(tmp_path, GOOD.encode() + b"I3," + letters + b",2025-01-03\n"))
    assert hint in str(error.value) and "name its encoding in the mapping (reads: encoding)" in str(error.value)


def test_byte_order_marks_gzip_and_crlf_are_read(tmp_path):
    crlf = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    files, warehouse = account(tmp_path, incidents(tmp_path, gzip.compress(crlf, mtime=0), "incidents.csv.gz"))
    assert files["incidents.csv.gz"].kept == 2
    assert warehouse.sql("SELECT incident_id, occurred_on FROM incidents ORDER BY ALL").rows() == [
        ("I1", date(2025, 1, 1)), ("I2", date(2025, 1, 2)),
    ]  # fmt: skip


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            # Of no moment: the bytes name a test, which must be the same in every process.
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name), content)
    return packed.getvalue()


def linked() -> zipfile.ZipInfo:
    link = zipfile.ZipInfo("incidents.csv")
    link.external_attr = 0o120777 << 16
    return link


@pytest.mark.parametrize(
    ("content", "reads"),
    [
        (GOOD.encode("utf-16"), {}),
        (codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be"), {}),
        (gzip.compress(GOOD.encode("utf-16"), mtime=0), {}),
        (GOOD.replace("I1", "Ié").encode("cp1252"), {"encoding": "cp1252"}),
        (GOOD.replace("I1", "Ié").encode("latin-1"), {"encoding": "latin-1"}),
        (GOOD.replace(",", ";").encode(), {}),
        (GOOD.replace(",", "\t").encode(), {}),
        (GOOD.replace(",", "|").encode(), {}),
        (GOOD.replace(",", ";").replace("kind", '"kind"').replace("on\n", "on;a,b\n").replace("1\n", "1;\n").replace("2\n", "2;\n").encode(), {}),
        (zipped(("x/", b""), ("x/incidents.csv", GOOD.encode())), {}),
        (zipped(("a.csv", b"x"), ("b.csv", GOOD.encode())), {"member": "b.csv"}),
        (bytes(pa.Codec("zstd").compress(GOOD.encode())), {}),
    ],
)
def test_files_come_in_any_encoding_with_any_delimiter_and_packed(tmp_path, content, reads):
    rows = whole(read_text(incidents(tmp_path, content).path, **reads)).rows
    assert [name.replace("é", "1") for name in rows["incident_id"]] == ["I1", "I2"]
    assert rows.select("kind", "occurred_on", "_line").rows() == [("theft", "2025-01-01", 2), ("theft", "2025-01-02", 3)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (zipped(("a.csv", b"x"), ("b.csv", b"x")), "holds 2 files. Name one of them (reads: member): a.csv, b.csv."),
        (zipped(("../incidents.csv", GOOD.encode())), "'../incidents.csv' points out of the archive"),
        (zipped((linked(), b"/etc/passwd")), "points out of the archive"),
        (zipped(), "holds 0 files"),
        (zipped(("a.csv", GOOD.encode()))[:60], "is a damaged zip file"),
        (bytes(pa.Codec("zstd").compress(GOOD.encode() * 99))[:40], "is a damaged zstd file"),
        (gzip.compress(b"a,b\n" * 500_000, mtime=0), "unpacks to more than 200 times its size"),
        (b"a,b;c\n", "row 1: the header may be separated by ',' (2 columns) or ';' (2 columns)"),
        (GOOD.encode() + b"\x81", "byte 0x81 is not utf-8 text"),
    ],
)  # fmt: skip
def test_an_archive_or_a_header_that_is_not_safe_to_read_is_one_sentence(tmp_path, monkeypatch, content, sentence):
    monkeypatch.setattr(opening, "SMALL", 1 << 20)
    with pytest.raises(SourceError) as error:
        account(tmp_path, incidents(tmp_path, content))
    assert sentence in str(error.value)


def workbook(path: Path, **sheets: list[list]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                for column, cell in enumerate(row):
                    sheet.write(place, column, cell, day if isinstance(cell, date) else None)
    return path


def test_a_sheet_of_a_workbook_is_read_with_its_row_numbers_and_its_totals_are_refused(tmp_path):
    rows = [
        [], ["Incidents of the year"], ["incident_id", "kind", "occurred_on", "loss", "attempted"],
        ["0012", "theft", date(2025, 1, 1), 12.5, False], [], ["I2", "thft", date(2025, 1, 2), 3, True],
        ["0012", "theft", date(2025, 1, 3), 1, False], ["I3", "theft", "2025-01-04", 1000000, True], ["Total", "", "", 16.5],
    ]  # fmt: skip
    path = workbook(tmp_path / "incidents.xlsx", About=[["nothing"]], Data=rows)
    (tmp_path / "mine.yaml").write_text(
        "table: incidents\nreads: {sheet: Data, header_row: 3, totals_row: true}\n"
        "columns: {incident_id: incident_id, kind: kind, occurred_on: occurred_on, loss: loss, attempted: attempted}\n"
    )
    file = source_file(path, mapping="mine.yaml", known_on=date(2025, 6, 30), beside=tmp_path)
    files, warehouse = account(tmp_path, file)
    done = files["incidents.xlsx"]
    assert (done.read, done.kept, done.refused) == (5, 2, 3)
    columns = "incident_id, occurred_on, loss, attempted, line"
    assert warehouse.sql(f"SELECT {columns} FROM raw_incidents ORDER BY line").rows() == [
        ("0012", date(2025, 1, 1), 12.5, False, 4), ("I3", date(2025, 1, 4), 1000000, True, 8),
    ]  # fmt: skip
    assert warehouse.sql("SELECT line, left(text, 18), reasons[1] FROM refused ORDER BY line").rows() == [
        (6, "I2\tthft\t2025-01-02", "column kind: 'thft' is not one of theft, fraud, violence, threat, robbery, "
         "burglary, damage, disorder, cyber, other"),
        (7, "0012\ttheft\t2025-01", "incident_id '0012' stands already on row 4"),
        (9, "Total\t\t\t16.5", "the totals of the other rows"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reads", "sentence"),
    [
        ({}, "has 2 sheets. Name one (reads: sheet): About, Data."),
        ({"sheet": "Dat"}, "has no sheet 'Dat'. Did you mean 'Data'?"),
        ({"sheet": "Data", "header_row": 9}, "row 9: there is no header; the sheet has 2 rows"),
        ({"sheet": "Data", "header_row": "x"}, "header_row must be a row number like 3"),
        ({"sheet": "Data"}, "row 1: column 'Kind' stands twice"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_one_sentence(tmp_path, reads, sentence):
    path = workbook(tmp_path / "incidents.xlsx", About=[["x"]], Data=[["kind", "Kind"], ["a", "b"]])
    with pytest.raises(SourceError, match=re.escape(sentence)):
        read_sheet(path, **reads)
    with pytest.raises(SourceError, match="mine, reads of incidents.xlsx: unknown key 'delimiter'"):
        (tmp_path / "mine.yaml").write_text("table: any\nreads: {delimiter: ;}\n")
        account(tmp_path, source_file(path, mapping="mine.yaml", table="incidents", beside=tmp_path))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SourceError, match="is not a workbook that can be read"):
        read_sheet(path, **reads | {"header_row": 1})


def test_a_plan_may_name_monthly_files_by_a_pattern_each_with_its_own_columns_and_account(tmp_path):
    for month, text in (("2025-01", GOOD), ("2025-02", "kind;occurred_on;incident_id;loss\nfraud;2025-02-01;I9;5\nx;;;\n")):
        (tmp_path / month).mkdir()
        incidents(tmp_path / month, text)
    (tmp_path / "load.yaml").write_text("known_on: 2025-06-30\nfiles:\n  - {file: '2025-*/incidents.csv'}\n")
    _, files = read_plan(tmp_path)
    found, warehouse = account(tmp_path, *files)
    assert [(name, f.kept, f.refused) for name, f in found.items() if "/" in name] == [
        ("2025-01/incidents.csv", 2, 0), ("2025-02/incidents.csv", 1, 1),
    ]  # fmt: skip
    assert warehouse.sql("SELECT file, line FROM refused").rows() == [("2025-02/incidents.csv", 3)]
    again, _ = account(tmp_path, *read_plan(tmp_path)[1])
    assert {f.outcome for f in again.values()} == {"unchanged"}
    for pattern, sentence in (("2024-*/x.csv", "no file is called like"), ("../*/x.csv", "leads out of the folder")):
        (tmp_path / "load.yaml").write_text(f"files:\n  - {{file: '{pattern}'}}\n")
        with pytest.raises(SourceError, match=sentence):
            read_plan(tmp_path)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n\n", "\n  \n"])
def test_lines_may_end_as_any_system_ends_them_and_blank_ones_are_no_rows(tmp_path, end):
    text = read_text(incidents(tmp_path, GOOD.replace("\n", end)).path)
    assert text.header == ["incident_id", "kind", "occurred_on"]
    rows = whole(text)
    assert rows.rows.drop("_line").rows() == [("I1", "theft", "2025-01-01"), ("I2", "theft", "2025-01-02")]
    assert rows.refused == []


def test_a_header_in_the_middle_of_a_file_is_no_row_and_columns_without_a_name_are_called_by_their_place(tmp_path):
    text = "incident_id,,occurred_on,\nI1,,2025-01-01,\nincident_id,,occurred_on,\n,,,\n"
    found = read_text(incidents(tmp_path, text).path)
    assert found.header == ["incident_id", "column 2", "occurred_on", "column 4"]
    rows = whole(found)
    assert rows.rows["_line"].to_list() == [2, 4]
    assert rows.refused == [(3, "the header again")]


def test_a_very_long_field_is_read_and_a_row_of_empty_tabs_is_a_row(tmp_path):
    long = whole(read_text(incidents(tmp_path, f'a,b\n"{"x" * 200_000}",1\n').path))
    assert long.rows["a"].str.len_chars().to_list() == [200_000]
    tabs = whole(read_text(incidents(tmp_path, "a\tb\n\t\n1\t2\n").path, delimiter="\t"))
    assert tabs.rows.rows() == [("", "", 2), ("1", "2", 3)]


def test_names_from_a_file_are_never_sql(tmp_path):
    header = 'incident_id,kind,occurred_on,"a""; DROP TABLE account; --",o\'clock,ünï,select'
    files, warehouse = account(tmp_path, incidents(tmp_path, f"{header}\nI1,theft,2025-01-01,1,2,3,4\n"))
    assert (files["incidents.csv"].kept, len(files["incidents.csv"].unused)) == (1, 4)
    quoted_values = incidents(tmp_path, GOOD + "I'3,'; DROP TABLE account; --,2025-01-01\n", "it's.csv")
    files, _ = account(tmp_path, quoted_values)
    assert (files["it's.csv"].kept, files["it's.csv"].refused) == (2, 1)


def test_a_refused_record_of_several_lines_is_kept_in_full(tmp_path):
    _, warehouse = account(tmp_path, incidents(tmp_path, 'incident_id,kind,occurred_on\nI1,"th\neft",2025-01-01\n' "I2"))
    assert warehouse.sql("SELECT line, text FROM refused ORDER BY line").rows() == [
        (2, 'I1,"th\neft",2025-01-01'), (4, "I2"),
    ]  # fmt: skip


def test_what_the_engine_would_read_as_a_number_or_a_day_but_nobody_means_is_refused(tmp_path):
    header = "incident_id,kind,occurred_on,number,loss,contained_on\n"
    rows = ["I1,theft,2025-01-01,1.5,,", "I2,theft,2025-01-01,,nan,", "I3,theft,2025-01-01,,inf,"]
    rows += ["I4,theft,2025-01-01,,,infinity", "I5,theft,2025-01-01,2.0,1e1,2025-01-02"]
    files, warehouse = account(tmp_path, incidents(tmp_path, header + "\n".join(rows)))
    assert warehouse.sql("SELECT reasons[1] FROM refused ORDER BY line").rows() == [
        ("column number: '1.5' is not a whole number like 1",),
        ("column loss: 'nan' is not a number like 84.50",),
        ("column loss: 'inf' is not a number like 84.50",),
        ("column contained_on: 'infinity' is not a date",),
    ]
    assert warehouse.sql("SELECT number, loss, contained_on FROM raw_incidents").rows() == [(2, 10, date(2025, 1, 2))]


def test_one_damaged_day_does_not_stand_for_the_day_of_a_whole_export(tmp_path):
    path = tmp_path / "runzero.csv"
    header = "id,names,macs,type,os,os_version,hw,newest_mac_vendor,first_seen,last_seen,site_name,tags,attributes,alive"
    seen = {"a": 1735689600, "b": 4102444800, "c": 9223372036854775807}  # 2025, 2100, beyond all days
    path.write_text(header + "\n" + "".join(f"{k},,,,,,,,1735689600,{v},,,,true\n" for k, v in seen.items()))
    _, warehouse = account(tmp_path, source_file(path, mapping="runzero_assets", known_on=date(2025, 6, 30)))
    assert warehouse.sql("SELECT source_id, observed_on, last_seen_on FROM raw_devices ORDER BY ALL").rows() == [
        ("a", date(2025, 1, 1), date(2025, 1, 1)), ("b", date(2025, 1, 1), date(2100, 1, 1)),
    ]  # fmt: skip
    assert warehouse.sql("SELECT reasons[1] FROM refused").item().startswith("column last_seen_on: '9223372036854775807'")


def test_the_same_files_again_change_nothing(tmp_path):
    first = load(tmp_path / "warehouse", [incidents(tmp_path, GOOD)], title="Toy")
    again = load(tmp_path / "warehouse", [incidents(tmp_path, GOOD)], title="Toy")
    assert (first.published, again.published, again.snapshot) == (True, False, first.snapshot)
    assert [f.outcome for f in again.files] == ["unchanged"] * 3


def test_a_newer_file_updates_rows_by_key_and_keeps_the_others(tmp_path):
    load(tmp_path / "warehouse", [incidents(tmp_path, GOOD)], title="Toy")
    newer = GOOD.replace("I2,theft", "I3,theft").replace("I1,theft", "I1,fraud")
    files, warehouse = account(tmp_path, incidents(tmp_path, newer, "incidents_february.csv"))
    assert (files["incidents_february.csv"].new, files["incidents_february.csv"].updated) == (1, 1)
    assert warehouse.sql("SELECT incident_id, kind FROM incidents ORDER BY ALL").rows() == [
        ("I1", "fraud"), ("I2", "theft"), ("I3", "theft"),
    ]  # fmt: skip


def test_an_older_export_loaded_late_does_not_undo_a_newer_one(tmp_path):
    newer = source_file(incidents(tmp_path, GOOD.replace("I1,theft", "I1,fraud"), "b.csv").path, mapping="own",
                        table="incidents", known_on=date(2025, 7, 31))  # fmt: skip
    older = incidents(tmp_path, GOOD + "I3,theft,2025-01-03\n", "a.csv")
    account(tmp_path, newer)
    files, warehouse = account(tmp_path, older)
    assert (files["a.csv"].kept, files["a.csv"].new, files["a.csv"].updated) == (3, 1, 0)
    assert warehouse.sql("SELECT incident_id, kind FROM incidents ORDER BY ALL").rows() == [
        ("I1", "fraud"), ("I2", "theft"), ("I3", "theft"),
    ]  # fmt: skip


def test_a_corrected_file_of_the_same_export_replaces_what_it_gave_before(tmp_path):
    account(tmp_path, incidents(tmp_path, GOOD), incidents(tmp_path, "incident_id,kind,occurred_on\nX,theft,2025-01-01\n", "x.csv"))
    _, warehouse = account(tmp_path, incidents(tmp_path, GOOD.replace("I2,theft", "I4,theft")))
    ids = "SELECT incident_id FROM incidents ORDER BY ALL"
    assert warehouse.sql(ids)["incident_id"].to_list() == ["I1", "I4", "X"]
    files, warehouse = account(tmp_path, incidents(tmp_path, GOOD))
    assert files["incidents.csv"].outcome == "loaded" and warehouse.sql(ids)["incident_id"].to_list() == ["I1", "I2", "X"]
    later = source_file(tmp_path / "incidents.csv", mapping="own", table="incidents", known_on=date(2025, 7, 31))
    later.path.write_text(GOOD.replace("I2,theft", "I5,theft"))
    _, warehouse = account(tmp_path, later)
    assert warehouse.sql(ids)["incident_id"].to_list() == ["I1", "I2", "I5", "X"]


def test_a_corrected_mapping_replaces_what_the_old_one_made_of_the_same_file(tmp_path):
    columns = "columns: {incident_id: %s, kind: kind, occurred_on: occurred_on}\n"
    path = incidents(tmp_path, GOOD, "x.csv").path
    (tmp_path / "mine.yaml").write_text("table: incidents\n" + columns % "incident_id")
    account(tmp_path, source_file(path, mapping="mine.yaml", beside=tmp_path))
    (tmp_path / "mine.yaml").write_text("table: incidents\n" + columns % '{sql: "\'LP-\' || incident_id"}')
    _, warehouse = account(tmp_path, source_file(path, mapping="mine.yaml", beside=tmp_path))
    assert warehouse.sql("SELECT incident_id FROM incidents ORDER BY ALL")["incident_id"].to_list() == ["LP-I1", "LP-I2"]


def test_corrected_days_of_an_unchanged_file_count(tmp_path):
    path = incidents(tmp_path, GOOD).path
    for covers in ([date(2024, 1, 1), date(2025, 6, 30)], [date(2025, 1, 1), date(2025, 3, 31)]):
        file = source_file(path, mapping="own", table="incidents", known_on=date(2025, 6, 30), covers=covers)
        _, warehouse = account(tmp_path, file)
        found = warehouse.coverage["incidents"]
        assert [found["covered_from"], found["covered_to"], found["row_count"]] == [*covers, 2]


def test_a_file_is_checked_again_when_the_stores_it_names_are_loaded_anew(tmp_path):
    stores = tmp_path / "stores.csv"
    cases = incidents(tmp_path, "incident_id,store_id,kind,occurred_on\nI1,0001,theft,2025-01-01\nI2,0002,theft,2025-01-01\n")
    for ids in (["0001"], ["0001", "0002"]):
        stores.write_text("store_id,region\n" + "".join(f"{i},North\n" for i in ids))
        files, warehouse = account(tmp_path, source_file(stores, mapping="own", known_on=date(2025, 6, 30)), cases)
        assert (files["incidents.csv"].kept, files["incidents.csv"].refused) == (len(ids), 2 - len(ids))
        assert warehouse.sql("SELECT count(*) FROM incidents").item() == len(ids)


def test_two_files_of_one_name_are_not_loaded_together_and_row_keys_tell_names_with_dots_apart(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(SourceError, match="2 files for incidents are called incidents.csv"):
        account(tmp_path, incidents(tmp_path, GOOD), incidents(tmp_path / "b", GOOD))
    street = "Crime ID,Month,Falls within,Crime type\n,2025-01,Kent,Shoplifting\n,2025-01,Kent,Drugs\n"
    for name in ("street.2024.csv", "street.2025.csv"):
        (tmp_path / name).write_text(street)
        _, warehouse = account(tmp_path, source_file(tmp_path / name, mapping="uk_police_street"))
    kinds = "SELECT kind, count(*) FROM incidents GROUP BY kind ORDER BY kind"
    assert warehouse.sql(kinds).rows() == [("other", 2), ("theft", 2)]


@pytest.mark.parametrize("pointer", [b"", b"nope.duckdb", b"../../etc/passwd", b"\xff\0", b"x" * 5000])
def test_a_pointer_that_names_no_snapshot_says_which_one_to_write(tmp_path, pointer):
    done = load(tmp_path / "warehouse", [incidents(tmp_path, GOOD)], title="Toy")
    (tmp_path / "warehouse" / "CURRENT").write_bytes(pointer)
    for ask in (open_warehouse, lambda folder: load(folder, [incidents(tmp_path, GOOD)])):
        with pytest.raises(WarehouseError, match=f"which is not there. Write {done.snapshot}.duckdb into it"):
            ask(tmp_path / "warehouse")


def test_a_damaged_or_foreign_snapshot_is_one_sentence_and_leaves_nothing_behind(tmp_path):
    import duckdb

    _, warehouse = account(tmp_path, incidents(tmp_path, GOOD))
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("ALTER TABLE history_incidents DROP COLUMN loss")
    with pytest.raises(WarehouseError, match="The table incidents is that of another version: load all files into a new folder"):
        account(tmp_path, incidents(tmp_path, GOOD + "I3,theft,2025-01-03\n"))
    warehouse.path.write_bytes(warehouse.path.read_bytes()[:5000])
    with pytest.raises(WarehouseError, match="cannot be opened"):
        open_warehouse(tmp_path / "warehouse").table("incidents")
    with pytest.raises(WarehouseError, match="cannot be opened"):
        account(tmp_path, incidents(tmp_path, GOOD))
    assert sorted(p.suffix for p in (tmp_path / "warehouse").iterdir()) == ["", "", ".duckdb"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(WarehouseError, match="cannot be written"):
        load(tmp_path / "file", [incidents(tmp_path, GOOD)])


def test_a_reader_keeps_the_snapshot_it_opened(tmp_path):
    _, before = account(tmp_path, incidents(tmp_path, GOOD))
    assert before.sql("SELECT count(*) FROM incidents").item() == 2
    _, after = account(tmp_path, incidents(tmp_path, GOOD + "I3,theft,2025-01-03\n"))
    assert before.sql("SELECT count(*) FROM incidents").item() == 2
    assert after.sql("SELECT count(*) FROM incidents").item() == 3
    newest, oldest = list_snapshots(tmp_path / "warehouse")
    assert (newest["current"], newest["files"], newest["rows"]) == (True, 3, 8351 + 1404 + 3)
    assert (oldest["current"], oldest["rows"]) == (False, 8351 + 1404 + 2) and oldest["loaded"] < newest["loaded"]


def test_an_equal_row_is_merged_and_one_that_differs_is_refused(tmp_path):
    files, shop = account(tmp_path, incidents(tmp_path, GOOD + "I1,theft,2025-01-01\nI1,fraud,2025-01-01\n"))
    found = files["incidents.csv"]
    assert (found.read, found.kept, found.merged, found.refused) == (4, 2, 1, 1)
    assert found.reasons == {"incident_id 'I1' stands already on row 2": 1}
    assert shop.sql("SELECT line FROM refused").rows() == [(5,)]


def test_of_old_snapshots_the_newest_of_each_month_and_the_current_one_stay(tmp_path):
    shelf = tmp_path / "warehouse"
    shelf.mkdir()
    days = ["20260105", "20260120", "20260210", *(f"202603{day:02}" for day in range(1, 13))]
    for day in days:
        (shelf / f"{day}T120000-0000.duckdb").touch()
    snapshots.point_to(shelf, "20260105T120000-0000.duckdb")
    assert snapshots.retire(shelf) == ["20260302T120000-0000", "20260301T120000-0000"]
    assert {path.name[:8] for path in shelf.glob("*.duckdb")} == {*days} - {"20260301", "20260302"}
    snapshots.point_to(shelf, "20260312T120000-0000.duckdb")
    assert snapshots.retire(shelf) == ["20260105T120000-0000"]


def test_what_a_killed_load_left_is_swept_and_the_old_snapshot_stays(tmp_path):
    _, before = account(tmp_path, incidents(tmp_path, GOOD))
    (tmp_path / "warehouse" / "x.duckdb.building").write_text("half a file")
    (tmp_path / "warehouse" / "x.duckdb.building.wal").write_text("half a file")
    (tmp_path / "warehouse" / "x.duckdb.building.tmp").mkdir()
    with pytest.raises(SourceError):
        load(tmp_path / "warehouse", [incidents(tmp_path, b"")], title="Toy")
    assert open_warehouse(tmp_path / "warehouse").path == before.path
    assert [p.name for p in (tmp_path / "warehouse").glob("*building*")] == []


def test_one_writer_at_a_time(tmp_path):
    import filelock

    (tmp_path / "warehouse").mkdir()
    with filelock.FileLock(tmp_path / "warehouse" / ".lock"), pytest.raises(WarehouseError, match="Another load"):
        load(tmp_path / "warehouse", [incidents(tmp_path, GOOD)], title="Toy")


def test_a_store_that_is_not_in_the_stores_table_is_refused(given):
    shop = given(
        stores="""
            store_id | region
            0001     | North
        """,
        incidents="""
            incident_id | store_id | kind  | occurred_on
            I1          | 0001     | theft | 2025-01-01
            I2          | 1        | theft | 2025-01-01
        """,
    )
    assert shop.sql("SELECT incident_id, region FROM incidents").rows() == [("I1", "North")]
    assert shop.sql("SELECT reasons FROM refused").rows() == [(["column store_id: '1' is not in the table stores"],)]


def test_only_a_row_that_is_kept_takes_its_key_and_a_pattern_is_for_the_whole_text(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "table: incidents\nleave_out: {when: \"nullif(kind, '') = 'fraud'\", because: x}\n"
        "columns: {incident_id: id, kind: {from: kind, values: {Shoplifting: theft}}, occurred_on: day, currency: currency}\n"
    )
    (tmp_path / "x.csv").write_text(
        "id,kind,day,currency\nI1,fraud,2025-01-01,USD\nI1,thft,2025-01-01,USD\nI1, SHOPLIFTING ,2025-01-02,USD\n"
        "I2,,2025-01-01,USD\nI3,theft,2025-01-01,USDX\n"
    )
    files, warehouse = account(tmp_path, source_file(tmp_path / "x.csv", mapping="mine.yaml", beside=tmp_path))
    done = files["x.csv"]
    assert (done.read, done.kept, done.refused, done.left_out) == (5, 1, 3, 1)
    assert warehouse.sql("SELECT incident_id, kind, occurred_on FROM incidents").rows() == [("I1", "theft", date(2025, 1, 2))]
    assert warehouse.sql("SELECT line, len(reasons), reasons[1] FROM refused WHERE line <> 3 ORDER BY line").rows() == [
        (5, 1, "column kind: empty, but required"),
        (6, 1, "column currency: 'USDX' does not look like USD"),
    ]


def test_a_wide_table_becomes_one_row_per_cell_and_what_is_left_out_is_counted(tmp_path):
    path = tmp_path / "mps.csv"
    path.write_text(
        "MajorText,MinorText,BoroughName,202401,202402\nTHEFT,SHOPLIFTING,Barnet,5,7\nTHEFT,BICYCLE THEFT,Barnet,1,2\nTHEFT\n"
    )
    files, warehouse = account(tmp_path, source_file(path, mapping="london_boroughs", known_on=date(2025, 1, 1)))
    done = files["mps.csv"]
    assert (done.read, done.kept, done.left_out, done.refused) == (5, 2, 2, 1)
    assert warehouse.sql("SELECT region, occurred_on, incidents FROM incidents ORDER BY ALL").rows() == [
        ("Barnet", date(2024, 1, 1), 5), ("Barnet", date(2024, 2, 1), 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ("table: incidents\ncolums: {}\n", "unknown key 'colums'. Did you mean 'columns'?"),
        ("table: incidnts\ncolumns: {}\n", "Unknown table 'incidnts'. Did you mean 'incidents'?"),
        ("table: incidents\n", "mine.yaml: 'columns' is missing. Write a line for each, like 'store_id: Store No'."),
        ("table: incidents\ncolumns: {kid: Kind}\n", "'kid' is not a column of incidents. Did you mean 'kind'?"),
        ("table: incidents\ncolumns: {kind: {frmat: Kind}}\n", "unknown key 'frmat'. Did you mean 'format'?"),
        ("just text\n", "is not a mapping"),
        ("table: [\n", "is not YAML"),
        ("title: 2025-13-01\n", "is not YAML"),
        ("table: [a]\n", "is not a mapping"),
        ("table: incidents\ncolumns: [a]\n", "columns must be lines like"),
        ("table: incidents\nreads: {delim: ;}\n", "unknown key 'delim'. Did you mean 'delimiter'?"),
        ("table: incidents\nunpivot: {columns: x}\n", "unpivot: expected columns, name, value"),
        ("table: incidents\nleave_out: {because: x}\n", "leave_out: expected when"),
        ("table: incidents\ncolumns: {kind: {format: x}}\n", "one of from, constant, sql"),
        ("table: incidents\ncolumns: {kind: {from: x, values: [a]}}\n", "values are lines"),
    ],
)
def test_a_mapping_that_is_not_understood_is_one_sentence(tmp_path, mapping, sentence):
    (tmp_path / "mine.yaml").write_text(mapping)
    with pytest.raises((SourceError, UnknownName)) as error:
        read_mapping("mine.yaml", beside=tmp_path)
    assert sentence in str(error.value)


def test_a_mapping_that_names_a_column_the_file_lacks_says_the_nearest(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "table: incidents\ncolumns: {incident_id: Id, kind: {constant: theft}, occurred_on: Dat}\n"
    )
    (tmp_path / "x.csv").write_text("Id,Date\n1,2025-01-01\n")
    with pytest.raises(SourceError, match="x.csv: column 'Dat' is missing. Did you mean 'Date'?"):
        account(tmp_path, source_file(tmp_path / "x.csv", mapping="mine.yaml", beside=tmp_path))


def test_the_plan_of_a_folder_is_checked(tmp_path):
    for name in ("incidents.csv", "5"):
        (tmp_path / name).write_text(GOOD)
    for plan, sentence in [
        ("{file: incidents.csv, maping: own}", "unknown key 'maping'. Did you mean 'mapping'"),
        ("{file: incidents.csv, covers: [2025-02-01, 2025-01-01]}", "covers must be two days, first and last"),
        ("{file: incidents.csv, known_on: 2025-01-01 10:00:00}", "expected a day like 2026-11-15"),
        ("{file: 5}", "5: which table is it"),
        ("{file: none.csv}", "There is no file .*none.csv. Check the name and the folder."),
    ]:
        (tmp_path / "load.yaml").write_text(f"files:\n  - {plan}\n")
        with pytest.raises(SourceError, match=sentence):
            read_plan(tmp_path)


def test_every_shipped_mapping_is_understood_and_every_contract_example_passes_its_own_checks(tmp_path):
    assert {read_mapping(name).name for name in mapping_names()} == set(mapping_names())
    for name, contract in contracts().items():
        path = tmp_path / f"{name}.csv"
        fields = contract.fields.values()
        quoted = [",".join(f["name"] for f in fields), ",".join(f'"{f.get("example", "")}"' for f in fields)]
        path.write_text("\n".join(quoted) + "\n")
        files = [source_file(path, mapping="own", known_on=date(2026, 11, 22))]
        if name == "corrections":  # the file that the example corrects
            case = "incident_id,kind,occurred_on,loss\nLP-2026-004711,theft,2025-01-01,84500\n"
            files.append(incidents(tmp_path, case, "lp_cases.csv"))
        done = load(tmp_path / f"w_{name}", files, title="T")
        found = next(f for f in done.files if f.file == f"{name}.csv")
        assert (found.kept, found.refused) == (1, 0), (name, found.reasons)


def test_the_same_content_under_another_name_is_read_again_but_changes_no_number(tmp_path):
    _, before = account(tmp_path, incidents(tmp_path, GOOD))
    files, after = account(tmp_path, incidents(tmp_path, GOOD, "copy_of_incidents.csv"))
    copy = files["copy_of_incidents.csv"]
    assert (copy.new, copy.updated, copy.confirmed) == (0, 0, 2)
    query = "SELECT incident_id, kind, occurred_on FROM incidents ORDER BY ALL"
    assert before.sql(query).rows() == after.sql(query).rows()


@pytest.mark.parametrize("line", ["{file: ../secret.csv, table: incidents}", "{file: link.csv, table: incidents}", "{file: 'l*.csv', table: incidents}"])
def test_a_plan_reads_nothing_outside_its_folder_not_even_by_a_link(tmp_path, line):
    incidents(tmp_path, GOOD, "secret.csv")
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "link.csv").symlink_to("../secret.csv")
    (folder / "load.yaml").write_text(f"files:\n  - {line}\n")
    with pytest.raises(SourceError, match="leads out of the folder of the plan. Move the file there itself."):
        read_plan(folder)


def test_an_export_of_a_plan_may_be_called_as_it_was_before(tmp_path):
    incidents(tmp_path, GOOD, "march_again.csv")
    (tmp_path / "load.yaml").write_text("files:\n  - {file: march_again.csv, name: march.csv, table: incidents}\n")
    assert [file.name for file in read_plan(tmp_path)[1]] == ["march.csv"]
    (tmp_path / "load.yaml").write_text("files:\n  - {file: 'm*.csv', name: march.csv, table: incidents}\n")
    with pytest.raises(SourceError, match="may be many files, which cannot all be called 'march.csv'"):
        read_plan(tmp_path)


def test_fields_that_are_said_to_have_no_spaces_around_them_have_none_and_spaces_within_are_no_reason(tmp_path):
    parts = ["a", "b c", " a", "a ", '"a, b"', '"x "', '" x"', '"say ""x"" y"', '"a ,b"', '"a, ""b"""', '""" a"', '"a """', "", " ", '" "']
    chance, said = random.Random(5), Counter()
    for _ in range(400):
        rows = [chance.choices(parts[: chance.choice([2, 15])], k=3) for _ in range(chance.randrange(1, 4))]
        end = chance.choice(["\n", "\r\n"])
        text = "h1,h2,h3" + end + end.join(map(",".join, rows)) + chance.choice([end, ""])
        (batch,) = read_text(incidents(tmp_path, text).path).batches
        fields = [field for row in batch.rows.drop("_line").rows() for field in row]
        around = any(field != field.strip(" ") for field in fields)
        assert batch.padded or not around, text
        said[batch.padded, around] += 1
    assert said[False, False] > 100 and said[True, True] > 100
    (batch,) = read_text(incidents(tmp_path, 'h1,h2\n"a, ""b""",c d\n').path).batches
    assert not batch.padded
