"""The readiness scorecard: what a measurement earns, and what is said when too little is measured."""

from datetime import date

import polars as pl
import pytest

from retail_analytics import charts, words
from retail_analytics.measure import Measured
from retail_analytics.metrics import iot, readiness
from retail_analytics.months import after
from retail_analytics.statistics import scorecard


def indicator(metric, *, value, low, high, limit, months=12):
    periods = [after(date(2026, 10, 1), -back) for back in range(months)][::-1]
    rows = pl.DataFrame({"metric": metric.name, "period": periods, "value": value, "low": low, "high": high})
    tolerance = None if limit is None else {"limit": limit, "owner": "CISO", "agreed_on": date(2026, 1, 1)}
    return Measured(rows=rows, metric=metric, tolerance=tolerance, tables=("devices",), as_known=date(2026, 11, 1))


def assessed(*levels):
    """Assessments of domains R1, R2 … with the given levels."""
    rows = pl.DataFrame(
        {"domain": [f"R{n}" for n in range(1, len(levels) + 1)], "level": list(levels)},
        schema={"domain": pl.String, "level": pl.Float64},
    )
    return Measured(rows=rows, metric=readiness.readiness_index, last_month=date(2026, 10, 1), as_known=date(2026, 11, 1))


@pytest.mark.parametrize(
    ("value", "low", "high", "limit", "months", "level"),
    [
        (0.05, 0.04, 0.06, 0.10, 12, 4),  # within for four quarters
        (0.05, 0.04, 0.06, 0.10, 6, 3),  # within, but not for as long
        (0.09, 0.07, 0.11, 0.10, 12, 2),  # the estimate is within, its limit is not
        (0.14, 0.13, 0.15, 0.10, 12, 2),  # missed by less than half of what is allowed
        (0.16, 0.15, 0.17, 0.10, 12, 1),
        (0.05, 0.04, 0.06, None, 12, None),  # nobody agreed a tolerance
    ],
)
def test_a_level_is_earned_by_the_unfavourable_limit(value, low, high, limit, months, level):
    measured = indicator(iot.unidentified_share, value=value, low=low, high=high, limit=limit, months=months)
    assert scorecard.level(measured) == level


def test_where_more_is_better_the_lower_limit_counts():
    def trained(low):
        return indicator(readiness.training_current, value=0.92, low=low, high=0.95, limit=0.9, months=3)

    assert (scorecard.level(trained(0.91)), scorecard.level(trained(0.89))) == (3, 2)


def test_a_domain_is_the_geometric_mean_and_nothing_missing_has_no_interval():
    index = scorecard.readiness([], assessed(*[4] * 10))
    first = index.rows.filter(pl.col("domain") == "R3").row(0, named=True)
    assert (round(first["value"], 6), first["low"], first["indicators"], first["missing"]) == (100, None, 1, 0)
    assert index.rows["domain"][0] == "index" and index.rows["missing"][0] > 0  # measurements are still missing


def test_fewer_than_half_of_the_domains_give_limits_and_no_value():
    four, five = (scorecard.readiness([], assessed(*[2] * n)).rows.row(0, named=True) for n in (4, 5))
    assert four["value"] is None and five["value"] is not None
    assert four["low"] < four["high"]


def test_too_little_measured_is_said_and_drawn_as_such():
    index = scorecard.readiness([], assessed())
    said = words.scored(index)
    assert (said.status, said.number) == ("cannot_tell", "")
    assert said.sentence == "Readiness: cannot tell; only 0 of 10 domains are measured against a tolerance."
    content = charts.readiness(index).content
    assert content["title"] == "Readiness: cannot tell; too few domains are measured against a tolerance."
    assert "54" not in content["words"] and content["table"]["rows"][0][1] == "not known"
