"""What intervals, comparisons, rankings and waiting times must say; values by hand or from textbooks."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2

from retail_analytics import compare
from retail_analytics.errors import WorkbenchError
from retail_analytics.measure import Duration, Flow, Measured, Metric, Stock
from retail_analytics.months import after
from retail_analytics.statistics import ranking, rates, survival

LAST = date(2026, 10, 1)
FLOW = Flow("incidents", on="occurred_on")
DAYS = Flow("store_days", on="day")
STOCK = Stock("devices", start="installed_on", end="retired_on")


def metric(estimate="rate", numerator=FLOW, denominator=DAYS, per=10_000, **more):
    if estimate == "share":
        per = 1
    if estimate in ("count", "amount"):
        denominator, per = None, 1
    words = {"id": "B01", "name": "m", "label": "Recorded thefts", "unit": "thefts per 10,000 visits"}
    return Metric(**words, definition=".", numerator=numerator, denominator=denominator, per=per,
                  estimate=estimate, **more)  # fmt: skip


def table(counts, exposure=10_000.0, of=None, **facts):
    """One row per month up to October 2026; None in counts is a month that is not covered."""
    of = of or metric()
    exposure = np.broadcast_to(np.array(exposure, float), len(counts))
    rows = [
        {
            "metric": of.name,
            "period": after(LAST, 1 - len(counts) + place),
            "numerator": None if k is None else float(k),
            "denominator": None if k is None or of.denominator is None else float(n),
        }
        for place, (k, n) in enumerate(zip(counts, exposure, strict=True))
    ]
    schema = {"metric": pl.String, "period": pl.Date, "numerator": pl.Float64, "denominator": pl.Float64}
    denominator = pl.lit(1.0) if of.denominator is None else pl.col("denominator")
    frame = pl.DataFrame(rows, schema=schema).with_columns(
        value=pl.when(denominator > 0).then(of.per * pl.col("numerator") / denominator)
    )
    return Measured(frame, of, last_month=LAST, months=len(counts), **facts)


def by_store(**counts):
    """One row per store and month; every store has 10,000 visits a month."""
    parts = [table(months).rows.with_columns(store_id=pl.lit(store)) for store, months in counts.items()]
    rows = pl.concat(parts).select("metric", "period", "store_id", "numerator", "denominator", "value")
    return Measured(rows.sort("period", "store_id"), metric(), by=("store_id",), last_month=LAST)


def limits(measured):
    return rates.with_interval(measured).rows.select("low", "high").rows()


def compared(measured, months=12):
    return rates.year_on_year(measured, months).rows.row(0, named=True)


def annotation(from_on, to_on=None, kind="recording change", scope="all"):
    return {"from_on": from_on, "to_on": to_on, "kind": kind, "scope": scope, "text": "New app"}


EMPTY = Measured(pl.DataFrame(), metric(), not_recorded="no visits in this warehouse")


# Intervals


def test_interval_of_a_rate_is_garwoods_exact_poisson():
    # 5 events: 1.6235 to 11.6683; none: 0 to 3.6889 (Garwood 1936)
    assert limits(table([5, 0])) == [pytest.approx((1.6235, 11.6683), abs=1e-4), pytest.approx((0, 3.6889), abs=1e-4)]


def test_interval_of_a_rate_scales_with_exposure():
    assert limits(table([20], exposure=40_000)) == [(
        pytest.approx(chi2.ppf(0.025, 40) / 2 / 4), pytest.approx(chi2.ppf(0.975, 42) / 2 / 4),
    )]  # fmt: skip


def test_interval_of_a_share_is_wilsons():
    # 81 of 263: 0.2553 to 0.3662; 0 of 20: 0 to 0.1611 (Newcombe 1998)
    found = limits(table([81, 0], exposure=[263, 20], of=metric("share")))
    assert found == [pytest.approx((0.2553, 0.3662), abs=1e-4), pytest.approx((0, 0.1611), abs=1e-4)]


def test_interval_is_negative_binomial_where_months_scatter_more_than_poisson():
    bursts = [0, 30, 2, 41, 1, 3, 28, 0, 0, 35, 2, 38]
    (low, high), exact = limits(table(bursts))[1], limits(table([30]))[0]
    assert low < 0.5 * exact[0]
    assert high > 2 * exact[1]
    assert limits(table(bursts))[0][0] == 0


def test_a_season_is_no_scatter_where_it_can_be_estimated():
    assert limits(table([5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 60, 90] * 2))[0] == limits(table([5]))[0]


def test_interval_is_null_where_the_value_is_and_where_there_was_no_exposure():
    assert limits(table([None, 5, 0], exposure=[1, 10_000, 0]))[::2] == [(None, None), (None, None)]


def test_money_and_counted_stocks_have_no_interval():
    assert limits(table([500.0], of=metric("amount"))) == [(None, None)]
    assert limits(table([500], of=metric("count", numerator=STOCK))) == [(None, None)]
    assert limits(table([5], of=metric("count"))) == [pytest.approx((1.6235, 11.6683), abs=1e-4)]


def test_intervals_keep_the_rows_and_their_order():
    measured = by_store(b=[5, 6], a=[1, None])
    assert rates.with_interval(measured).rows.drop("low", "high").equals(measured.rows)


def test_provisional_months_do_not_count_as_scatter():
    late = [100] * 11 + [10]
    assert limits(table(late, provisional_from=LAST))[0] == limits(table([100]))[0]
    assert limits(table(late))[0] != limits(table([100]))[0]


# Year on year


def test_year_on_year_gives_both_windows_their_ratio_and_the_exact_interval():
    found = compared(table([1] * 12 + [2] * 12))
    assert found["period"] == LAST
    assert (found["numerator"], found["denominator"], found["value"]) == (24, 120_000, 2)
    assert (found["numerator_before"], found["denominator_before"], found["before"]) == (12, 120_000, 1)
    assert (found["change"], found["reason"], found["missing_periods"]) == (1, None, [])
    # 24 of 36 by Clopper and Pearson: 0.4903 to 0.8144, as odds
    assert found["low"] == pytest.approx(0.49031 / 0.50969 - 1, abs=1e-3)
    assert found["high"] == pytest.approx(0.81444 / 0.18556 - 1, abs=1e-2)
    assert found["low"] < found["low80"] < found["change"] < found["high80"] < found["high"]
    # 2.80 standard errors of the log ratio of 18 and 18
    assert found["smallest_detectable"] == pytest.approx(np.expm1(2.8016 * np.sqrt(2 / 18)), abs=1e-3)


def test_more_visits_are_not_more_theft():
    found = compared(table([100] * 12 + [200] * 12, exposure=[10_000] * 12 + [20_000] * 12))
    assert found["change"] == 0
    assert found["low"] < 0 < found["high"]


def test_bursts_widen_the_interval_of_a_change():
    calm = compared(table([100] * 12 + [130] * 12))
    bursts = compared(table([160, 40] * 6 + [30, 230] * 6))
    assert bursts["change"] == calm["change"] == pytest.approx(0.3)
    assert calm["low"] > 0.15
    assert bursts["low"] < 0


def test_few_events_that_come_in_bursts_are_never_given_poisson_limits():
    calm, bursts = compared(table([1] * 12 + [2] * 12)), compared(table([0, 2] * 6 + [12, 0, 0, 0] * 3))
    assert bursts["high"] > calm["high"] * 1.5


def test_a_fall_to_none_has_an_interval_but_a_rise_from_none_has_no_ratio():
    fall = compared(table([2] * 12 + [0] * 12))
    assert (fall["change"], fall["low"], fall["reason"]) == (-1, -1, None)
    assert -1 < fall["high"] < -0.8
    rise = compared(table([0] * 12 + [2] * 12))
    assert (rise["numerator"], rise["before"], rise["change"], rise["reason"]) == (24, 0, None, "none a year before")


def test_a_short_window_compares_with_the_same_months_a_year_before():
    found = compared(table([9] * 9 + [5] * 3 + [9] * 9 + [10] * 3), months=3)
    assert (found["numerator"], found["numerator_before"], found["change"]) == (30, 15, 1)
    assert found["low"] < 1 < found["high"]


def test_too_few_events_are_said_but_the_numbers_are_given():
    found = compared(table([0] * 22 + [1, 1]))
    assert (found["numerator"], found["numerator_before"], found["low"]) == (2, 0, None)
    assert found["reason"] == "too few events"


def test_fewer_than_24_months_cannot_tell():
    assert compared(table([9] * 23))["reason"] == "too few months"
    short = compared(table([9] * 20), months=3)
    assert (short["change"], short["low"], short["reason"]) == (0, None, "too few months")
    assert compared(table([9] * 24))["reason"] is None


def test_months_not_covered_are_named():
    found = compared(table([9] * 6 + [None] + [9] * 20))
    assert (found["reason"], found["missing_periods"]) == ("months not covered", [date(2025, 2, 1)])
    assert (found["numerator"], found["numerator_before"], found["change"]) == (108, None, None)
    outside = compared(table([9] + [None] + [9] * 25))
    assert (outside["reason"], outside["change"]) == (None, 0)


def test_provisional_months_are_left_out_first():
    found = compared(table([9] * 24 + [1], provisional_from=LAST))
    assert (found["period"], found["numerator"], found["numerator_before"]) == (date(2026, 9, 1), 108, 108)


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (annotation(date(2026, 9, 28)), "recording changed"),
        (annotation(date(2024, 11, 1)), None),  # in force on the first day of both windows
        (annotation(date(2024, 11, 2)), "recording changed"),
        (annotation(date(2026, 11, 1)), None),  # after both
        (annotation(date(2024, 1, 1), to_on=date(2026, 3, 1)), "recording changed"),  # ended in between
        (annotation(date(2024, 1, 1), to_on=date(2024, 10, 31)), None),
        (annotation(date(2026, 9, 28), kind="law"), None),
    ],
)
def test_a_recording_change_counts_if_it_makes_the_windows_different(note, reason):
    found = compared(table([9] * 24, annotations=(note,)))
    assert found["reason"] == reason
    assert found["change"] == 0
    assert [change["text"] for change in found["recording_changes"]] == (["New app"] if reason else [])


def test_a_recording_change_in_one_store_concerns_that_store():
    measured = by_store(a=[9] * 24, b=[9] * 24).with_rows(
        by_store(a=[9] * 24, b=[9] * 24).rows, annotations=(annotation(date(2026, 9, 28), scope="a"),)
    )
    assert rates.year_on_year(measured).rows["reason"].to_list() == ["recording changed", None]


def test_like_for_like_leaves_out_the_groups_that_were_recorded_differently():
    stores = by_store(a=[30] * 24, b=[9] * 24, c=[9] * 20 + [None] * 4, d=[9] * 12 + [18] * 12)
    changed = replace(stores, annotations=(annotation(date(2026, 1, 28), scope="a"),))
    together = rates.like_for_like(changed)
    assert (together.left_out, together.by, together.annotations) == (("a", "c"), (), ())
    assert together.rows.row(23) == ("m", LAST, 27, 20_000, 13.5)
    found = compared(together)
    assert (found["reason"], found["numerator"], found["before"], found["value"]) == (None, 324, 9, 13.5)
    # what concerns everybody leaves nobody to compare: all are kept, and the comparison is refused
    for_all = rates.like_for_like(replace(stores, annotations=(annotation(date(2026, 1, 28)),)))
    assert for_all.left_out == () and compared(for_all)["reason"] == "months not covered"


def test_like_for_like_needs_one_breakdown():
    with pytest.raises(WorkbenchError, match="Measure with by='region'"):
        rates.like_for_like(table([9] * 24))


def test_a_counted_stock_is_compared_at_two_dates_without_limits():
    found = compared(table([100] + [500] * 11 + [120], of=metric("count", numerator=STOCK)))
    assert (found["numerator"], found["before"], found["change"]) == (120, 100, pytest.approx(0.2))
    assert (found["low"], found["high"], found["reason"]) == (None, None, None)
    assert compared(table([100] * 12, of=metric("count", numerator=STOCK)))["reason"] == "too few months"
    between = annotation(date(2025, 11, 1))  # the day after the first of the two dates
    stock = table([9] * 13, of=metric("count", numerator=STOCK), annotations=(between,))
    assert compared(stock)["reason"] == "recording changed"


def test_change_of_a_share_of_a_stock():
    found = compared(table([20] + [0] * 11 + [30], exposure=100, of=metric("share", numerator=STOCK)))
    assert (found["value"], found["before"], found["change"]) == (0.3, 0.2, pytest.approx(0.5))
    # log of 30.5/101 to 20.5/101, error √(1/30.5 − 1/101 + 1/20.5 − 1/101)
    assert found["low"] == pytest.approx(30.5 / 20.5 * np.exp(-1.95996 * 0.248574) - 1, abs=1e-4)
    small = compared(table([2] + [0] * 11 + [3], exposure=19, of=metric("share", numerator=STOCK)))
    assert small["reason"] == "too few members"
    whole = compared(table([50] * 13, exposure=50, of=metric("share", numerator=STOCK)))
    assert whole["low"] < 0 < whole["high"]


def test_a_share_of_what_happened_heeds_bursts():
    share = metric("share")
    calm = compared(table([40] * 12 + [50] * 12, exposure=100, of=share))
    bursts = compared(table([70, 10] * 6 + [20, 80] * 6, exposure=100, of=share))
    assert calm["change"] == bursts["change"]
    assert bursts["high"] - bursts["low"] > 2 * (calm["high"] - calm["low"])


def test_a_share_that_fell_to_none_may_have_fallen_by_all():
    found = compared(table([20] + [0] * 12, exposure=100, of=metric("share", numerator=STOCK)))
    assert (found["change"], found["low"], found["low80"]) == (-1, -1, -1)
    assert found["high"] < -0.5


def test_little_history_makes_the_limits_of_a_share_wider():
    known = rates._share_limits(50, 40, 100, 100, rates.Scatter())
    short = rates._share_limits(50, 40, 100, 100, rates.Scatter(phi=1.0, freedom=3))
    # Student's t of 3 degrees of freedom against the normal: 3.1824 to 1.9600
    widths = [np.log1p(found["high"]) - np.log1p(found["low"]) for found in (short, known)]
    assert widths[0] / widths[1] == pytest.approx(3.1824 / 1.96, abs=1e-3)


def test_money_has_a_change_and_no_interval():
    found = compared(table([100.0] * 12 + [110.0] * 12, of=metric("amount")))
    assert (found["change"], found["low"], found["reason"]) == (pytest.approx(0.1), None, "no interval for amounts")


def test_weeks_are_refused():
    with pytest.raises(WorkbenchError, match="every='month'"):
        rates.year_on_year(table([9] * 24, every="week"))


@pytest.mark.parametrize(("mean", "phi"), [(8, 1), (30, 2), (300, 3)])
def test_the_interval_of_a_change_holds_the_truth_about_19_times_in_20(mean, phi):
    rng = np.random.default_rng(20261122)
    season = 1 + 0.4 * np.sin(np.arange(24) * np.pi / 6)
    expected = mean * season * np.repeat([1, 1.3], 12)
    held, held80 = [], []
    for _ in range(120):
        found = compared(table(rng.poisson(rng.gamma(expected / (phi - 1), phi - 1) if phi > 1 else expected)))
        held.append(found["low"] <= 0.3 <= found["high"])
        held80.append(found["low80"] <= 0.3 <= found["high80"])
    # 92 to 98 % less two standard errors; the exact interval of small counts may hold more
    assert np.mean(held) >= 0.90
    assert 0.71 <= np.mean(held80) <= 0.92


# Ranking


def test_shrunken_is_the_gamma_poisson_posterior_in_closed_form(monkeypatch):
    monkeypatch.setattr(ranking, "_shape", lambda seen, expected: 4.0)
    found = ranking.shrunken(by_store(a=[6, 6], b=[3, 3], c=[0, 0]))
    assert found.rows["store_id"].to_list() == ["a", "b", "c"]
    # 18 thefts in three stores: 6 expected in each; (4 + 12)/(4 + 6), (4 + 6)/10, (4 + 0)/10
    assert found.rows["ratio"].to_list() == pytest.approx([1.6, 1.0, 0.4])
    assert found.rows["value"].to_list() == pytest.approx([4.8, 3.0, 1.2])
    assert found.rows["raw"].to_list() == [6, 3, 0]
    first = found.rows.row(0, named=True)
    # gamma of shape 16 and rate 10 is chi-square of 32 degrees over 20; 3 thefts per 10,000 visits in all
    low, high = chi2.ppf(0.025, 32) / 20, chi2.ppf(0.975, 32) / 20
    # … beside the 18 thefts behind the rate of all, towards which a is drawn by 4 parts of 10
    of_all = 1.959964 * 0.4 / 18**0.5
    wider = [1.6 * np.exp(sign * np.hypot(np.log(end / 1.6), of_all)) for sign, end in ((-1, low), (1, high))]
    assert (first["low"], first["high"]) == pytest.approx(tuple(3 * ratio for ratio in wider), rel=1e-5)
    assert first["probability"] == pytest.approx(chi2.sf(1.5 * 20, 32))


def test_shape_of_the_prior_is_the_likeliest():
    rng = np.random.default_rng(4)
    expected = np.full(2000, 20.0)
    assert ranking._shape(rng.poisson(rng.gamma(5, 1 / 5, 2000) * 20), expected) == pytest.approx(5, rel=0.1)
    assert ranking._shape(np.full(50, 20.0), np.full(50, 20.0)) > 1e4


def test_established_are_the_stores_that_differ_and_few_others():
    rng = np.random.default_rng(7)
    counts = {f"s{i:02}": rng.poisson(10, 12) for i in range(40)}
    counts |= {"high": rng.poisson(25, 12), "low": rng.poisson(3, 12)}
    found = ranking.shrunken(by_store(**counts))
    flags = dict(found.rows.select("store_id", "established").rows())
    assert (flags.pop("high"), flags.pop("low")) == ("above", "below")
    assert sum(flag is not None for flag in flags.values()) <= 2
    assert "by chance" in found.notes[0]


def test_flags_follow_benjamini_and_hochberg_at_10_per_cent():
    # p is 0.005, 0.014, 0.023, 0.08 …; 0.01, 0.02, 0.03, 0.04 … are allowed (exact Poisson, twice the smaller tail)
    seen = np.array([130.0, 126.0, 124.0, 118.0] + [105.0] * 4 + [95.0] * 2)
    found = ranking._established(seen, np.full(10, 100.0))
    assert found == ["above"] * 3 + [None] * 7


def test_stores_that_do_not_differ_are_drawn_together():
    rng = np.random.default_rng(8)
    stores = ranking.shrunken(by_store(**{f"s{i}": rng.poisson(2, 12) for i in range(30)}))
    rows = stores.rows
    assert rows["established"].null_count() == 30
    assert rows["value"].max() - rows["value"].min() < 0.5 * (rows["raw"].max() - rows["raw"].min())


def test_the_rate_of_stores_that_do_not_differ_is_as_uncertain_as_that_of_all():
    found = ranking.shrunken(by_store(a=[25] * 12, b=[25] * 12))
    row = found.rows.row(0, named=True)
    assert (row["low"], row["high"]) == pytest.approx(
        (25 * np.exp(-1.96 / 600**0.5), 25 * np.exp(1.96 / 600**0.5)), rel=1e-3
    )
    assert found.notes[-1] == "They scatter no more than chance would have it: no difference between them can be seen."


def test_an_hour_is_busier_than_average_only_beyond_chance_for_all_hours_together():
    def by_hour(*counts):
        average = sum(counts) / len(counts)
        columns = {"weekday": 1, "hour": range(len(counts)), "numerator": [float(n) for n in counts]}
        rows = pl.DataFrame(columns).with_columns(denominator=average, value=pl.col("numerator") / average)
        return Measured(rows, metric("count"), last_month=LAST)

    few, many = ranking.hours(by_hour(3, 1, 1, 0)).rows, ranking.hours(by_hour(300, 100, 100, 20)).rows
    assert few["low"][0] < 1 < many["low"][0] and few["low"][3] == 0
    # 95 % for four hours together is 98.75 % for each: chi-square of 600 degrees of freedom
    assert many["low"][0] == pytest.approx(chi2.ppf(0.05 / 8, 600) / 2 / 130)
    assert ranking.hours(by_hour(3).with_rows(by_hour(3).rows.clear())).rows.columns[-2:] == ["low", "high"]


def test_thefts_in_bursts_count_for_less():
    # a has the same 60 thefts in both; in bursts they come 30 at a time
    calm = {"a": [5] * 12} | {f"s{i}": [3] * 12 for i in range(8)}
    bursts = {"a": [30, 0, 0, 0, 0, 0] * 2} | {
        f"s{i}": [18 * (m == i) + 18 * (m == i + 3) for m in range(12)] for i in range(8)
    }
    assert ranking.shrunken(by_store(**calm)).rows["established"][0] == "above"
    assert ranking.shrunken(by_store(**bursts)).rows["established"].null_count() == 9


def test_ranking_leaves_out_months_not_known_and_provisional_ones():
    measured = by_store(a=[5, None, 7], b=[5, 5, 7])
    rows = ranking.shrunken(measured.with_rows(measured.rows, provisional_from=LAST)).rows.sort("store_id")
    assert rows.select("numerator", "denominator").rows() == [(5, 10_000), (10, 20_000)]


def test_thefts_in_a_month_without_visits_do_not_enter_the_rate():
    measured = by_store(a=[5, 9], b=[5, 5])
    shut = (pl.col("store_id") == "a") & (pl.col("numerator") == 9)
    rows = measured.rows.with_columns(
        denominator=pl.when(shut).then(0.0).otherwise("denominator"), value=pl.when(~shut).then("value")
    )
    found = ranking.shrunken(measured.with_rows(rows)).rows.filter(store_id="a")
    assert found.select("numerator", "denominator", "raw").rows() == [(5, 10_000, 5)]


def test_a_store_without_visits_has_no_rate_and_comes_last():
    measured = by_store(a=[0, 0], b=[4, 4])
    rows = measured.rows.with_columns(denominator=pl.when(store_id="a").then(0.0).otherwise("denominator"))
    rows = rows.with_columns(value=pl.when(store_id="a").then(None).otherwise("value"))
    last = ranking.shrunken(measured.with_rows(rows)).rows.row(-1, named=True)
    assert (last["store_id"], last["value"], last["established"]) == ("a", None, None)
    assert ranking.funnel(measured.with_rows(rows)).rows["store_id"].to_list() == ["b"]


def test_one_store_and_no_thefts_at_all_are_not_flagged():
    assert ranking.shrunken(by_store(a=[4, 4])).rows["established"].to_list() == [None]
    nothing = ranking.shrunken(by_store(a=[0, 0], b=[0, 0])).rows
    assert nothing.select("value", "established").rows() == [(0, None), (0, None)]


def test_only_rates_are_ranked():
    with pytest.raises(WorkbenchError, match="no rate"):
        ranking.shrunken(table([3], of=metric("count")))


def test_funnel_limits_are_on_the_root_scale_and_widen_with_over_dispersion():
    # without over-dispersion: (√25 ± 1.96/2)² and (√25 ± 3.0902/2)²
    rows = ranking.funnel(by_store(a=[25], b=[25], c=[25])).rows
    first = rows.row(0, named=True)
    assert (first["expected"], first["value"], first["outside"]) == (25, 25, False)
    assert (first["low95"], first["high95"]) == pytest.approx((16.1605, 35.7600), abs=1e-3)
    assert (first["low998"], first["high998"]) == pytest.approx((11.9360, 42.8384), abs=1e-3)
    spread = ranking.funnel(by_store(**{f"s{i}": [10 + 6 * i] for i in range(6)})).rows
    assert spread["outside"].sum() == 0


def test_funnel_shows_the_one_store_outside():
    counts = {f"s{i:02}": [25 + i % 3] for i in range(20)}
    rows = ranking.funnel(by_store(**counts, worst=[80])).rows
    assert rows.filter("outside")["store_id"].to_list() == ["worst"]


def test_one_outlier_does_not_widen_its_own_limits():
    rows = ranking.funnel(by_store(**{f"s{i}": [100] for i in range(7)}, worst=[210])).rows
    assert rows.filter("outside")["store_id"].to_list() == ["worst"]


# Waiting times

TIMES = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"  # 6-MP, Freireich 1963
WAIT = Duration("C02", "wait", "Time to contain", "days", ".", "incidents", "detected_on", "contained_on", "end dates")


def waits(times, by=()):
    rows = [{"metric": "wait", "waited": float(t.strip("+")), "closed": not t.endswith("+")} for t in times.split()]
    return Measured(pl.DataFrame(rows).with_columns(pl.lit(g).alias(g) for g in by), WAIT, by=by)


def test_curve_of_the_leukaemia_patients_is_the_published_one():
    found = survival.curve(waits(TIMES + " 6"))  # one more at 6 makes ten events
    plain = survival._steps(waits(TIMES).rows)
    assert [step["waited"] for step in plain] == [0, 6, 7, 10, 13, 16, 22, 23, 35]
    published = [1, 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448, 0.448]
    assert [step["value"] for step in plain] == pytest.approx(published, abs=5e-4)
    assert [step["at_risk"] for step in plain] == [21, 21, 17, 15, 12, 11, 7, 6, 1]
    # S ** exp(± 1.96 × error / (S × log S)), with Greenwood's errors 0.0764 at 6 and 0.1346 at 23
    assert (plain[1]["low"], plain[1]["high"]) == pytest.approx((0.620, 0.952), abs=1e-3)
    assert (plain[7]["low"], plain[7]["high"]) == pytest.approx((0.188, 0.680), abs=1e-3)
    assert found.rows.columns == ["waited", "value", "low", "high", "at_risk"]
    assert found.rows.row(0) == (0, 1, 1, 1, 22)
    assert found.rows["value"][1] == pytest.approx(18 / 22)
    assert found.notes == ("12 of 22 are still open and count for as long as they have waited.",)


def test_median_is_read_off_the_curve_with_its_limits():
    steps = survival._steps(waits(TIMES).rows)
    assert [survival._reaches_half(steps, end) for end in ("low", "value", "high")] == [13, 23, None]
    found = survival.median(waits(" ".join(str(day) for day in range(1, 21))))
    assert found.rows.select("n", "closed", "value").row(0) == (20, 20, 10)
    assert found.rows["low"][0] < 10 < found.rows["high"][0]


def test_open_cases_move_the_median_up():
    closed = " ".join(str(day) for day in range(1, 21))
    assert survival.median(waits(closed + " 20+" * 10)).rows["value"][0] == 15


def test_fewer_than_ten_closed_give_no_number_and_say_so():
    found = survival.median(waits("1 2 3 4 5 6 7 8 9 30+"))
    assert found.rows.row(0) == (10, 9, None, None, None)
    assert found.notes == ("too few closed (9) for a median; at least 10 are needed.",)
    assert survival.curve(waits("1 2 3+")).rows["value"].null_count() == 4


def test_all_still_open_is_no_number():
    assert survival.median(waits("3+ 4+ 5+")).rows.row(0) == (3, 0, None, None, None)
    assert survival.curve(waits("3+ 4+ 5+")).rows["value"].is_null().all()


def test_all_closed_on_one_day():
    assert survival.median(waits("5 " * 12)).rows.row(0) == (12, 12, 5, 5, None)


def test_waiting_times_by_group():
    rows = pl.concat([waits("5 " * 12).rows.with_columns(kind=pl.lit(kind)) for kind in ("b", "a")])
    found = survival.median(Measured(rows, WAIT, by=("kind",)))
    assert found.rows.columns == ["kind", "n", "closed", "value", "low", "high"]
    assert found.rows["kind"].to_list() == ["a", "b"]


# Compare


def test_change_puts_the_same_month_a_year_before_beside_each():
    rows = compare.change(table([4, *[0] * 11, 5, 0])).rows
    assert rows.select("value", "before", "change").rows()[-2:] == [(5, 4, 0.25), (0, 0, None)]
    assert rows.select("before", "change").rows()[:12] == [(None, None)] * 12


def test_share_is_of_the_periods_total_and_null_where_one_group_is_not_known():
    found = compare.share(by_store(a=[1, 1, 0], b=[3, None, 0]))
    shares = found.rows.select("numerator", "denominator", "value").rows()
    assert shares == [(1, 4, 0.25), (3, 4, 0.75), (1, None, None), (None, None, None), (0, 0, None), (0, 0, None)]
    assert (found.metric.estimate, found.metric.per, found.metric.better) == ("share", 1, None)


def test_share_is_not_judged_against_the_tolerance_of_its_metric():
    measured = by_store(a=[1], b=[3])
    assert compare.share(measured.with_rows(measured.rows, tolerance={"limit": 5.0})).tolerance is None


def test_latest_is_the_last_settled_month():
    rows = compare.latest(table([4, 5, 6], provisional_from=LAST)).rows
    assert rows.select("period", "value").rows() == [(date(2026, 9, 1), 5)]


# Nothing to measure


@pytest.mark.parametrize(
    ("function", "columns"),
    [
        (rates.with_interval, {"low", "high"}),
        (rates.year_on_year, {"change", "low", "high", "reason"}),
        (ranking.shrunken, {"ratio", "probability", "established"}),
        (ranking.funnel, {"expected", "low998", "outside"}),
        (survival.curve, {"waited", "value", "at_risk"}),
        (survival.median, {"n", "closed", "value"}),
        (compare.change, {"before", "change"}),
        (compare.share, set()),
        (compare.latest, set()),
    ],
)
@pytest.mark.parametrize("empty", [EMPTY, EMPTY.with_rows(table([]).rows)])
def test_what_is_not_recorded_passes_through(function, columns, empty):
    found = function(empty)
    assert found.not_recorded == "no visits in this warehouse"
    assert found.rows.is_empty()
    assert columns <= set(found.rows.columns)


def test_the_upper_limit_of_a_share_holds_the_members_of_which_it_is_not_known():
    rows = pl.DataFrame(
        {"metric": ["m"], "period": [date(2026, 10, 1)], "numerator": [10.0], "denominator": [100.0], "value": [0.1]}
    )
    metric = Metric(id="X1", name="m", label="M", unit="of 100", definition="Of all.", estimate="share")
    plain = rates.with_interval(Measured(rows=rows, metric=metric)).rows.row(0, named=True)
    wide = rates.with_interval(Measured(rows=rows.with_columns(unknown=pl.lit(60.0)), metric=metric)).rows
    wide = wide.row(0, named=True)
    assert (round(plain["low"], 4), round(plain["high"], 4)) == (0.0552, 0.1744)
    assert (round(wide["low"], 4), round(wide["high"], 4)) == (0.0552, 0.7811)
