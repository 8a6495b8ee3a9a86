"""JSON, JSON lines and Parquet: the same rows in one batch or in many, each with its line; a stop is a sentence."""

import gzip
import json
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import whole
from hypothesis import given as every
from hypothesis import strategies as st

from retail_analytics.errors import SourceError
from retail_analytics.sources import documents, opening, parquet
from retail_analytics.sources.files import read_file
from retail_analytics.sources.plan import source_file
from retail_analytics.warehouse import load, open_warehouse

RECORDS = [
    {"id": "0012", "what": {"kind": "theft", "when": {"day": "2025-01-01"}}, "loss": 12.5, "tags": ["a", "b"], "tried": False},
    {"id": "I2", "what": {"kind": "thft", "when": {"day": "2025-01-02"}}, "loss": None, "tags": [], "tried": True},
    {"id": "0012", "what": {"kind": "theft", "when": {"day": "2025-01-03"}}},
]
KINDS = ["x.json", "x.jsonl.gz", "x[1].json.parquet"]


def account(folder: Path, *files):
    done = load(folder / "warehouse", list(files), title="Toy")
    return {f.file: f for f in done.files}, open_warehouse(folder / "warehouse")


def written(path: Path, records: list) -> Path:
    if path.suffix == ".parquet":
        pl.DataFrame(records, infer_schema_length=None).write_parquet(path, row_group_size=7)
    elif path.suffix == ".json":
        path.write_text(json.dumps(records))
    else:
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    return path


@pytest.fixture
def in_small_steps(monkeypatch):
    """Files are read some bytes and some records at a time."""
    small_steps(monkeypatch, records=3, piece=5)


def small_steps(monkeypatch, *, records: int, piece: int):
    monkeypatch.setattr(documents, "RECORDS", records)
    monkeypatch.setattr(parquet, "ROWS", records)
    monkeypatch.setattr(opening, "PIECE", piece)


def read(path: Path, content: str | bytes | None = None):
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path, {}, said_in="mine")


def all_of(path: Path):
    """All that a file gives, or the sentence with which it stops."""
    try:
        text = read(path)
        batch = whole(text)
    except SourceError as error:
        return str(error)
    lines = [*batch.rows["_line"], *(line for line, _ in batch.refused)]
    raw = {line: batch.raw(line) for line in lines}
    assert text.records_at(set(lines)) == raw
    return text.header, batch.rows.rows(), batch.refused, raw


@pytest.mark.parametrize("at_once", [1, 2, 50_000])
@pytest.mark.parametrize("name", KINDS)
def test_records_inside_records_are_columns_named_by_their_path(tmp_path, monkeypatch, name, at_once):
    small_steps(monkeypatch, records=at_once, piece=50)
    path = written(tmp_path / name, RECORDS)
    (tmp_path / "mine.yaml").write_text(
        "table: incidents\ncolumns: {incident_id: id, kind: what.kind, occurred_on: what.when.day, loss: loss, "
        "attempted: tried, reference: tags}\n"
    )
    files, warehouse = account(tmp_path, source_file(path, mapping="mine.yaml", known_on=date(2025, 6, 30), beside=tmp_path))
    assert (files[name].read, files[name].kept, files[name].refused) == (3, 1, 2)
    assert warehouse.sql("SELECT incident_id, occurred_on, loss, attempted, reference, line FROM raw_incidents").rows() == [
        ("0012", date(2025, 1, 1), 12.5, False, '["a", "b"]', 1),
    ]  # fmt: skip
    assert warehouse.sql("SELECT line, reasons[1], text[:11] FROM refused WHERE line = 3").rows() == [
        (3, "incident_id '0012' stands already on row 1", '{"id": "001'),
    ]  # fmt: skip
    assert warehouse.sql("SELECT text[:10] FROM refused WHERE line = 2").rows() == [('{"id": "I2',)]


