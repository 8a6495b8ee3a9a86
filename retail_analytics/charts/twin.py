"""The table behind every chart: the same numbers in words and as numbers, row by row as measured."""

from datetime import date

from retail_analytics import words
from retail_analytics.charts import captions
from retail_analytics.exhibits import plain
from retail_analytics.measure import Measured

HEADINGS = {
    "numerator": "Numerator",
    "denominator": "Denominator",
    "low": "95 % from",
    "high": "95 % to",
    "low80": "80 % from",
    "high80": "80 % to",
    "before": "Before",
    "change": "Change",
    "smallest_detectable": "Smallest change that could be seen",
    "reason": "Why it cannot be told",
    "raw": "As recorded",
    "ratio": "Times peers",
    "probability": "Probability of more than 1.5 times peers",
    "established": "Against peers",
    "expected": "Expected",
    "low95": "95 % limits from",
    "high95": "95 % limits to",
    "low998": "99.8 % limits from",
    "high998": "99.8 % limits to",
    "outside": "Outside the 99.8 % limits",
    "at_risk": "Still watched",
    "n": "Number",
    "band": "Part",
    "label": "Domain",
    "indicators": "Indicators measured",
    "missing": "Indicators missing",
    "newly_visible": "Newly visible, not new",
}
OF_THE_METRIC = {"value", "raw", "before", "low95", "high95", "low998", "high998"}  # in the metric's own unit
INTERVALS = {"low", "high", "low80", "high80"}  # of the value; beside low80 they are all of the change
TEXTS = {"period", "weekday", "hour", "band", "label", "domain", "established", "outside", "reason"}
AGAINST_PEERS = {"above": "above", "below": "below", None: "cannot be separated from average"}
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
        "notes": ["p = provisional: later entries may still change it."] if provisional else [],
    }


def _caption(label: str, unit: str) -> str:
    """The longer one alone where it says what the other says."""
    if unit.lower() in label.lower():
        return label
    return words.opening(unit) if label.lower() in unit.lower() else f"{label}: {unit}"


def _heading(measured: Measured, column: str) -> str:
    if column == "period":
        return measured.every.capitalize() if measured.every.isalpha() else "Period"
    if column == "waited":
        return f"{measured.every.capitalize()}s"
    if column == "value":
        return words.opening(captions.unit(measured))
    amounts = words.amounts(measured.metric)
    if column in amounts:
        return amounts[column]
    return HEADINGS.get(column, words.opening(words.column(column)))


def _text(measured: Measured, column: str, row: dict) -> str:
    cell = row[column]
    if column == "period":
        may_change = measured.provisional_from and cell >= measured.provisional_from
        return captions.period(measured, cell) + (PROVISIONAL if may_change else "")
    if column in ("weekday", "hour", *measured.by):
        return words.named(column, cell)
    if column == "established":
        return AGAINST_PEERS[cell]
    if column == "reason":
        return cell or ""
    if cell is None:
        return words.not_known()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return cell
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
