"""Files damaged at random: every line is accounted for, or one sentence says why the file cannot be read.

About 150 files in every run; 2,000 by `pytest --hypothesis-profile=thorough tests/test_damage.py`.
"""

import codecs
import gzip
import random
import re
from collections import Counter
from datetime import date
from pathlib import Path

from hypothesis import given as examples
from hypothesis import strategies as st
from pytest import MonkeyPatch

from retail_analytics import warehouse
from retail_analytics.errors import SourceError
from retail_analytics.sources import opening, plan
from retail_analytics.sources.plan import source_file
from retail_analytics.warehouse import load, open_warehouse

HEADER = "incident_id,kind,occurred_on,loss,region"
KINDS = ("theft", "fraud", "shopliftng", "", '"theft"')
REGIONS = ("North", '"a, b"', '"say ""x"""', '"two\nlines"', "Ürümqi", " East ", "")
WAYS = ("cut", "flip", "delimiters", "encodings", "quote", "zero", "repeat", "carriage")


def written(chance: random.Random) -> bytes:
    rows = (
        f"I{chance.randrange(400)},{chance.choice(KINDS)},2025-0{chance.randrange(1, 9)}-01,"
        f"{chance.randrange(900)},{chance.choice(REGIONS)}"
        for _ in range(chance.randrange(1, 250))
    )
    return "\n".join([HEADER, *rows, ""]).encode()


def damaged(data: bytes, way: str, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    end = min(len(data), at + chance.randrange(1, 400))
    if way == "cut":
        return data[:at] + data[end:] if chance.random() < 0.5 else data[:at]
    if way == "flip":
        hurt = bytearray(data)
        for place in chance.choices(range(len(data)), k=chance.randrange(1, 6)):
            hurt[place] ^= 1 << chance.randrange(8)
        return bytes(hurt)
    if way == "delimiters":
        return data[:at] + data[at:end].replace(b",", chance.choice([b";", b"\t", b"|"])) + data[end:]
    if way == "encodings":
        other = chance.choice(["cp1252", "utf-16-le", "utf-16", "latin-1"])
        return data[:at] + data[at:end].decode(errors="ignore").encode(other, "replace") + data[end:]
    if way == "quote":
        return data[:at] + chance.choice([b'"', b'""', b'"\n', b'\n"', b"'"]) + data[at:]
    if way == "zero":
        return data[:at] + b"\0" * chance.randrange(1, 4) + data[at:]
    if way == "repeat":
        return data[:end] + data[at:]
    return data[:at] + data[at:end].replace(b"\n", chance.choice([b"\r", b"\r\n", b"\n\n"])) + data[end:]


@examples(
    ways=st.lists(st.sampled_from(WAYS), min_size=1, max_size=3), packed=st.booleans(), seed=st.integers(0, 1 << 32)
)
def test_every_line_of_a_damaged_file_is_accounted_for_or_one_sentence_says_why_not(
    tmp_path_factory, ways, packed, seed
):
    chance = random.Random(seed)
    data = written(chance)
    for way in ways:
        data = damaged(data or b"\n", way, chance)
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "incidents.csv"
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    file = source_file(path, mapping="own", known_on=date(2025, 6, 30))
    try:
        with MonkeyPatch.context() as without:
            without.setattr(plan, "REFERENCES", {})  # shipped and cleaned tables are not what is tested
            without.setattr(warehouse, "TABLES", ())
            (done,) = load(folder / "warehouse", [file], title="Toy").files
    except SourceError as error:
        assert re.match(r"incidents\.csv\b.*\.$", str(error), re.DOTALL) and "Traceback" not in str(error)
        assert list((folder / "warehouse").glob("*.duckdb*")) == []
        return
    assert done.read == done.kept + done.refused + done.merged + done.left_out
    if not done.merged and re.match(rb"\s*" + HEADER.encode() + rb"\s", data.removeprefix(codecs.BOM_UTF8)):
        # With another header, lines may belong to fields of a column that is not ours.
        lines_are_accounted_for(folder, done.kept, done.refused, data)


def lines_are_accounted_for(folder: Path, kept: int, refused: int, data: bytes) -> None:
    """The lines of kept and refused rows are different ones, and each line of text belongs to one of them."""
    loaded = open_warehouse(folder / "warehouse")
    good = loaded.sql("SELECT line, incident_id, region FROM raw_incidents").rows()
    bad = loaded.sql("SELECT line, text FROM refused WHERE file = 'incidents.csv'").rows()
    assert (len(good), len(bad)) == (kept, refused)
    text = data.decode("utf-16" if data[:2] in opening.UTF_16 else "utf-8").removeprefix(codecs.BOM_UTF8.decode())
    lines = re.split(r"\r\n|\n|\r", text)
    begin = next(n for n, line in enumerate(lines, 1) if line.strip()) + 1  # the line behind the header
    refused_text = dict(bad)
    begins = {line for line, *_ in good} | refused_text.keys()
    assert len(begins) == kept + refused, "a line stands in two rows"
    # A kept row reaches over as many more lines as its fields hold line ends, a refused one as its text shows.
    reach = {line: ends("".join(filter(None, fields))) for line, *fields in good}
    reach |= {line: ends(text) for line, text in bad}
    covered = Counter(n for line in begins for n in range(line, line + reach[line] + 1))
    assert not [n for n, times in covered.items() if times > 1], "two rows share a line"
    lost = [n for n, line in enumerate(lines, 1) if n >= begin and line.strip() and not covered[n]]
    assert lost == [], f"lines {lost} are in no row: {[lines[n - 1] for n in lost]}"


def ends(text: str) -> int:
    return len(re.findall(r"\r\n|\n|\r", text))
