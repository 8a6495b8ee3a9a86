"""The readiness scorecard: measurements against their tolerances → levels → domains → an index with an interval."""

import numpy as np
import polars as pl

from retail_analytics.language import message
from retail_analytics.measure import Measured
from retail_analytics.metrics.readiness import readiness_index

DOMAINS = {  # id: what it is called, and the measurements that feed it (assessments feed any domain)
    "R1": (message("Visibility"), ("unidentified_share",)),
    "R2": (message("Currency and age"), ("past_support_share",)),
    "R3": (message("Hardening and identity"), ()),
    "R4": (message("Segmentation and network"), ("uplink_availability", "uplink_in_agreement")),
    "R5": (message("Protection software"), ("unprotected_share",)),
    "R6": (message("Detection"), ()),
    "R7": (message("Response and recovery"), ("time_to_contain", "remediation_half_life", "past_clock_share")),
    "R8": (message("People"), ("training_current",)),
    "R9": (message("Leadership and plan"), ()),
    "R10": (message("Suppliers and services"), ()),
}
LEVELS = np.arange(5)
DRAWS = 4_000  # enough that the interval moves by less than half a point between seeds
FEWEST_DOMAINS = 5  # with fewer measured the index would be a guess about the others: no value, only its limits
NEARLY = 0.5  # missing the tolerance by at most half of what it allows is level 2, by more level 1


def readiness(indicators: list[Measured], assessments: Measured) -> Measured:
    """The index and its ten domains.

    `indicators` are measured with their intervals (rates.with_interval, survival.median); each is judged
    against its own tolerance. Rows: domain ("index" first), label, value, low, high (0 to 100), indicators
    (how many earned a level), missing (how many did not), weakest (share of draws in which the domain is
    the weakest). Limits are the middle 95 % of draws in which every missing indicator has any level; null
    limits where none is missing. The index has no value when fewer than five domains are measured. A domain
    without any indicator counts as one missing.
    """
    levels = {one.metric.name: level(one) for one in indicators}
    assessed = {d: part["level"].to_list() for (d,), part in assessments.rows.group_by("domain")}
    generator = np.random.default_rng(0)  # same inputs, same numbers
    rows, draws = [], []
    for domain, (label, names) in DOMAINS.items():
        known = [levels[name] for name in names if levels.get(name) is not None] + assessed.get(domain, [])
        missing = sum(levels.get(name) is None for name in names) or (0 if known else 1)
        guesses = generator.choice(LEVELS, size=(DRAWS, missing))
        all_levels = np.hstack([np.tile(np.array(known, dtype=float), (DRAWS, 1)), guesses])
        score = 100 * np.exp(np.log((all_levels + 0.5) / 4.5).mean(axis=1))
        draws.append(score)
        rows.append(_row(domain, label, score, len(known), missing))
    draws = np.array(draws)
    weakest = np.bincount(draws.argmin(axis=0), minlength=len(DOMAINS)) / DRAWS
    index = _row("index", readiness_index.label, draws.mean(axis=0), sum(r["indicators"] for r in rows),
                 sum(r["missing"] for r in rows))  # fmt: skip
    if sum(r["indicators"] > 0 for r in rows) < FEWEST_DOMAINS:
        index["value"] = None
    frame = pl.DataFrame([index, *rows]).with_columns(
        pl.lit(readiness_index.name).alias("metric"), weakest=pl.Series([None, *weakest], dtype=pl.Float64)
    )
    return assessments.with_rows(
        frame.cast({"value": pl.Float64, "low": pl.Float64, "high": pl.Float64}),
        metric=readiness_index, by=("domain",), not_recorded=None,
        tables=tuple(dict.fromkeys(t for one in [*indicators, assessments] for t in one.tables)),
        as_known=max((one.as_known for one in [*indicators, assessments] if one.as_known), default=None),
    )  # fmt: skip


def level(measured: Measured) -> int | None:
    """The level from 0 to 4 that a measurement earns; None if it is missing or no tolerance was agreed.

    4: the unfavourable limit of its interval has met the tolerance at the ends of the last four quarters;
    3: it meets it now; 2: the estimate misses it, or cannot be told to meet it, by at most half of what the
    tolerance allows; 1: it misses it by more. (0 is for "no evidence", which a measurement never is.)
    """
    if measured.not_recorded or measured.tolerance is None or measured.rows.is_empty():
        return None
    known = measured.rows.filter(pl.col("value").is_not_null())
    if known.is_empty():
        return None
    limit, lower_is_better = measured.tolerance["limit"], measured.metric.better == "lower"
    unfavourable = pl.coalesce("high" if lower_is_better else "low", "value")
    meets = known.select((unfavourable <= limit) if lower_is_better else (unfavourable >= limit)).to_series()
    if meets[-1]:
        quarters = meets.gather_every(3, offset=(len(meets) - 1) % 3)[-4:]
        return 4 if "period" in known.columns and len(quarters) == 4 and quarters.all() else 3
    value = known["value"][-1]
    allowed = limit if lower_is_better else 1 - limit
    missed = value - limit if lower_is_better else limit - value
    return 2 if missed <= NEARLY * allowed else 1


def _row(domain: str, label: str, score: np.ndarray, indicators: int, missing: int) -> dict:
    low, high = np.percentile(score, [2.5, 97.5]) if missing else (None, None)
    return {"domain": domain, "label": label, "value": float(score.mean()), "low": low, "high": high,
            "indicators": indicators, "missing": missing}  # fmt: skip
