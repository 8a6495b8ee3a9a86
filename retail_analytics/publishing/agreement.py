"""Chart, table and words of an exhibit tell the same numbers: each point stands in a row, and so does what is said.

A table holds its numbers twice, as measured and as written: charts draw the first, words say the second.
"""

import re
from collections import Counter
from collections.abc import Iterator

from retail_analytics.language import ENGLISH, spoken
from retail_analytics.publishing.outline import seen

DRAWN = ("scatter", "bar")  # what the page's plotly.js is asked to draw; it has no more than these and pies
POSITIONS = {"ranking": "y", "split": "y"}  # forms in which an axis tells places, not numbers
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
SCALES = {"%": 0.01, "million": 1e6, "billion": 1e9, "Millionen": 1e6, "Milliarden": 1e9}
WRITTEN = re.compile(
    r"^[−-]?(?:[+$£€]|[A-Z]{3} )?[−-]?(\d[\d,]*(?:\.\d+)?)(?: (%|[^\W\d]+))?(?: (?:[$£€]|[A-Z]{3}))?$"
)
NO_CELLS = re.compile(
    r"\bafter \d[\d,.]* \w+"  # times at which the share still open is said, between two steps
    r"|\w+ \d{4} (?:is|to \w+ \d{4} are) provisional|\bn = [\d,.]+(?: [bm]illion)?"
    r"|\bper [\d,]+ |(?<![\d.])(?:80|95|99\.8) %|\bof 100\b"
    r"|\bnach \d[\d,.]* (?:Tag|Monat)(?:en)?\b|\w+ \d{4} (?:ist|bis \w+ \d{4} sind) vorläufig"
    r"|\bje [\d,]+ |\bvon 100\b|\bn = [\d,.]+ (?:Millionen|Milliarden)"
)


def disagreements(exhibit: dict, chart: dict | None) -> Iterator[str]:
    """Where the parts of an exhibit differ, each as the end of a sentence; `chart` is its figure in the page.

    Its texts are in the language that is spoken.
    """
    for trace in chart["data"] if chart else ():
        kind = trace.get("type", "scatter")
        if kind not in DRAWN:
            yield f"has a chart of type {kind}, which is not drawn here: use scatter or bar, or show it as a table"
            return
    exhibit = _in_english_signs(exhibit)
    columns = exhibit["table"]["columns"]
    if not columns or any("values" not in column for column in columns):
        return  # a table that its author wrote has nothing else to be held against
    rows = exhibit["table"]["rows"]
    if any(column["values"] for column in columns):
        yield from _written_otherwise(columns, rows)
        if chart:
            yield from _drawn_otherwise(chart["data"], columns, exhibit["form"])
        yield from _said_otherwise(exhibit, columns, rows)


def _in_english_signs(part):
    """The texts of an exhibit with the signs in their numbers as English has them: 1,234.5."""
    if spoken() == ENGLISH:
        return part
    if isinstance(part, str):
        return re.sub(r"(?<=\d)[.,](?=\d)", lambda sign: SIGNS_OF_OTHERS[sign[0]], part)
    if isinstance(part, list):
        return [_in_english_signs(item) for item in part]
    if isinstance(part, dict):
        return {name: _in_english_signs(item) for name, item in part.items() if name in READ}
    return part


SIGNS_OF_OTHERS = {".": ",", ",": "."}  # of those languages that there are catalogues of
READ = ("form", "subtitle", "words", "table", "caption", "rows", "columns", "label", "name", "numeric", "values")


def _written_otherwise(columns: list[dict], rows: list[list[str]]) -> Iterator[str]:
    for place, column in enumerate(columns):
        for row, value in zip(rows, column["values"], strict=True):
            if isinstance(value, int | float) and not isinstance(value, bool) and not _writes(str(row[place]), value):
                yield f"writes {row[place]} in its table where {value} was measured"
                return


def _writes(text: str, value: float) -> bool:
    """Whether a text is a number as it was rounded; a text that is no number says something else, rightly or not."""
    found = WRITTEN.match(text)
    if not found:
        return True
    digits, scale = found[1].replace(",", ""), SCALES.get(found[2] or "", 1)
    decimals = len(digits.partition(".")[2])
    unit, apart = scale * 10.0**-decimals, abs(float(digits) * scale - abs(value))
    if apart <= 0.5001 * unit:
        return True
    if any(sign in text for sign in "$£€") or re.match(r"[−-]?[A-Z]{3} ", text):  # money has two significant digits
        unit = max(unit, scale * 10.0 ** (len(digits.partition(".")[0].lstrip("0")) - 2))
    return apart <= 0.5001 * unit


def _drawn_otherwise(traces: list[dict], columns: list[dict], form: str) -> Iterator[str]:
    held: dict = {}  # what stands in the rows: where
    for column in columns:
        for row, value in enumerate(column["values"]):
            held.setdefault(_key(value), set()).add(row)
    nowhere: set[int] = set()
    for trace in traces:
        if "fillpattern" in trace:  # the hatching of what may still change
            continue
        axes = [axis for axis in ("x", "y") if axis != POSITIONS.get(form) and isinstance(trace.get(axis), list)]
        for point in zip(*(trace[axis] for axis in axes), strict=True):
            if None in point:
                continue
            rows = [held.get(_key(value), nowhere) for value in point]
            # A band has corners between two rows.
            if not (all(rows) if "fill" in trace else set.intersection(*rows)):
                yield f"draws a point at {', '.join(map(str, point))}, which is in no row of its table"
                return


def _key(value):
    """A value as both sides have it: a number as it is drawn, without its sign as what left is drawn downwards."""
    return seen(abs(value)) if isinstance(value, float | int) else value


def _said_otherwise(exhibit: dict, columns: list[dict], rows: list[list[str]]) -> Iterator[str]:
    told = {number for row in rows for cell in row for number in NUMBER.findall(str(cell))}
    around = [exhibit["subtitle"], exhibit["table"]["caption"], *(column["label"] for column in columns)]
    told.update(number for text in around for number in NUMBER.findall(text))
    told.update(f"{count:,}" for count in _counts(columns, rows))
    for number in NUMBER.findall(NO_CELLS.sub(" ", exhibit["words"])):
        if number not in told:
            yield f"says {number} in its words, which is in no row of its table"
            return


def _counts(columns: list[dict], rows: list[list[str]]) -> Iterator[int]:
    """What words may count or add up: rows, those of each group, those of them that are not known, sums."""
    yield len(rows)
    values = next((column["values"] for column in columns if column["name"] == "value"), ())
    unknown = [value is None for value in values] or [False] * len(rows)
    yield sum(unknown)
    for place, column in enumerate(columns):
        if column["numeric"]:
            yield round(sum(value for value in column["values"] if isinstance(value, int | float)))
        else:
            yield from Counter(row[place] for row in rows).values()
            yield from Counter(row[place] for row, is_unknown in zip(rows, unknown, strict=True) if is_unknown).values()
