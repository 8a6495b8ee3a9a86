"""Which groups truly differ from their peers: shrunken rates and the funnel. Never a raw league table."""

import numpy as np
import polars as pl
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, xlogy
from scipy.stats import gamma, norm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.rates import confint_poisson

from retail_analytics.compare import latest, settled
from retail_analytics.errors import WorkbenchError
from retail_analytics.language import decimal, phrase
from retail_analytics.measure import Measured, Stock

MUCH_MORE = 1.5  # times the peers' rate; `probability` is that of being above it
FALSE_SHARE = 0.10  # of the groups flagged, the share that may be so by chance (Benjamini-Hochberg)
VERY_LIKELY = 0.9
WATCHED = ("value", "low", "high", "ratio", "probability")
WINSORISED = 0.10  # of the z scores at each end, so that true outliers do not widen their own limits
MOST_DIFFERENT, MOST_ALIKE = 0.01, 1e6  # shapes of the prior between which the likeliest is sought
NO_DIFFERENCE = 1e5  # from this shape on, groups differ by less than 1 %


def shrunken(measured: Measured) -> Measured:
    """Each group's rate over all settled periods, drawn towards its peers' as far as it has few events.

    Rows, highest first: metric, *by, numerator, denominator, raw, value, low, high, ratio, probability,
    established. value is the gamma-Poisson posterior mean; low and high are its 95 % limits, widened as far as
    the rate of all groups is itself uncertain; ratio is to all groups together, probability is P(ratio > 1.5),
    established is "above", "below" or null (Benjamini-Hochberg at 10 %). Where a group's events come in bursts,
    they count for less. A group without exposure has null values and comes last. notes say how many chance
    alone would flag, and whether the groups differ at all.
    """
    totals = _totals(measured)
    if totals.is_empty():
        return measured.with_rows(pl.DataFrame(schema={**totals.schema, **SHRUNKEN}))
    exposed = totals.filter(pl.col("denominator") > 0)
    counts, exposure = exposed["numerator"].to_numpy(), exposed["denominator"].to_numpy()
    overall = counts.sum() / max(exposure.sum(), 1e-300)
    # Events that come phi at a time tell as much as one.
    phi = _bursts(measured)
    seen, expected = counts / phi, exposure * overall / phi
    shape = _shape(seen, expected)
    ratio = gamma(shape + seen, scale=1 / (shape + expected))
    mean, unit = ratio.mean(), measured.metric.per * overall
    # The rate of all groups is itself estimated, and counts for as much of a group's as it is drawn towards it.
    of_all = norm.ppf(0.975) / np.sqrt(max(seen.sum(), 1.0)) * shape / (shape + expected)
    low, high = (mean * np.exp(sign * np.hypot(np.log(ratio.ppf(tail) / mean), of_all))
                 for sign, tail in ((-1, 0.025), (1, 0.975)))  # fmt: skip
    estimates = exposed.select("metric", *measured.by).with_columns(
        raw=pl.Series(measured.metric.per * counts / exposure),
        value=pl.Series(mean * unit),
        low=pl.Series(low * unit),
        high=pl.Series(high * unit),
        ratio=pl.Series(mean),
        probability=pl.Series(ratio.sf(MUCH_MORE)),
        established=pl.Series(_established(seen, expected), dtype=pl.String),
    )
    rows = totals.join(estimates, on=["metric", *measured.by], how="left", nulls_equal=True)
    flagged, n = estimates["established"].count(), exposed.height
    told = {"n": n, "alone": decimal(n * 0.05, 1), "flagged": flagged, "false": decimal(flagged * FALSE_SHARE, 1)}
    note = phrase(
        "{flagged} of {n} differ from their peers (Benjamini-Hochberg at 10 %: about {false} of them by chance); an "
        "uncorrected 5 % test would flag about {alone} of {n} by chance alone.", **told,
    ) if flagged else phrase(
        "None of {n} differ from their peers (Benjamini-Hochberg at 10 %); an uncorrected 5 % test would flag about "
        "{alone} of {n} by chance alone.", **told,
    )  # fmt: skip
    alike = (phrase("They scatter no more than chance would have it: no difference between them can be seen."),)
    rows = rows.sort("value", *measured.by, descending=[True, *[False] * len(measured.by)], nulls_last=True)
    return measured.with_rows(rows, notes=(*measured.notes, note, *alike * (shape > NO_DIFFERENCE)))


def watch_list(ranked: Measured) -> Measured:
    """Of `shrunken` only the groups that very likely (90 % or more) have over 1.5 times their peers' rate."""
    shown = ranked.rows.filter(pl.col("probability") >= VERY_LIKELY)
    note = phrase(
        "On the list: very likely over {times} times the rate of all. A funnel asks another question, whether a "
        "group lies outside the scatter that is usual among such groups; one can be on the list and inside it.",
        times=decimal(MUCH_MORE, 1),
    )
    return ranked.with_rows(shown.select("metric", *ranked.by, "numerator", "denominator", *WATCHED), notes=(note,))


def hours(by_hour: Measured) -> Measured:
    """The hours of metrics.theft.thefts_by_hour with low and high, limits of the ratio to the average hour.

    Exact Poisson, at 95 % for all hours together (Bonferroni): an hour whose low is above 1 is busier than
    average though so many hours were looked at.
    """
    rows = by_hour.rows
    if rows.is_empty():
        return by_hour.with_rows(rows.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64)))
    low, high = confint_poisson(rows["numerator"].to_numpy(), 1, method="exact-c", alpha=0.05 / rows.height)
    average = rows["denominator"].to_numpy()
    note = phrase("The limits hold for all {n} hours together.", n=rows.height)
    limits = rows.with_columns(low=pl.Series(low / average), high=pl.Series(high / average))
    return by_hour.with_rows(limits, notes=(*by_hour.notes, note))


