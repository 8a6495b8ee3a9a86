"""What a metric is, and how one is measured.

A metric is `per × numerator / denominator`. Each side is an amount over one cleaned table:
a flow (happened in the period) or a stock (existed at its end). `measure` turns a metric into a
measured table: metric, period, *by, numerator, denominator, value.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import ibis
import polars as pl

from retail_analytics.coverage import circumstances, only_covered
from retail_analytics.errors import ParameterError, UnknownName
from retail_analytics.language import in_words, phrase
from retail_analytics.months import after, day_after, window
from retail_analytics.warehouse import Warehouse
from retail_analytics.warehouse.scopes import ALL, Scope


@dataclass(frozen=True, eq=False)
class Flow:
    """What happened in a period: rows of `table` whose day `on` lies in it, counted or totalled."""

    table: str
    on: str
    where: Any = None
    total: Any = None

    def __str__(self) -> str:
        return f"{_totalled(self)} whose {self.on} lies in the period"


@dataclass(frozen=True, eq=False)
class Stock:
    """What existed at the end of a period: rows of `table` with start <= last day and no end by then."""

    table: str
    start: str
    end: str
    where: Any = None
    total: Any = None

    def __str__(self) -> str:
        return f"{_totalled(self)} from {self.start} to {self.end} on the period's last day"


@dataclass(frozen=True, eq=False)
class Metric:
    """A number we publish, as a definition that can be read aloud.

    `estimate` says how sure one can be of it: "rate" (events over exposure), "share" (k of n),
    "count", or "amount" (money; no interval here, and never two currencies added). `better` is "lower",
    "higher" or None. `materiality` is the smallest relative change worth a sentence.
    """

    id: str
    name: str
    label: str
    unit: str
    definition: str
    numerator: Flow | Stock | None = None
    denominator: Flow | Stock | None = None
    per: float = 1
    estimate: str = "rate"
    better: str | None = None
    materiality: float = 0.05
    currency: str | None = None  # of an amount: the column that says in which money it is

    @property
    def formula(self) -> str:
        """numerator / denominator in words of tables and columns."""
        if self.numerator is None:
            return "see the definition"
        per = f"{self.per:,.0f} × " if self.per != 1 else ""
        return f"{per}{self.numerator}" + (f"\n  / {self.denominator}" if self.denominator else "")


@dataclass(frozen=True, eq=False)
class Duration:
    """How long something lasts from `start` to `end`, in days or whole months; what is still open is censored."""

    id: str
    name: str
    label: str
    unit: str
    definition: str
    table: str
    start: str
    end: str
    ends: str  # what the days in `end` are called: "containment dates"
    where: Any = None
    every: str = "day"  # "month" where the source tells no days
    is_open: str = "still open"  # what is said of those without an end
    better: str | None = None
    estimate: str = "duration"

    @property
    def formula(self) -> str:
        """From which column to which, of which rows."""
        rows = f" where {_said(self.where)}" if self.where is not None else ""
        return f"{self.table}: {self.every}s from {self.start} to {self.end}{rows}"


@dataclass(frozen=True)
class Measured:
    """A measured table and all that is needed to draw it, speak of it and trace it.

    rows: polars frame: metric, period, *by, numerator, denominator, value; statistics add columns
    (low, high …). Empty when `not_recorded` says what this warehouse lacks.
    """

    rows: pl.DataFrame
    metric: Any
    by: tuple[str, ...] = ()
    last_month: date | None = None
    months: int = 12
    every: str = "month"
    scope: str = "all"
    place: Scope = ALL  # the scope, and how readers know it
    known_by: date | None = None
    as_known: date | None = None  # the newest day anything in the tables read was known
    snapshot: str = ""
    tables: tuple[str, ...] = ()
    script: Callable[[], str] = str
    not_recorded: str | None = None  # "no visits in this warehouse"
    provisional_from: date | None = None  # periods from this one on may still change
    annotations: tuple[dict, ...] = ()  # {from_on, to_on, scope, kind, text, source}
    tolerance: dict | None = None  # {limit, owner, agreed_on}
    gaps: tuple[dict, ...] = ()  # {table, region, first, last}: months not covered
    left_out: tuple[str, ...] = ()  # groups that are not in the rows, though the warehouse has them
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "metric", in_words(self.metric))

    @property
    def query(self) -> str:
        """The SQL that gives the amounts again; "" where nothing is recorded."""
        return self.script()

    def with_rows(self, rows: pl.DataFrame, **changes) -> "Measured":
        """The same measured table with other rows, and other facts where named."""
        return replace(self, rows=rows, **changes)

    def to_pandas(self):
        """The rows as a pandas frame."""
        return self.rows.to_pandas()

    def _repr_html_(self) -> str:
        return self.rows._repr_html_() if not self.not_recorded else f"Not recorded: {self.not_recorded}."


def measure(
    warehouse: Warehouse,
    metric: Metric,
    *,
    last_month: date | str,
    months: int = 12,
    by: tuple[str, ...] | str = (),
    scope: str = "all",
    every: str = "month",
) -> Measured:
    """Measure a metric month by month (or week by week, weeks beginning on Monday).

    One row per period and group, oldest first: metric, period, *by, numerator, denominator, value.
    A period in which nothing happened counts 0. Where the denominator is 0 or not known, or the data
    does not cover the period, the value is null. Of a warehouse as known on a day it counts what was known then. An
    amount of money is not recorded where it is in several currencies, unless it is measured by currency.

    Raises UnknownName if a breakdown is not a column of every table that the metric reads, or the scope
    is not in the warehouse; ParameterError for a month, day, number of months or period that cannot be.
    """
    by = (by,) if isinstance(by, str) else tuple(by)
    first, last = window(last_month, months)
    if every not in ("month", "week"):
        raise ParameterError(f"every is '{every}', expected month or week.")
    sides = [side for side in (metric.numerator, metric.denominator) if side is not None]
    tables = tuple(dict.fromkeys(side.table for side in sides))
    place = warehouse.scope(scope)
    _only_known(warehouse, metric, tables, by)
    facts = Measured(
        rows=_no_rows(by), metric=metric, by=by, last_month=last, months=months, every=every, scope=scope, place=place,
        known_by=warehouse.known_by, snapshot=warehouse.snapshot, tables=tables,
    )  # fmt: skip
    if missing := _missing(warehouse, tables, place):
        return replace(facts, not_recorded=missing)

    periods = _periods(first, last, every)
    amounts = [_amount(warehouse, side, periods, every, by, place) for side in sides]
    found = [warehouse.once(amount) for amount in amounts]
    # Rows there are, and none of them says how much.
    if any(amount.height and amount["amount"].null_count() == amount.height for amount in found):
        told = {"label": facts.metric.label, "small": metric.label.lower(), "place": place}
        if place == ALL:
            return replace(facts, not_recorded=phrase("no values for {small} in these months", **told))
        return replace(facts, not_recorded=phrase("no values for {small} in {place} in these months", **told))
    if metric.currency and metric.currency not in by:
        money = _currencies(warehouse, metric, place)
        if len(money) > 1:
            told = {"label": facts.metric.label, "small": metric.label.lower(), "mixed": ", ".join(money)}
            return replace(facts, not_recorded=phrase("{small} in one currency ({mixed} are mixed)", **told))
        facts = replace(facts, metric=replace(facts.metric, unit=", ".join([facts.metric.unit, *money])))
    rows = _grid(periods, found, by)
    facts = replace(
        facts,
        script=lambda: _script(periods, amounts),
        **circumstances(warehouse, metric, tables, first, last, place),
    )
    rows = only_covered(rows, warehouse, facts)
    value = metric.per * pl.col("numerator") / pl.col("denominator") if metric.denominator else pl.col("numerator")
    rows = rows.with_columns(
        pl.lit(metric.name).alias("metric"),
        pl.when((pl.col("denominator") > 0) | pl.lit(metric.denominator is None)).then(value).alias("value"),
    )
    return replace(facts, rows=rows.select("metric", "period", *by, "numerator", "denominator", "value"))


def durations(
    warehouse: Warehouse,
    duration: Duration,
    *,
    last_month: date | str,
    months: int = 12,
    by: tuple[str, ...] | str = (),
    scope: str = "all",
) -> Measured:
    """How long each thing that began in the window has lasted: metric, *by, waited, closed.

    One row per record; `waited` is in days, or in whole months where the duration is (`every` says which). What
    had not ended by the end of the last month (or of the data) is open: it has waited up to
    then and `closed` is false, so that it can be treated as censored.

    Raises UnknownName and ParameterError as `measure` does.
    """
    by = (by,) if isinstance(by, str) else tuple(by)
    first, last = window(last_month, months)
    place = warehouse.scope(scope)
    _only_known(warehouse, duration, (duration.table,), by)
    facts = Measured(
        rows=pl.DataFrame(schema={"metric": pl.String} | dict.fromkeys(by, pl.String)
                          | {"waited": pl.Float64, "closed": pl.Boolean}),
        metric=duration, by=by, last_month=last, months=months, every=duration.every, scope=scope, place=place,
        known_by=warehouse.known_by, snapshot=warehouse.snapshot, tables=(duration.table,),
    )  # fmt: skip
    if missing := _missing(warehouse, (duration.table,), place):
        return replace(facts, not_recorded=missing)
    end = min(after(last), day_after(warehouse.coverage[duration.table]["covered_to"]))
    t = warehouse.table(duration.table)
    recorded = _filtered(t, duration.where, place, t[duration.end].notnull()).limit(1)
    t = _filtered(t, duration.where, place, t[duration.start] >= first, t[duration.start] < end)
    closed = t[duration.end].notnull() & (t[duration.end] < end)
    until = ibis.ifelse(closed, t[duration.end], ibis.literal(end)).cast("date")
    expression = t.select(*by, waited=_since(t[duration.start], until, duration.every).cast("float64"), closed=closed)
    rows = warehouse.read(expression).with_columns(pl.lit(duration.name).alias("metric"))
    if rows.is_empty():
        table = phrase(duration.table.replace("_", " "))
        missing = phrase("no {table} to measure it by that began in these months", table=table)
        return replace(facts, not_recorded=missing)
    if not rows["closed"].any() and warehouse.read(recorded).is_empty():
        return replace(facts, not_recorded=phrase("no {what} in this warehouse", what=facts.metric.ends))
    return replace(
        facts,
        rows=rows.select("metric", *by, "waited", "closed").sort(*by, "waited", "closed", nulls_last=True),
        script=lambda: str(ibis.to_sql(expression, dialect="duckdb")),
        **circumstances(warehouse, duration, (duration.table,), first, last, place),
    )


def of_scope(t: ibis.Table, place: Scope) -> ibis.Table:
    """The rows of a cleaned table that a scope is about."""
    return _filtered(t, None, place)


def _only_known(warehouse: Warehouse, metric, tables, by) -> None:
    for name in tables:
        for column in by:
            if column not in warehouse.table(name).columns:
                raise UnknownName(f"breakdown of {metric.name}", column, warehouse.table(name).columns)


def _missing(warehouse: Warehouse, tables, place: Scope) -> str | None:
    """What this warehouse lacks to measure these tables there."""
    for name in tables:
        if name not in warehouse.coverage:
            return warehouse.lacking(name)
        if place.kind == "store" and not warehouse.tells("store_id", name):
            return warehouse.lacking(name, phrase("by store"))
        if place.kind == "store_format" and not warehouse.tells("store_format", name):
            return warehouse.lacking(name, phrase("by store format"))
    return None


def _totalled(amount) -> str:
    what = f"total of {_said(amount.total)} over {amount.table}" if amount.total is not None else f"{amount.table}"
    return what + (f" where {_said(amount.where)}" if amount.where is not None else "")


def _said(expression) -> str:
    return str(expression).replace("_.", "")


def _periods(first: date, last: date, every: str) -> pl.DataFrame:
    """period and period_end (the first day after it), whole ones only."""
    end = after(last)
    if every == "month":
        days = pl.date_range(first, end, "1mo", eager=True)
    else:
        days = pl.date_range(first + timedelta(days=-first.weekday() % 7), end, "1w", eager=True)
    return pl.DataFrame({"period": days[:-1], "period_end": days[1:]})


@cache
def _spans(periods: tuple[tuple[date, date], ...]) -> ibis.Table:
    return ibis.memtable(pl.DataFrame(periods, schema=["period", "period_end"], orient="row"))


def _script(periods: pl.DataFrame, amounts) -> str:
    """SQL that gives the amounts again, one statement each, as it stands."""
    spans = _spans(tuple(periods.rows())).get_name()
    queries = [str(ibis.to_sql(amount, dialect="duckdb")).replace(spans, "periods") for amount in amounts]
    rows = ",\n".join(f"  (DATE '{period}', DATE '{end}')" for period, end in periods.iter_rows())
    table = f"CREATE TEMP TABLE periods AS\nFROM (VALUES\n{rows}\n) AS spans(period, period_end)"
    return ";\n\n".join([table] * any('"periods"' in query for query in queries) + queries) + ";"


def _amount(warehouse, side, periods: pl.DataFrame, every: str, by, place: Scope) -> ibis.Table:
    """period, *by, amount: one row per period and group in which the amount has rows."""
    t = warehouse.table(side.table)
    if isinstance(side, Flow):
        # Periods follow each other without a gap: the day tells its own.
        begin, end = periods["period"].min() or date.max, periods["period_end"].max() or date.max
        found = _filtered(t, side.where, place, t[side.on] >= begin, t[side.on] < end)
        period = t[side.on].truncate(every[0].upper()).name("period")
    else:
        spans = _spans(tuple(periods.rows()))
        t = _filtered(t, side.where, place).select(*_needed(t, side, by))
        lasting = ibis.coalesce(t[side.end], ibis.literal(date.max)) >= spans.period_end
        found = spans.join(t, [t[side.start] < spans.period_end, lasting])
        period = "period"
    total = side.total if side.total is not None else ibis._.count()
    return found.group_by(period, *by).agg(amount=total.cast("float64"))


def _needed(t: ibis.Table, side: Stock, by) -> list[str]:
    """The columns from which a stock is counted or totalled."""
    totalled = side.total.resolve(t).op().find(ibis.expr.operations.Field) if side.total is not None else ()
    return [*dict.fromkeys([side.start, side.end, *by, *(field.name for field in totalled)])]


def _filtered(t: ibis.Table, where, place: Scope, *more) -> ibis.Table:
    """In one step: Ibis would be long in putting several together."""
    conditions = [*more, *([where] if where is not None else [])]
    match place.kind:
        case "region":
            conditions.append(t.region == place.name)
        case "store_format":
            conditions.append(t.store_format == place.name)
        case "store":
            conditions.append(t.store_id == place.name)
    return t.filter(*conditions) if conditions else t


def _currencies(warehouse: Warehouse, metric: Metric, place: Scope) -> list[str]:
    t = _filtered(warehouse.table(metric.numerator.table), metric.numerator.where, place)
    return sorted(warehouse.read(t.select(metric.currency).distinct())[metric.currency].drop_nulls())


def _since(start, end, every: str):
    if every == "month":
        return (end.year() - start.year()) * 12 + end.month() - start.month()
    return end.epoch_days() - start.epoch_days()


def _grid(periods: pl.DataFrame, amounts: list[pl.DataFrame], by) -> pl.DataFrame:
    """Every period with every group that any side has; 0 where a side has no rows, null where it has no values."""
    grid = periods.select("period")
    if by:
        grid = grid.join(pl.concat([a.select(by) for a in amounts]).unique(), how="cross")
    for name, amount in zip(("numerator", "denominator"), amounts, strict=False):
        found = amount.rename({"amount": name})
        found = found.with_columns(pl.col("period").cast(pl.Date), pl.lit(True).alias("there"))
        grid = grid.join(found, on=["period", *by], how="left", nulls_equal=True)
        grid = grid.with_columns(pl.when(pl.col("there")).then(name).otherwise(0.0).alias(name)).drop("there")
    if len(amounts) == 1:
        grid = grid.with_columns(pl.lit(None, pl.Float64).alias("denominator"))
    return grid.sort("period", *by, nulls_last=True)


def _no_rows(by) -> pl.DataFrame:
    return pl.DataFrame(
        schema={"metric": pl.String, "period": pl.Date}
        | dict.fromkeys(by, pl.String)
        | {"numerator": pl.Float64, "denominator": pl.Float64, "value": pl.Float64}
    )
