"""How sure we can be of a rate, a share or a count, and of its change on the year before."""

from dataclasses import dataclass
from datetime import timedelta
from warnings import catch_warnings, simplefilter

import numpy as np
import polars as pl
from scipy.special import betaincinv
from scipy.stats import beta, norm, t
from statsmodels.genmod.families import Binomial, Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from retail_analytics.compare import FEWEST_EVENTS, FEWEST_MEMBERS, groups, settled
from retail_analytics.errors import WorkbenchError
from retail_analytics.measure import Measured, Stock
from retail_analytics.months import after

POISSON_UP_TO = 1.5  # above this dispersion Poisson limits are too narrow and are never used
FEWEST_MONTHS = 24  # two of each month: the least that tells a season from a change
FEWEST_FOR_SCATTER = 8  # periods; with fewer, scatter cannot be told from a trend
EXACT_BELOW = 100  # events in a window; from here on the normal approximation is as good


def with_interval(measured: Measured) -> Measured:
    """Adds low and high, the 95 % limits of value.

    Shares: Wilson; where a column `unknown` counts members of which it is not known, the upper limit is that of
    a share that holds them all. Rates and counts: exact Poisson (Garwood), or negative binomial where the settled
    periods of the group scatter more than 1.5 times as much as Poisson's would. Null where value is, and
    where nothing was sampled or no interval is made here: stocks that are counted, amounts of money.
    """
    rows = measured.rows
    if rows.is_empty():
        return measured.with_rows(pl.DataFrame(schema={**rows.schema, "low": pl.Float64, "high": pl.Float64}))
    if measured.metric.estimate not in ("share", "rate", "count") or _is_counted(measured.metric):
        return measured.with_rows(rows.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64)))
    limits = _wilson if measured.metric.estimate == "share" else _event_limits
    parts = [limits(part, measured) for _, part in groups(measured.with_rows(rows.with_row_index("place")))]
    return measured.with_rows(pl.concat(parts).sort("place").drop("place"))


def year_on_year(measured: Measured, months: int = 12) -> Measured:
    """The last `months` settled months against the same months a year earlier; one row per group.

    Stocks are compared at two dates: the end of the last settled month and the same a year before.

    Rows: metric, period (the last), *by, numerator, denominator, value, numerator_before,
    denominator_before, before, change (0.1 is 10 % more), low, high (95 % of change), low80, high80,
    smallest_detectable (the relative rise we would have seen with 80 % power), reason,
    missing_periods, recording_changes. `months` of the result is the length of the window.

    reason is null, or why the change cannot be told: "too few months", "months not covered"
    (missing_periods lists them), "recording changed" (recording_changes says what and when), "none a year
    before", "too few events", "too few members", "no interval for amounts". What is known is given all
    the same.

    Rates and counts: Poisson regression with month-of-year effects, a level for each year and exposure
    as offset over all settled months, its errors widened by Pearson's chi-square over the degrees of
    freedom; the exact conditional ratio where that is at most 1.5 and counts are below 100.
    Shares: log ratio of two proportions, widened likewise unless they are stocks.
    Counted stocks have a change and no limits: nothing was sampled.
    """
    if not 1 <= months <= 12 or measured.every != "month":
        raise WorkbenchError("year_on_year compares 1 to 12 whole months. Measure with every='month'.")
    known = settled(measured)
    by_columns = {name: known.rows.schema.get(name, pl.String) for name in measured.by}
    schema = {"metric": pl.String, "period": pl.Date, **by_columns, **COMPARED}
    if known.rows.is_empty():
        return measured.with_rows(pl.DataFrame(schema=schema), months=months)
    last = known.rows["period"].max()
    rows = []
    for key, part in groups(known):
        row = {"metric": measured.metric.name, "period": last} | dict(zip(measured.by, key, strict=True))
        row["recording_changes"] = _recording_changes(known, last, months, key)
        rows.append(row | _compared(part, measured.metric, last, months, row["recording_changes"]))
    return measured.with_rows(pl.DataFrame(rows, schema=schema), months=months)


