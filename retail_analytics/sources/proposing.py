"""What the columns of an unknown export may be: a mapping proposed from names, values and types.

Nothing is decided here: each guess comes with its confidence, its reasons and some values, and what to do
with one that is not sure is for a person to say.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import SequenceMatcher
from functools import cache

import polars as pl
import yaml

from retail_analytics.errors import SourceError, UnknownName
from retail_analytics.sources.contracts import Contract
from retail_analytics.sources.mapping import mapping_names, read_mapping
from retail_analytics.sources.reading import TextRows

SURE = 0.75  # a guess that nobody is asked about stands from here on
WORTH_SHOWING = 0.35  # below it a name is like another by chance
NAME_COUNTS = 0.6  # of the confidence; the values are the rest
LOOKED_AT = 5_000  # values of all over the file
MOST_ROWS = 2_000_000
GLIMPSE = 40  # values that tell which notations are worth trying on all
SHOWN = 3  # values beside each guess
SAME = {  # words of column names that say the same
    "on": "date", "at": "date", "day": "date", "dt": "date", "no": "id", "nr": "id", "num": "id", "code": "id",
    "key": "id", "case": "incident", "event": "incident", "category": "kind", "type": "kind", "amount": "loss",
    "value": "loss", "shop": "store", "site": "store", "branch": "store", "location": "store", "asset": "device",
}  # fmt: skip
DAYS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d/%m/%y", "%m/%d/%y",
    "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%Y-%m",
)  # fmt: skip
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
NUMBERS = ({}, {"thousands": ","}, {"decimal": ","}, {"decimal": ",", "thousands": "."})
SIGNS = ("$", "£", "€", "USD", "GBP", "EUR", "%")
TRUTH = {"yes": True, "y": True, "true": True, "t": True, "1": True, "ja": True, "oui": True, "si": True,
         "no": False, "n": False, "false": False, "f": False, "0": False, "nein": False, "non": False}  # fmt: skip
OLDEST, NEWEST = date(1990, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Guess:
    """What one of our columns may be in a file; `theirs` is None where nothing is like it."""

    ours: str = ""
    theirs: str | None = None
    confidence: float = 0.0  # 0 to 1
    why: str = ""
    examples: tuple[str, ...] = ()
    column: dict = field(default_factory=dict)  # the mapping's entry: from, format, number, values
    formats: tuple[str, ...] = ()  # more than one: the days can be read in each of them
    unknown: tuple[str, ...] = ()  # words of theirs that are none of ours

    def written(self, pattern: str) -> "Guess":
        """The same with days that are written in this way."""
        return replace(self, formats=(pattern,), column=self.column | {"format": pattern})


def looked_at(text: TextRows) -> pl.DataFrame:
    """The rows of a file, of a very long one the first two million."""
    frames, rows = [], 0
    while rows < MOST_ROWS and (batch := next(text.batches, None)) is not None:
        frames.append(batch.rows)
        rows += batch.rows.height
    return pl.concat(frames)


def proposed(contract: Contract, guesses: list[Guess]) -> list[Guess]:
    """For each column of the contract the likeliest of the guesses; each of their columns is taken once."""
    found: dict[str, Guess] = {}
    for one in sorted(guesses, key=lambda guess: -guess.confidence):
        if one.ours not in found and one.theirs not in {taken.theirs for taken in found.values()}:
            found[one.ours] = one
    for ours, f in contract.fields.items():
        if "proposed" in f and found.get(ours, Guess(ours)).confidence < SURE:
            found[ours] = Guess(ours, confidence=1.0, why="the file says it", column=f["proposed"])
    return [found.get(ours, Guess(ours)) for ours in contract.fields]


def sure_ones(contract: Contract, proposals: list[Guess], every: list[Guess]) -> list[Guess]:
    """The proposals that stand though nobody was asked; the others are left out.

    Raises SourceError if a required column is among those, naming the nearest of theirs with their confidence.
    """
    for one in proposals:
        if one.ours in contract.required and one.confidence < SURE:
            near = sorted((g for g in every if g.ours == one.ours), key=lambda guess: -guess.confidence)[:SHOWN]
            shown = ", ".join(f"'{guess.theirs}' ({guess.confidence:.0%})" for guess in near)
            raise SourceError(
                f"No column is surely {one.ours} of {contract.table}, which is required. "
                + (f"Nearest: {shown}. " if shown else "None is like it. ")
                + "Answer on a terminal, or write the mapping yourself."
            )
    return [one if one.confidence >= SURE else Guess(one.ours) for one in proposals]


def answered(contract: Contract, proposal: Guess, answer: str, header: list[str], rows: pl.DataFrame) -> Guess:
    """What a person said to a proposal: one of their columns, or - for none.

    Raises UnknownName if the file has no such column, SourceError for - where a column is required.
    """
    if answer == "-":
        if proposal.ours in contract.required:
            raise SourceError(f"{proposal.ours} is required: name a column, or write the mapping with a constant.")
        return Guess(proposal.ours)
    if answer not in header:
        raise UnknownName("column", answer, header)
    if answer == proposal.theirs:
        return proposal
    texts = _texts(rows, answer)
    taken = _guess(contract, proposal.ours, answer, texts, _read(texts))
    return replace(taken, column={"from": answer} | taken.column, confidence=1.0, why="as you said",
                   examples=tuple(texts.unique(maintain_order=True).head(SHOWN)))  # fmt: skip


def every_guess(contract: Contract, header: list[str], rows: pl.DataFrame) -> list[Guess]:
    """Each of our columns with each of theirs that is worth showing.

    `rows` are text, as they are read. Days and numbers are tried on some thousand of them, words are those of all.
    """
    guesses = []
    for theirs in header:
        texts = _texts(rows, theirs)
        if texts.is_empty():
            continue
        read = _read(texts)
        guesses += [_guess(contract, ours, theirs, texts, read) for ours in contract.fields]
    return [one for one in guesses if one.confidence >= WORTH_SHOWING]


def _texts(rows: pl.DataFrame, theirs: str) -> pl.Series:
    return rows[theirs].str.strip_chars().replace("", None).drop_nulls()


def _read(texts: pl.Series) -> dict[str, Guess]:
    """How well values read as days and numbers."""
    texts = texts.gather_every(max(1, len(texts) // LOOKED_AT))
    return {"date": _as_days(texts), "number": _as_numbers(texts), "integer": _as_numbers(texts, whole=True)}


def _guess(contract: Contract, ours: str, theirs: str, texts: pl.Series, read: dict[str, Guess]) -> Guess:
    """How well one of their columns, whose values are `texts`, would do for one of ours."""
    likeness, like = _likeness(contract.table, ours, theirs)
    found = read.get(contract.fields[ours]["type"]) or _as_words_or_text(contract, ours, texts)
    examples = tuple(texts.unique(maintain_order=True).head(SHOWN))
    if found.confidence < 0.5:
        return Guess(ours, theirs)
    confidence = NAME_COUNTS * likeness + (1 - NAME_COUNTS) * found.confidence
    # Words of ours tell a column whatever it is called; a name that says nothing of ours tells against it.
    confidence = max(confidence, found.confidence * 0.7) if found.column.get("values") else confidence
    confidence *= 1 if likeness > 0.3 or found.column.get("values") else 0.5
    if len(found.formats) > 1:
        confidence = min(confidence, SURE - 0.01)
    why = "; ".join(filter(None, [f"called like '{like}'" if likeness > 0.6 else "", found.why]))
    return replace(found, ours=ours, theirs=theirs, confidence=round(confidence, 2), why=why, examples=examples,
                   column={"from": theirs} | found.column)  # fmt: skip


def as_yaml(contract: Contract, title: str, guesses: list[Guess], header: list[str], reads: dict) -> str:
    """The mapping as a commented file: each line with how sure it is and why, and what was not found."""
    taken = {one.theirs for one in guesses if one.column}
    lines = [f"title: {_flow(title)}", f"source: {_flow(title)}", f"table: {contract.table}"]
    lines += [f"reads: {_flow(reads)}"] if reads else []
    lines.append("columns:")
    for one in guesses:
        needed = " (required)" if one.ours in contract.required else ""
        if not one.column:
            lines.append(f"  # {one.ours}{needed}: nothing in the file is like it")
            continue
        shown = f" Values: {', '.join(map(_flow, one.examples))}" if one.examples else ""
        lines.append(f"  # {one.confidence:.0%}: {one.why or 'the likeliest'}.{shown}")
        if one.unknown:
            lines.append(f"  # Words without one of ours, refused as they stand: {', '.join(map(_flow, one.unknown))}")
        plain = set(one.column) == {"from"}
        lines.append(f"  {one.ours}: {_flow(one.column['from'] if plain else one.column)}")
    left = [name for name in header if name not in taken]
    if left:
        lines.append(f"# Columns of theirs that are not used: {', '.join(map(_flow, left))}")
    return "\n".join(lines) + "\n"


def _as_words_or_text(contract: Contract, ours: str, texts: pl.Series) -> Guess:
    """What share of the values can be read as our column wants them, and how."""
    f = contract.fields[ours]
    if f["type"] == "boolean":
        words = {word: str(TRUTH[word.lower()]).lower() for word in texts.unique().sort() if word.lower() in TRUTH}
        return _as_words(texts, words)
    allowed = f.get("constraints", {}).get("enum")
    if allowed:
        known = _words(contract.table, ours) | {_plain(word): word for word in allowed}
        return _as_words(texts, {w: known[_plain(w)] for w in texts.unique().sort() if _plain(w) in known})
    if pattern := f.get("constraints", {}).get("pattern"):
        fits = texts.str.contains(f"^(?:{pattern})$").mean()
        return Guess(confidence=fits, why=f"{fits:.0%} look like {f['example']}")
    if contract.key[-1:] == (ours,):
        alone = texts.n_unique() / len(texts)
        return Guess(confidence=max(alone, 0.5), why=f"{alone:.0%} of the values stand once")
    return Guess(confidence=0.6)


def _as_days(texts: pl.Series) -> Guess:
    numeric = texts.cast(pl.Float64, strict=False)
    if numeric.null_count() == 0:
        units = {"epoch_s": 1, "epoch_ms": 1e3, "epoch_ns": 1e9}
        for word, per in units.items():
            if numeric.is_between(631152000 * per, 4102444800 * per).mean() > 0.9:
                return Guess(confidence=1.0, why=f"numbers that are days as {word}", column={"format": word})
    first = texts.head(GLIMPSE)
    likely = [pattern for pattern in _patterns() if _read_as(first, pattern) > 0.3]
    shares = {pattern: share for pattern in likely if (share := _read_as(texts, pattern)) > 0.5}
    if not shares:
        return Guess()
    best = max(shares.values())
    fit = tuple(pattern for pattern, share in shares.items() if share == best)
    # A day before its time is a pattern too short; what reads both ways is for a person to tell.
    fit = tuple(p for p in fit if not any(q != p and q.startswith(p) for q in fit))
    column = {} if fit[0].startswith("%Y-%m-%d") else {"format": fit[0]}
    why = f"{best:.0%} are days written {fit[0]}"
    if len(fit) > 1:
        why = f"days or months may come first: {' and '.join(fit)} both fit"
    return Guess(confidence=best, why=why, column=column, formats=fit)


@cache
def _patterns() -> tuple[str, ...]:
    return tuple(day + time for day in DAYS for time in TIMES if not (day == "%Y-%m" and time))


def _read_as(texts: pl.Series, pattern: str) -> float:
    moments = texts.str.replace("T", " ", literal=True).str.replace(r"(\.\d+)?(Z|[+-]\d\d:?\d\d)$", "")
    # A pattern without a day would read the first of the month.
    if pattern == "%Y-%m":
        return moments.str.contains(r"^\d{4}-\d{2}$").mean()
    days = moments.str.strptime(pl.Datetime, pattern, strict=False).dt.date()
    return days.is_between(OLDEST, NEWEST).fill_null(False).mean()


def _as_numbers(texts: pl.Series, *, whole: bool = False) -> Guess:
    signs = [sign for sign in SIGNS if texts.str.contains(sign, literal=True).any()]
    bare = texts
    for sign in signs:
        bare = bare.str.replace_all(sign, "", literal=True).str.strip_chars()
    best, notation = 0.0, {}
    for one in NUMBERS:
        decimal, thousands = re.escape(one.get("decimal", ".")), one.get("thousands")
        digits = r"[0-9]+" if thousands is None else rf"([0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+|[0-9]+)"
        share = bare.str.contains(rf"^[+-]?{digits}" + ("" if whole else rf"({decimal}[0-9]+)?") + "$").mean()
        if share > best:
            best, notation = share, one
    column = notation | ({"without": signs} if signs else {})
    return Guess(confidence=best, why=f"{best:.0%} are numbers", column={"number": column} if column else {})


def _as_words(texts: pl.Series, words: dict[str, str]) -> Guess:
    known = texts.is_in(list(words)).mean()
    unknown = tuple(texts.filter(~texts.is_in(list(words))).unique(maintain_order=True).head(20))
    column = {"values": words} if any(their != our for their, our in words.items()) else {}
    return Guess(confidence=known, why=f"{known:.0%} are words of ours", column=column, unknown=unknown)


def _likeness(table: str, ours: str, theirs: str) -> tuple[float, str]:
    """How much a name is like those that our column has here and in the mappings that come along, and like which."""
    return max((_alike(theirs, name), name) for name in (ours, *_names(table).get(ours, ())))


@cache
def _alike(one: str, other: str) -> float:
    a, b = _tokens(one), _tokens(other)
    if a == b:
        return 1.0
    shared = 2 * sum(any(_nearly(word, other) for other in b) for word in a) / (len(a) + len(b))
    # Words that are written together, or cut short, are compared letter by letter.
    letters = SequenceMatcher(None, "".join(a), "".join(b)).ratio() ** 2 if min(len(a), len(b)) == 1 else 0
    return 0.98 * min(max(shared, letters), 1.0)


def _nearly(one: str, other: str) -> bool:
    return one == other or (len(one) > 4 and SequenceMatcher(None, one, other).ratio() > 0.85)


def _tokens(name: str) -> tuple[str, ...]:
    words = re.findall(r"[a-zà-ÿ]+|[0-9]+", re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", name).lower())
    return tuple(SAME.get(word, word) for word in words if word not in ("the", "of"))


@cache
def _names(table: str) -> dict[str, set[str]]:
    """What the mappings that come along call each column of a table."""
    names: dict[str, set[str]] = {}
    for mapping in map(read_mapping, mapping_names()):
        if mapping.table == table:
            for ours, column in mapping.columns.items():
                names.setdefault(ours, set()).update(filter(None, [column.get("from")]))
    return names


@cache
def _words(table: str, ours: str) -> dict[str, str]:
    """What the mappings that come along make of the words in a column."""
    words = {}
    for mapping in map(read_mapping, mapping_names()):
        if mapping.table == table:
            found = mapping.columns.get(ours, {}).get("values", {})
            words |= {_plain(str(their)): our for their, our in found.items() if our is not None}
    return words


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")


def _flow(value) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return text.strip().removesuffix("\n...").strip()
