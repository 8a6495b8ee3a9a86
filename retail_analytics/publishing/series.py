"""The numbers of a record by metric, period and group: what can be compared between two pages."""

from dataclasses import dataclass

KEYS = ("band", "label", "weekday", "hour", "waited", "year")  # columns that name a row beside period and breakdown
SIDES, ENDS = ("numerator", "denominator"), ("low", "high")
LIMITS = {"low", "high", "low80", "high80", "low95", "high95", "low998", "high998"}
NOT_COMPARED = LIMITS | {"smallest_detectable", "weakest", "probability", "established", "outside", "reason"}


@dataclass(frozen=True)
class Series:
    """The numbers of one metric, divided and written in one way, by place: its period (or window) and groups."""

    key: tuple
    metric: str
    label: str
    unit: str
    estimate: str
    every: str
    by: list[str]
    keys: list[str]  # the columns that the groups of a place are of
    dated: bool  # the places have a period, not a window
    tables: list[str]
    provisional_from: str | None
    numbers: dict[tuple, dict]


def series_of(record: dict) -> dict[tuple, Series]:
    """The series of a record's exhibits by key. (The ends of intervals depend on the whole history: they stand beside
    a value, and are not compared.)
    """
    labels = {one["name"]: one["label"] for one in record["definitions"]}
    found: dict[tuple, Series] = {}
    for exhibit in record["exhibits"]:
        columns = {one["name"]: one["values"] for one in exhibit["table"]["columns"] if "values" in one}
        facts = exhibit["measured"]
        if columns and facts:
            one = _series(facts, columns, labels.get(facts["metric"], facts["metric"]))
            found.setdefault(one.key, one).numbers.update(one.numbers)
    return found


def _series(facts: dict, columns: dict[str, list], label: str) -> Series:
    keys = [name for name in columns if name in KEYS or name in facts["by"]]
    names = [name for name in columns if name not in (*keys, "period", *NOT_COMPARED)]
    if "value" in columns:
        names = [name for name in ("value", *SIDES, *ENDS) if name in columns]
    height = len(next(iter(columns.values())))
    dated = "period" in columns or facts["period"] is not None
    window = facts["period"] or f"{facts['months']} months to {facts['last_month']}"
    months = columns.get("months", [None] * height)  # of a year that is not over: more months, another number
    periods = columns.get("period", [window] * height)
    numbers = {}
    for at in range(height):
        place = (periods[at], *(columns[name][at] for name in keys))
        if months[at] is not None:
            place = (f"{months[at]} months", *place[1:])
        numbers[place] = {name: columns[name][at] for name in names if not isinstance(columns[name][at], bool)}
    told = (facts["metric"], facts["unit"], facts["estimate"], facts["every"], *keys, "", *names)
    return Series(
        key=told, metric=facts["metric"], label=label, unit=facts["unit"], estimate=facts["estimate"],
        every=facts["every"], by=facts["by"], keys=keys, dated=dated, tables=facts["tables"],
        provisional_from=facts["provisional_from"], numbers=numbers,
    )  # fmt: skip