def like_for_like(measured: Measured, months: int = 12) -> Measured:
    """The groups of one breakdown as one series for year_on_year: those that were recorded alike in both windows.

    Rows: metric, period, numerator, denominator, value; `left_out` names the groups whose recording changed
    between the windows, or that have a month in them without a value. Where that would leave none, all are kept,
    and year_on_year says why it cannot tell. A period in which a kept group is not known is null.

    Raises WorkbenchError for other than one breakdown.
    """
    if len(measured.by) != 1:
        raise WorkbenchError("like_for_like puts the groups of one breakdown together. Measure with by='region'.")
    known, metric = settled(measured), measured.metric
    if known.rows.is_empty():
        return measured.with_rows(measured.rows.drop(measured.by), by=())
    now, then = _windows(metric, known.rows["period"].max(), months)
    kept = []
    for key, part in groups(known):
        within = part.filter(pl.col("period").is_in([*now, *then]))
        if not _recording_changes(known, now[0], months, key) and not within["numerator"].null_count():
            kept.append(key[0])
    (column,) = measured.by
    every = [key[0] for key, _ in groups(known)]
    kept = kept or every
    rows = measured.rows.filter(pl.col(column).is_in(kept, nulls_equal=True))
    sides = [
        pl.when(pl.col(side).null_count() == 0).then(pl.col(side).sum()).alias(side)
        for side in ("numerator", "denominator")
    ]
    value = metric.per * pl.col("numerator") / (pl.col("denominator") if metric.denominator else 1.0)
    rows = rows.group_by("metric", "period", maintain_order=True).agg(sides).sort("period").with_columns(
        pl.when((pl.col("denominator") > 0) | pl.lit(not metric.denominator)).then(value).alias("value")
    )
    left_out = tuple(str(name) for name in every if name not in kept)
    notes = tuple(note for note in measured.annotations if note["scope"] not in left_out)
    return measured.with_rows(rows, by=(), left_out=left_out, annotations=notes)


NUMBERS = ["numerator", "denominator", "value", "numerator_before", "denominator_before", "before", "change"]
NUMBERS += ["low", "high", "low80", "high80", "smallest_detectable"]
COMPARED = dict.fromkeys(NUMBERS, pl.Float64) | {
    "reason": pl.String,
    "missing_periods": pl.List(pl.Date),
    "recording_changes": pl.List(pl.Struct({"from_on": pl.Date, "text": pl.String})),
}


def _compared(part, metric, last, months, recording_changes):
    now, then = _windows(metric, last, months)
    covered = part.filter(pl.col("value").is_not_null())
    missing = sorted({*now, *then} - set(covered["period"]))
    unmeasured = part["period"].min() > min(then)
    a, e1, value = _summed(covered, now, metric)
    b, e0, before = _summed(covered, then, metric)
    row = {"numerator": a, "denominator": e1, "value": value}
    row |= {"numerator_before": b, "denominator_before": e0, "before": before}
    row |= {"missing_periods": [] if unmeasured else missing}
    if unmeasured or missing:
        return row | {"reason": "too few months" if unmeasured else "months not covered"}
    if before > 0:
        row["change"] = value / before - 1
    if covered.height < FEWEST_MONTHS and not isinstance(metric.numerator, Stock):
        return row | {"reason": "too few months"}
    if recording_changes:
        return row | {"reason": "recording changed"}
    exposures = (e1 or 1.0, e0 or 1.0)
    reason = _too_little(metric, a, b, *exposures)
    if reason or _is_counted(metric):
        return row | {"reason": reason}
    scatter = Scatter() if isinstance(metric.numerator, Stock) else _scatter(covered, metric, months)
    limits = _share_limits if metric.estimate == "share" else _ratio_limits
    return row | limits(a, b, *exposures, scatter)


def _too_little(metric, a, b, e1, e0):
    if metric.estimate not in ("share", "rate", "count"):
        return "no interval for amounts"
    if metric.estimate == "share" and min(e1, e0) < FEWEST_MEMBERS:
        return "too few members"
    if metric.estimate != "share" and max(a, b * e1 / e0) < FEWEST_EVENTS:
        return "too few events"
    return None if b > 0 else "none a year before"