def funnel(measured: Measured) -> Measured:
    """Each group's rate beside the limits within which groups like it would scatter.

    Rows by expected: metric, *by, expected, numerator, denominator, value, low95, high95, low998,
    high998, outside (of the 99.8 % limits). expected is the count at the rate of all groups together;
    limits are on the square-root scale, widened by the winsorised over-dispersion of the groups
    (Spiegelhalter 2005). Groups without exposure have no place in it and are left out.
    """
    totals = _totals(measured).filter(pl.col("denominator") > 0)
    if totals.is_empty():
        return measured.with_rows(pl.DataFrame(schema={**totals.schema, **FUNNEL}))
    counts, exposure = totals["numerator"].to_numpy(), totals["denominator"].to_numpy()
    expected = exposure * counts.sum() / exposure.sum()
    z = np.sort(2 * (np.sqrt(counts) - np.sqrt(expected)))
    tails = np.quantile(z, [WINSORISED, 1 - WINSORISED])
    phi = max(1.0, float(np.mean(np.clip(z, *tails) ** 2)))
    columns = {"expected": expected, "value": measured.metric.per * counts / exposure}
    for level, name in ((0.95, "95"), (0.998, "998")):
        reach = norm.ppf((1 + level) / 2) * np.sqrt(phi) / 2
        low, high = np.maximum(np.sqrt(expected) - reach, 0) ** 2, (np.sqrt(expected) + reach) ** 2
        columns |= {f"low{name}": measured.metric.per * low / exposure}
        columns |= {f"high{name}": measured.metric.per * high / exposure}
    rows = totals.with_columns(pl.Series(name, values) for name, values in columns.items()).with_columns(
        outside=~pl.col("value").is_between("low998", "high998")
    )
    return measured.with_rows(rows.select("metric", *measured.by, *FUNNEL).sort("expected", *measured.by))


NUMBERS = ("raw", "value", "low", "high", "ratio", "probability")
SHRUNKEN = dict.fromkeys(NUMBERS, pl.Float64) | {"established": pl.String}
FUNNEL = dict.fromkeys(("expected", "numerator", "denominator", "value"), pl.Float64)
FUNNEL |= dict.fromkeys(("low95", "high95", "low998", "high998"), pl.Float64) | {"outside": pl.Boolean}


def _totals(measured):
    """One row per group: its events and exposure in the settled periods where both are known."""
    if measured.metric.estimate != "rate":
        raise WorkbenchError(
            f"{measured.metric.name} is no rate: groups are compared by events over exposure. "
            "Measure a rate, or show shares with their intervals."
        )
    is_stock = isinstance(measured.metric.numerator, Stock)
    rows = latest(measured).rows if is_stock else settled(measured).rows
    if rows.is_empty():
        by = {name: rows.schema.get(name, pl.String) for name in measured.by}
        return pl.DataFrame(schema={"metric": pl.String, **by, "numerator": pl.Float64, "denominator": pl.Float64})
    known = pl.col("value").is_not_null()
    return rows.group_by("metric", *measured.by, maintain_order=True).agg(
        pl.col("numerator").filter(known).sum(), pl.col("denominator").filter(known).sum()
    )


def _shape(seen, expected):
    """The shape of the gamma that the groups' true ratios come from: most likely given what was seen."""

    def unlikelihood(log_shape):
        shape = np.exp(log_shape)
        together = shape + expected
        # Written out because scipy's negative binomial takes whole counts only.
        return -np.sum(
            gammaln(seen + shape) - gammaln(shape) + shape * np.log(shape / together) + xlogy(seen, expected / together)
        )

    bounds = np.log(MOST_DIFFERENT), np.log(MOST_ALIKE)
    return float(np.exp(minimize_scalar(unlikelihood, bounds=bounds, method="bounded").x))


def _established(seen, expected):
    # The chance of as many, or as few, if the group's rate were that of all; gamma tails are Poisson's.
    more = np.where(seen > 0, gamma.cdf(expected, np.maximum(seen, 1e-9)), 1.0)
    fewer = gamma.sf(expected, seen + 1)
    flagged = multipletests(np.minimum(2 * np.minimum(more, fewer), 1), alpha=FALSE_SHARE, method="fdr_bh")[0]
    sides = np.where(more < fewer, "above", "below")
    return [str(side) if flag else None for side, flag in zip(sides, flagged, strict=True)]


def _bursts(measured):
    """Dispersion within groups over time, once each group's level and the common season are taken out."""
    if isinstance(measured.metric.numerator, Stock):
        return 1.0
    rows = settled(measured).rows.filter((pl.col("value").is_not_null()) & (pl.col("denominator") > 0))
    numerator, denominator = pl.col("numerator"), pl.col("denominator")
    fitted = (
        rows.with_columns(base=denominator * (numerator.sum() / denominator.sum()).over("period"))
        .with_columns(mean=pl.col("base") * (numerator.sum() / pl.col("base").sum()).over(*measured.by))
        .filter(pl.col("mean") > 0)
    )
    n_groups = fitted.select(measured.by).n_unique() if fitted.height else 0
    freedom = fitted.height - n_groups - fitted["period"].n_unique() + 1
    if freedom < 1:
        return 1.0
    return max(1.0, float(((fitted["numerator"] - fitted["mean"]) ** 2 / fitted["mean"]).sum() / freedom))