@pytest.mark.parametrize("name", KINDS)
def test_no_batch_holds_more_than_its_records_and_each_has_every_column(tmp_path, in_small_steps, name):
    late = {"seen": None, "where": {"aisle": "é"}}
    path = written(tmp_path / name, [{"id": f"I{n}", "seen": n} | (late if n == 8 else {}) for n in range(1, 9)])
    text = read(path)
    batches = list(text.batches)
    assert text.header == ["id", "seen", *["where"] * name.endswith(".parquet"), "where.aisle"]
    assert [batch.rows["_line"].to_list() for batch in batches] == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert [batch.rows.columns for batch in batches] == [[*text.header, "_line"]] * 3
    assert batches[0].rows["where.aisle"].to_list() == ["", "", ""]
    assert batches[2].rows.select("id", "seen", "where.aisle").rows() == [("I7", "7", ""), ("I8", "", "é")]
    assert [batch.share for batch in batches] == [3 / 8, 6 / 8, 1]
    assert json.loads(batches[1].raw(5))["id"] == "I5" and batches[2].raw(8) == text.records_at({8, 2})[8]
    assert [json.loads(raw)["id"] for raw in text.records_at({2, 7}).values()] == ["I2", "I7"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.é", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@every(st.data())
def test_a_file_read_in_small_steps_gives_what_it_gives_at_once_whole_or_damaged(tmp_path, data):
    records = data.draw(st.lists(st.dictionaries(st.sampled_from(["a", "b", "ü"]), values) | values, max_size=6))
    indent, ascii_only = data.draw(st.sampled_from([None, 1])), data.draw(st.booleans())
    path = tmp_path / data.draw(st.sampled_from(["x.json", "x.jsonl"]))
    if path.suffix == ".json":
        text = json.dumps(records, indent=indent, ensure_ascii=ascii_only)
    else:
        text = "\n".join(json.dumps(record, ensure_ascii=ascii_only) for record in records)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(["", ",", "]", '"', "}", " x ", "\n"])) + text[at + 1 :]
    path.write_text(text)
    at_once = all_of(path)
    with pytest.MonkeyPatch.context() as patch:
        small_steps(patch, records=data.draw(st.integers(1, 4)), piece=data.draw(st.integers(1, 9)))
        patch.setattr(opening, "BLOCK", data.draw(st.integers(4, 20)))
        patch.setattr(opening, "LOOKAHEAD", 1)
        assert all_of(path) == at_once


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("1.10", "1.1"), ("-0", "0"), ("-0.0", "-0.0"), ("1E5", "100000.0"), ("1e400", "inf"), ("NaN", "nan"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("true", "true"), ("null", ""), ("{}", ""),
        ('[1.50, {"a": null}, false]', '[1.5, {"a": null}, false]'), ('"\\u00e9 \\ud83d\\ude00"', "é 😀"),
        ('"cut \\ud83d"', "cut \\ud83d"),
    ],
)  # fmt: skip
def test_a_value_is_the_text_that_python_reads_in_it(tmp_path, in_small_steps, said, text):
    for name, content in (("x.json", f'[{{"v": 0, "v": {said}}}]'), ("x.jsonl", f'{{"v": 0, "v": {said}}}')):
        assert whole(read(tmp_path / name, content)).rows.rows() == [(text, 1)]


def test_a_list_may_be_one_line_and_longer_than_lines_may_be(tmp_path, monkeypatch, in_small_steps):
    monkeypatch.setattr(opening, "LONGEST_LINES", 100)
    assert whole(read(written(tmp_path / "x.json", RECORDS * 9))).rows.height == 27


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.json", b"[{]", "x.json, row 1: not JSON"),
        ("x.json", b"{}", r"x.json does not begin with \[. Expected a list of records"),
        ("x.json", b'{"a": 1}\n{"a": 2}', "one record on each line is read from a file called .jsonl"),
        ("x.json", b"", r"x.json does not begin with \["),
        ("x.json", b" [ \n] ", "x.json holds no records"),
        ("x.json", b"[1, null]", "x.json holds no records"),
        ("x.json", b"[" * 100_000, "without end"),
        ("x.json", b'[{"a": 1},\n{"a": 2}\n{"a": 3}]', "row 3: not JSON .Expecting ',' delimiter"),
        ("x.json", b'[{"a": 1},\n{"a": 2},\n{"a"', "row 3: not JSON"),
        ("x.json", b'[{"a": 1}]\n[]', "row 1: not JSON .more stands behind the list"),
        ("x.json", b'[{"a": 1},\n{"a": ' + b"1" * 5000 + b"}]", "row 2: not JSON .Exceeds the limit"),
        ("x.json", b'[{"a": 1},\n{"a": "\xe9"}]', "row 2: byte 0xe9 is not utf-8 text"),
        ("x.json", b'[{"a": 1}]\n\xc3', "row 2: byte 0xc3 is not utf-8 text"),
        ("x.json", b"[\n\xff1]", "row 2: byte 0xff is not utf-8 text"),
        ("x.jsonl", b"\n", "x.jsonl holds no records"),
        ("x.jsonl", b'{"a": 1, "A": 2}', "column 'A' stands twice"),
        ("x.jsonl", b'\n[1]\n{"_line": 1}', "row 3: column '_line' stands twice"),
        ("x.parquet", b"PAR1xxxx", "x.parquet is a damaged Parquet file"),
    ],
)
def test_records_that_cannot_be_read_are_one_sentence(tmp_path, in_small_steps, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=sentence):
        account(tmp_path, source_file(tmp_path / name, mapping="own", table="incidents"))