def _ratio_limits(a, b, e1, e0, scatter):
    phi = max(1.0, scatter.phi)
    part = e1 / (e1 + e0)  # of all events, if nothing had changed
    null_error = np.sqrt(phi / ((a + b) * part * (1 - part)))
    if scatter.error is None or a == 0 or (scatter.phi <= POISSON_UP_TO and min(a, b) < EXACT_BELOW):
        # phi events that come together tell as much as one.
        x, y = (a / phi, b / phi) if scatter.phi > POISSON_UP_TO else (a, b)
        limits = {}
        for tail, suffix in ((0.025, ""), (0.1, "80")):
            low = beta.ppf(tail, x, y + 1) if a > 0 else 0.0
            high = beta.ppf(1 - tail, x + 1, y)
            limits |= {
                f"low{suffix}": low / (1 - low) * e0 / e1 - 1,
                f"high{suffix}": high / (1 - high) * e0 / e1 - 1,
            }
        return limits | {"smallest_detectable": float(np.expm1((norm.ppf(0.975) + norm.ppf(0.8)) * null_error))}
    return _around(np.log(a / e1 / (b / e0)), scatter.error * np.sqrt(phi), null_error, t(scatter.freedom))


def _share_limits(a, b, n1, n0, scatter):
    # Half a member is added to each side, so that 0 of n and n of n have an error too.
    phi, parts = max(1.0, scatter.phi), ((a + 0.5, n1 + 1), (b + 0.5, n0 + 1))
    error = np.sqrt(phi * sum(1 / k - 1 / n for k, n in parts))
    pooled = (a + b + 1) / (n1 + n0 + 2)
    null_error = np.sqrt(phi * (1 - pooled) / pooled * (1 / n1 + 1 / n0))
    known = norm if scatter.freedom is None else t(scatter.freedom)
    limits = _around(np.log(parts[0][0] / parts[0][1] / (parts[1][0] / parts[1][1])), error, null_error, known)
    return limits if a > 0 else limits | {"low": -1.0, "low80": -1.0}


def _around(log_ratio, error, null_error, distribution):
    reach, reach80 = distribution.ppf(0.975) * error, distribution.ppf(0.9) * error
    return {
        "low": float(np.expm1(log_ratio - reach)),
        "high": float(np.expm1(log_ratio + reach)),
        "low80": float(np.expm1(log_ratio - reach80)),
        "high80": float(np.expm1(log_ratio + reach80)),
        "smallest_detectable": float(np.expm1((distribution.ppf(0.975) + distribution.ppf(0.8)) * null_error)),
    }


@dataclass(frozen=True)
class Scatter:
    """How much more a history scatters than pure chance: Pearson's chi-square over degrees of freedom.

    error is that of the log ratio of the last window to the one a year before, at phi 1.
    """

    phi: float = 1.0
    freedom: int | None = None
    error: float | None = None


def _scatter(covered, metric, window=12):
    """Season, years and exposure are taken out first; a shorter history has a straight trend taken out."""
    counts = covered["numerator"].to_numpy()
    exposure = covered["denominator"].fill_null(1.0).to_numpy()
    last = covered["period"].max()
    back = np.array([_months_between(period, last) for period in covered["period"]])
    if len(counts) < FEWEST_FOR_SCATTER or counts.sum() == 0:
        return Scatter()
    if len(counts) < FEWEST_MONTHS:
        return _fitted(counts, exposure, np.column_stack([np.ones(len(back)), back]), metric)
    season, level = back % 12, back // 12 * 2 + (back % 12 >= window)
    keep = _informative(counts, exposure - counts if metric.estimate == "share" else None, season, level)
    counts, exposure, season, level = counts[keep], exposure[keep], season[keep], level[keep]
    if len(counts) == 0:
        return Scatter()
    # Months inside the window never share a season with those outside, so each side has its own first
    # level. The year before comes first in the design: its coefficient is the change.
    bases = {int(level[level % 2 == side].min()) for side in set(level % 2)}
    levels = sorted(set(level.tolist()) - bases)
    levels = [2] * (2 in levels) + [one for one in levels if one != 2]
    design = np.column_stack([level == one for one in levels] + [season == one for one in sorted(set(season))])
    if 0 not in bases or np.linalg.matrix_rank(design) >= len(counts):
        return _fitted(counts, exposure, np.ones((len(counts), 1)), metric)
    return _fitted(counts, exposure, design.astype(float), metric, contrast=2 in levels)


