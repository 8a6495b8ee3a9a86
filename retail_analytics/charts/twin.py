"""The table behind every chart: the same numbers in words and as numbers, row by row as measured."""

from datetime import date

from retail_analytics import words
from retail_analytics.charts import captions
from retail_analytics.exhibits import plain
from retail_analytics.language import message, phrase
from retail_analytics.measure import Measured

HEADINGS = {
    "numerator": message("Numerator"),
    "denominator": message("Denominator"),
    "low": message("95 % from"),
    "high": message("95 % to"),
    "low80": message("80 % from"),
    "high80": message("80 % to"),
    "before": message("Before"),
    "change": message("Change"),
    "smallest_detectable": message("Smallest change that could be seen"),
    "reason": message("Why it cannot be told"),
    "raw": message("As recorded"),
    "ratio": message("Times peers"),
    "probability": message("Probability of more than 1.5 times peers"),
    "established": message("Against peers"),
    "expected": message("Expected"),
    "low95": message("95 % limits from"),
    "high95": message("95 % limits to"),
    "low998": message("99.8 % limits from"),
    "high998": message("99.8 % limits to"),
    "outside": message("Outside the 99.8 % limits"),
    "at_risk": message("Still watched"),
    "n": message("Number"),
    "band": message("Part"),
    "label": message("Domain"),
    "indicators": message("Indicators measured"),
    "missing": message("Indicators missing"),
    "newly_visible": message("Newly visible, not new"),
}
OF_THE_METRIC = {"value", "raw", "before", "low95", "high95", "low998", "high998"}  # in the metric's own unit
INTERVALS = {"low", "high", "low80", "high80"}  # of the value; beside low80 they are all of the change
TEXTS = {"period", "weekday", "hour", "band", "label", "domain", "established", "outside", "reason"}
AGAINST_PEERS = {
    "above": message("above"),
    "below": message("below"),
    None: message("cannot be separated from average"),
}
PROVISIONAL = " p"


def twin(measured: Measured, columns) -> dict:
    """The named columns of the measured rows, in words as rows and as numbers by column; those that the rows do not
    have are left out.

    A period that may still change is marked p.
    """
    shown = [column for column in columns if column in measured.rows.columns]
    provisional = measured.provisional_from and "period" in shown
    return {
        "caption": _caption(measured.metric.label, captions.unit(measured)),
        "columns": [
            {
                "name": column,
                "label": _heading(measured, column),
                "numeric": column not in TEXTS | {*measured.by},
                "values": [plain(cell) for cell in measured.rows[column]],
            }
            for column in shown
        ],
        "rows": [
            [_text(measured, column, row) for column in shown] for row in measured.rows.iter_rows(named=True)
        ],
        "notes": [phrase("p = provisional: later entries may still change it.")] if provisional else [],
    }


def _caption(label: str, unit: str) -> str:
    """The longer one alone where it says what the other says."""
    if unit.lower() in label.lower():
        return label
    return words.opening(unit) if label.lower() in unit.lower() else f"{label}: {unit}"


def _heading(measured: Measured, column: str) -> str:
    if column == "period":
        return words.opening(phrase(measured.every)) if measured.every.isalpha() else phrase("Period")
    if column == "waited":
        return words.many(measured.every)
    if column == "value":
        return words.opening(captions.unit(measured))
    amounts = words.amounts(measured.metric)
    if column in amounts:
        return amounts[column]
    return phrase(HEADINGS[column]) if column in HEADINGS else words.opening(words.column(column))


def _text(measured: Measured, column: str, row: dict) -> str:
    cell = row[column]
    if column == "period":
        may_change = measured.provisional_from and cell >= measured.provisional_from
        return captions.period(measured, cell) + (PROVISIONAL if may_change else "")
    if column in ("weekday", "hour", *measured.by):
        return words.named(column, cell)
    if column == "established":
        return phrase(AGAINST_PEERS[cell])
    if column == "reason":
        return phrase(cell) if cell else ""
    if cell is None:
        return words.not_known()
    if isinstance(cell, bool):
        return phrase("yes") if cell else phrase("no")
    if isinstance(cell, str):
        return phrase(cell) if column == "label" else cell
    if isinstance(cell, date):
        return words.day(cell)
    if column == "change" or (column in INTERVALS and "low80" in row):
        return words.change(cell)
    if column in OF_THE_METRIC | INTERVALS:
        return captions.value(measured, row, column)
    if column == "probability":
        return words.chance(cell)
    if column == "smallest_detectable":
        return words.percent(cell)
    if column == "ratio":
        return words.rate(cell)
    return words.number(cell)