def test_records_about_as_deep_as_can_be_read_are_read_or_refused_or_a_sentence(tmp_path):
    for depth in range(900, 1010):
        for opens, closes in (('{"a":', "}"), ("[", "]")):
            record = '{"b": ' + opens * depth + "1" + closes * depth + "}"
            for name, content in (("x.json", f'[{{"z": 1}}, {record}]'), ("x.jsonl", f'{{"z": 1}}\n{record}')):
                try:
                    assert whole(read(tmp_path / name, content)).raw(2).startswith('{"b": ')
                except SourceError as error:
                    assert "without end" in str(error)


def test_a_damaged_list_is_not_read_to_its_end(tmp_path, monkeypatch, in_small_steps):
    monkeypatch.setattr(documents, "LONGEST", 100)
    taken = counted(monkeypatch)
    with pytest.raises(SourceError, match="row 2: not JSON"):
        read(tmp_path / "x.json", '[{"a": 1},\n{"a" 2}' + ',{"a": 3}' * 1000 + "]")
    assert len("".join(taken)) < 200
    monkeypatch.setattr(documents, "LONGEST", 10_000)
    assert whole(read(tmp_path / "x.json", '[{"a": "' + "y" * 1000 + '"}]')).rows["a"].str.len_chars().to_list() == [1000]


def test_wanted_records_are_looked_for_no_further_than_the_last_of_them(tmp_path, monkeypatch, in_small_steps):
    text = read(written(tmp_path / "x.json", RECORDS * 100))
    taken = counted(monkeypatch)
    assert text.records_at({2}) == {2: json.dumps(RECORDS[1])} and len("".join(taken)) < 300
    assert text.records_at(set()) == {}


def counted(monkeypatch) -> list[str]:
    """The pieces of files that are read from now on."""
    taken = []

    def counting(*args, **named):
        for piece in opening.pieces(*args, **named):
            taken.append(piece)
            yield piece

    monkeypatch.setattr(documents, "pieces", counting)
    return taken


def test_a_line_that_is_no_record_is_refused_by_itself(tmp_path, in_small_steps):
    record = '{"incident_id": "I%d", "kind": "theft", "occurred_on": "2025-01-01"}\n'
    path = tmp_path / "incidents.jsonl"
    path.write_text(record % 1 + '{"incident_id": "I2", \n[1]\n\n' + record % 3)
    files, warehouse = account(tmp_path, source_file(path, mapping="own", known_on=date(2025, 6, 30)))
    assert (files["incidents.jsonl"].read, files["incidents.jsonl"].kept) == (4, 2)
    assert warehouse.sql("SELECT line, text, reasons FROM refused ORDER BY line").rows() == [
        (2, '{"incident_id": "I2",', ["not a JSON record"]), (3, "[1]", ["not a JSON record"]),
    ]  # fmt: skip


def test_the_values_of_a_parquet_file_are_the_text_that_python_writes(tmp_path, in_small_steps):
    row = {
        "text": "é", "whole": 7, "part": 1e16, "money": Decimal("0E-10"), "tried": True, "day": date(2025, 1, 1),
        "at": datetime(2025, 1, 1), "took": timedelta(1, 2), "bytes": b"\xff", "tags": [1, None], "none": None,
        "what": {"kind": "theft", "by": [{"a": 1.5}], "when": {"day": date(2025, 1, 2)}},
    }  # fmt: skip
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame([row] + [dict.fromkeys(row)] * 4, schema_overrides={"money": pl.Decimal(20, 10)})
    frame.with_columns(pl.col("text").cast(pl.Categorical).alias("sort")).write_parquet(path)
    rows = whole(read(path)).rows
    assert rows.row(0, named=True) == {
        "text": "é", "whole": "7", "part": "1e+16", "money": "0E-10", "tried": "true", "day": "2025-01-01",
        "at": "2025-01-01 00:00:00", "took": "1 day, 0:00:02", "bytes": "b'\\xff'", "tags": "[1, null]", "none": "",
        "what.kind": "theft", "what.by": '[{"a": 1.5}]', "what.when.day": "2025-01-02", "sort": "é", "what": "", "_line": 1,
    }  # fmt: skip
    assert set(rows.drop("_line")[1:].unique().row(0)) == {""}


def test_a_map_of_a_parquet_file_is_a_record(tmp_path, in_small_steps):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"of": pa.array([[("aisle", 1)], None], pa.map_(pa.string(), pa.int64()))}), path)
    assert whole(read(path)).rows.rows(named=True) == [{"of.aisle": "1", "of": "", "_line": 1}, {"of.aisle": "", "of": "", "_line": 2}]


def test_a_parquet_file_that_is_damaged_in_the_middle_stops_at_a_row(tmp_path, in_small_steps):
    path = tmp_path / "x.parquet"
    chance = random.Random(7)
    pl.DataFrame({"id": [str(chance.random()) for _ in range(90)]}).write_parquet(path, row_group_size=9)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    with pytest.raises(SourceError, match=r"x.parquet, row \d\d or later, is a damaged Parquet file .*\. Fetch it again"):
        whole(read(path, bytes(content)))