def _informative(counts, failures, season, level):
    # A season or year without a single event fits any rate at all: it says nothing about scatter.
    keep, before = np.ones(len(counts), bool), None
    while before is None or (keep != before).any():
        before = keep.copy()
        for label in (season, level):
            for one in set(label):
                members = keep & (label == one)
                if counts[members].sum() == 0 or (failures is not None and failures[members].sum() == 0):
                    keep &= label != one
    return keep


def _fitted(counts, exposure, design, metric, contrast=False):
    freedom = len(counts) - int(np.linalg.matrix_rank(design))
    if freedom < 1:
        return Scatter()
    if metric.estimate == "share":
        model = GLM(np.column_stack([counts, exposure - counts]), design, family=Binomial())
    else:
        model = GLM(counts, design, family=Poisson(), offset=np.log(exposure))
    with catch_warnings():
        simplefilter("ignore", PerfectSeparationWarning)  # a perfect fit is a history without scatter
        fit = model.fit()
    error = float(np.sqrt(fit.normalized_cov_params[0, 0])) if contrast else None
    return Scatter(phi=float(fit.pearson_chi2) / freedom, freedom=freedom, error=error)


def _event_limits(part, measured):
    known = part.filter(pl.col("value").is_not_null())
    scatter = _scatter(settled(measured.with_rows(known)).rows, measured.metric) if known.height else Scatter()
    counts = known["numerator"].to_numpy()
    if scatter.phi <= POISSON_UP_TO:
        low, high = confint_poisson(counts, 1, method="exact-c")
    else:
        # var = mean + mean² / size, with the size that gives phi at the average count
        size = settled(measured.with_rows(known)).rows["numerator"].mean() / (scatter.phi - 1)
        low_p = betaincinv(size, np.maximum(counts, 1), 0.975)
        high_p = betaincinv(size, counts + 1, 0.025)
        low = np.where(counts > 0, size * (1 - low_p) / low_p, 0.0)
        high = size * (1 - high_p) / high_p
    unit = measured.metric.per / known["denominator"].fill_null(1.0).to_numpy()
    return _beside(part, known, low * unit, high * unit)


def _wilson(part, measured):
    known = part.filter(pl.col("value").is_not_null())
    counts, all_of = known["numerator"].to_numpy(), known["denominator"].to_numpy()
    highest = counts + known["unknown"].to_numpy() if "unknown" in known.columns else counts
    low, _ = proportion_confint(counts, all_of, method="wilson")
    _, high = proportion_confint(highest, all_of, method="wilson")
    return _beside(part, known, low * measured.metric.per, high * measured.metric.per)


def _beside(part, known, low, high):
    limits = known.select("place").with_columns(
        low=pl.Series(low, dtype=pl.Float64), high=pl.Series(high, dtype=pl.Float64)
    )
    return part.join(limits, on="place", how="left", maintain_order="left")


def _is_counted(metric):
    return metric.estimate == "count" and isinstance(metric.numerator, Stock)


def _summed(covered, periods, metric):
    window = covered.filter(pl.col("period").is_in(periods))
    if window.height < len(periods):
        return None, None, None
    numerator = window["numerator"].sum()
    denominator = None if window["denominator"].null_count() else window["denominator"].sum()
    return numerator, denominator, metric.per * numerator / (denominator or 1.0)


def _windows(metric, last, months):
    now = [after(last, -back) for back in range(1 if isinstance(metric.numerator, Stock) else months)]
    return now, [after(period, -12) for period in now]


def _recording_changes(measured, last, months, key):
    """Those that make the two windows different: what was already so before both, or came after, does not."""
    now, then = _windows(measured.metric, last, months)
    is_stock = isinstance(measured.metric.numerator, Stock)
    # A stock is seen at the end of its month: what changed on the day after makes a difference.
    start = after(then[0]) - timedelta(days=1) if is_stock else min(then)
    end = after(last)
    places = {place for name in measured.by for place in measured.rows[name]}
    return [
        {"from_on": note["from_on"], "text": note["text"]}
        for note in measured.annotations
        if note["kind"] == "recording change"
        and (note["scope"] not in places or note["scope"] in key)
        and (start < note["from_on"] < end or (note["to_on"] and start < note["to_on"] + timedelta(days=1) < end))
    ]


def _months_between(first, last):
    return (last.year - first.year) * 12 + last.month - first.month
