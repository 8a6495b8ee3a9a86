"""How a source writes its days and numbers (`format`, `zone`, `number` of a mapping) → SQL that reads them.

Whatever does not read exactly as the mapping says is null, and so refused: "1.234" is never guessed to be
1234, and seconds are never read as milliseconds.
"""

import re
from zoneinfo import available_timezones

from retail_analytics.errors import SourceError, did_you_mean

WORDS = {  # a notation of days that no pattern can say → the moment as SQL
    "iso": "iso",
    "epoch_s": "epoch_ms(1000 * TRY_CAST({text} AS BIGINT))",
    "epoch_ms": "epoch_ms(TRY_CAST({text} AS BIGINT))",
    "epoch_ns": "make_timestamp(TRY_CAST({text} AS BIGINT) // 1000)",
    "excel": "TIMESTAMP '1899-12-30' + to_seconds(86400 * TRY_CAST({text} AS DOUBLE))",
}
PLAUSIBLE = "BETWEEN TIMESTAMP '1990-01-01' AND TIMESTAMP '2200-01-01'"  # a number in another unit falls outside
DIRECTIVES = set("aAwdbBmyYHIpMSfgnzjUWcxX%")
NUMBER_KEYS = {"decimal", "thousands", "without", "times"}
HARD_SPACES = "\u00a0\u202f"  # what spreadsheets put between thousands


def literal(value) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def day(text: str, column: dict) -> str:
    """The SQL that reads `text` as a day in the first of the column's formats that fits.

    A moment in UTC, or one that says its offset, becomes the day it was in the column's zone; a day without
    a time and an Excel day stay as they are: they are on the store's clock already.
    """
    formats = column.get("format", "iso")
    days = [_day(text, f, column.get("zone")) for f in ([formats] if isinstance(formats, str) else formats)]
    return f"coalesce({', '.join(days)})" if len(days) > 1 else days[0]


def number(text: str, notation: dict) -> str:
    """The SQL that reads `text` as a number in the given notation, in our unit."""
    bare = f"translate({text}, {literal(HARD_SPACES)}, {literal('  ')})"
    for sign in _list(notation.get("without", [])):
        bare = f"replace({bare}, {literal(sign)}, '')"
    bare = f"trim({bare})"
    decimal, thousands = notation.get("decimal", "."), notation.get("thousands")
    whole = "[0-9]+" if thousands is None else f"([0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+|[0-9]+)"
    pattern = f"[+-]?{whole}({re.escape(decimal)}[0-9]+)?"
    plain = bare if thousands is None else f"replace({bare}, {literal(thousands)}, '')"
    value = f"TRY_CAST(replace({plain}, {literal(decimal)}, '.') AS DOUBLE)"
    if "times" in notation:
        value = f"round({value} * {notation['times']}, 6)"  # 4.35 × 100 is 435, not 434.99999999999994
    return f"CASE WHEN regexp_full_match({bare}, {literal(pattern)}) THEN {value} END"


def check_notation(where: str, field: dict, column: dict) -> None:
    """Raises SourceError if a column's format, zone or number cannot be used, or says a word that we do not have."""
    kind, limits = field["type"], field.get("constraints", {})
    for key, needed in (("format", ["date"]), ("zone", ["date"]), ("number", ["number", "integer"])):
        if key in column and kind not in needed:
            raise SourceError(f"{where}: {key} is for columns that hold a {needed[0]}; this one holds a {kind}.")
    for pattern in _list(column.get("format", [])):
        _check_format(where, pattern)
    zones = available_timezones()  # none on a machine without a time zone database
    if zones and column.get("zone", "UTC") not in zones:
        near = did_you_mean(str(column["zone"]), zones).split(" Known")[0]
        raise SourceError(f"{where}: there is no time zone '{column['zone']}'.{near} Name one like America/New_York.")
    if "number" in column:
        _check_number(where, column["number"])
    said = [*column.get("values", {}).values(), column.get("otherwise"), column.get("constant")]
    for word in said:
        if "enum" in limits and word is not None and str(word) not in limits["enum"]:
            hint = " Put yes and no in quotes." if isinstance(word, bool) else did_you_mean(str(word), limits["enum"])
            raise SourceError(f"{where}: '{word}' is not one of {', '.join(limits['enum'])}.{hint.split(' Known')[0]}")


def _day(text: str, pattern: str, zone: str | None) -> str:
    if pattern == "iso":
        # The engine's own cast passes over the offset, and reads a moment without one on the machine's clock.
        with_offset = f"regexp_matches({text}, ':[0-9.]+ ?(Z|[+-][0-9:]+)$')"
        moment = (
            f"CASE WHEN {with_offset} THEN timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) "
            f"ELSE TRY_CAST({text} AS TIMESTAMP) END"
        )
        written = f"TRY_CAST({text} AS DATE)"
        found = (
            written if zone is None else f"CASE WHEN length({text}) > 10 THEN {_local(moment, zone)} ELSE {written} END"
        )
        return f"CASE WHEN isfinite({written}) THEN {found} END"
    if pattern in WORDS:
        moment = f"TRY({WORDS[pattern].format(text=text)})"
        found = f"CAST({moment} AS DATE)" if pattern == "excel" else _local(moment, zone)
        return f"CASE WHEN {moment} {PLAUSIBLE} THEN {found} END"
    moment = f"try_strptime({text}, {literal(pattern)})"
    if "%z" in pattern:
        return _local(f"timezone('UTC', {moment})", zone)
    return _local(moment, zone if re.search("%-?[HI]|%[cX]", pattern) else None)


def _local(moment: str, zone: str | None) -> str:
    """The day of a moment in UTC, there."""
    there = moment if zone is None else f"timezone({literal(zone)}, timezone('UTC', {moment}))"
    return f"CAST({there} AS DATE)"


def _check_format(where: str, pattern) -> None:
    if pattern in WORDS:
        return
    directives = re.findall("%-?(.?)", pattern) if isinstance(pattern, str) else []
    if not directives or not set(directives) <= DIRECTIVES:
        near = did_you_mean(str(pattern), WORDS).split(" Known")[0]
        raise SourceError(
            f"{where}: '{pattern}' is not a format of days.{near} Write it like %d.%m.%Y, or one of {', '.join(WORDS)}."
        )


def _check_number(where: str, notation) -> None:
    if not isinstance(notation, dict) or not notation:
        raise SourceError(f"{where}: number says how numbers are written, like {{decimal: ',', thousands: '.'}}.")
    for key in notation:
        if key not in NUMBER_KEYS:
            raise SourceError(f"{where}, number: unknown key '{key}'.{did_you_mean(key, NUMBER_KEYS)}")
    signs = [notation.get("decimal", "."), notation.get("thousands", " ")]
    if any(not isinstance(s, str) or len(s) != 1 or s.isalnum() for s in signs) or signs[0] == signs[1]:
        raise SourceError(f"{where}, number: decimal and thousands are one sign each, not the same, in quotes.")
    if any(not isinstance(sign, str) or not sign for sign in _list(notation.get("without", []))):
        raise SourceError(f"{where}, number: without is a text to pass over, or a list of them, like [$, USD].")
    if isinstance(notation.get("times", 1), bool) or not isinstance(notation.get("times", 1), int | float):
        raise SourceError(f"{where}, number: times is a number, like 1000. Found: {notation['times']}.")


def _list(one_or_more) -> list:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
