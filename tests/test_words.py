"""How numbers read, and what may be said of them (the wording rules)."""

import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from retail_analytics import compare, words
from retail_analytics.measure import Duration, Flow, Measured, Metric, Stock
from retail_analytics.statistics.rates import COMPARED

LAST = date(2026, 10, 1)
SOUNDS_CAUSAL_OR_LOUD = re.compile(
    r"\b(caused|due to|thanks to|drove|because|led to|reduced|soared|plunged|epidemic|slightly|trending|no effect)\b"
)
THEFT = Metric(
    id="B01",
    name="theft_rate",
    label="Recorded theft rate",
    unit="recorded thefts per 10,000 visits",
    definition=".",
    numerator=Flow("incidents", on="occurred_on"),
    denominator=Flow("store_days", on="day"),
    per=10_000,
    better="lower",
)
OLD = replace(
    THEFT, label="Unsupported devices", unit="share of devices in service", per=1, estimate="share",
    numerator=Stock("devices", start="installed_on", end="retired_on"),
)  # fmt: skip
DEVICES = replace(OLD, label="IoT devices in service", unit="devices", estimate="count", better=None)
LOSS = replace(THEFT, label="Known loss", unit="GBP at cost", estimate="amount")
TOLERANCE = {"limit": 4.5, "owner": "COO", "agreed_on": date(2026, 1, 14)}


def compared(metric=THEFT, months=12, provisional_from=None, last_month=LAST, **row):
    """A comparison as year_on_year gives it: 480 against 400 thefts unless told otherwise."""
    row = {
        "numerator": 480.0, "denominator": 1e6, "value": 4.8, "numerator_before": 400.0, "denominator_before": 1e6,
        "before": 4.0, "change": 0.2, "low": 0.15, "high": 0.25, "low80": 0.16, "high80": 0.24,
        "smallest_detectable": 0.1, "reason": None, "missing_periods": [], "recording_changes": [],
    } | row  # fmt: skip
    rows = pl.DataFrame([{"metric": metric.name, "period": LAST, **row}], schema_overrides=COMPARED)
    facts = {"months": months, "provisional_from": provisional_from, "last_month": last_month}
    return Measured(rows, metric, **facts)


def measured(metric=THEFT, by=(), **columns):
    """Months up to October 2026 with the columns given."""
    facts = {name: columns.pop(name) for name in ("tolerance", "provisional_from", "not_recorded") if name in columns}
    n = len(columns["value"])
    last = {"period": [date(2026, 11 - n + place, 1) for place in range(n)]} if "period" not in columns else {}
    rows = pl.DataFrame(last | {"numerator": [10.0] * n, "denominator": [20_000.0] * n} | columns)
    return Measured(rows, metric, by=by, last_month=LAST, **facts)


# Formatting


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (words.number(9133.0), "9,133"),
        (words.number(3.54), "3.5"),
        (words.number(-12), "−12"),
        (words.number(None), "not known"),
        (words.about(22_012_345), "22 million"),
        (words.about(1_360_000), "1.4 million"),
        (words.about(2.1e9), "2.1 billion"),
        (words.about(9133), "9,133"),
        (words.rate(4.12), "4.1"),
        (words.rate(0.324), "0.32"),
        (words.rate(0.0041), "0.0041"),
        (words.rate(0.099), "0.10"),
        (words.rate(0.09), "0.09"),
        (words.rate(0.999), "1.0"),
        (words.rate(121.4), "121"),
        (words.rate(99.97), "100"),
        (words.rate(0), "0"),
        (words.rate(None), "not known"),
        (words.percent(0.212, 9806), "21 %"),
        (words.percent(0.0234, 9806), "2.3 %"),
        (words.percent(0.0234, 90), "2 %"),
        (words.percent(0.5, 2), "50 %"),
        (words.percent(0.0001, 9806), "under 0.1 %"),
        (words.percent(0.004, 500), "under 1 %"),
        (words.percent(0.9999, 500), "over 99 %"),
        (words.percent(0, 500), "0 %"),
        (words.percent(1, 5000), "100 %"),
        (words.percent(None), "not known"),
        (words.percent(0, 5000), "0 %"),
        (words.percent(0.998, decimals=2), "99.80 %"),
        (words.percents([0.9975, 0.998]), ["99.75 %", "99.80 %"]),
        (words.percents([0, 0.25, 0.5]), ["0 %", "25 %", "50 %"]),
        (words.numbers([0, 0.5, 1.0]), ["0", "0.5", "1.0"]),
        (words.numbers([-500, 0, 1000]), ["−500", "0", "1,000"]),
        (words.whole(47.6), "48"),
        (words.whole(None), "not known"),
        (words.value(0.99834, replace(OLD, estimate="ratio")), "99.83 %"),
        (words.value(0.99996, replace(OLD, estimate="ratio")), "over 99.99 %"),
        (words.value(0.953, replace(OLD, estimate="ratio")), "95.3 %"),
        (words.limit(0.995, OLD), "99.5 %"),
        (words.limit(5.0, THEFT), "5.0"),
        (words.named("device_class", "payment_terminal"), "payment terminal"),
        (words.named("store_id", "S_1"), "S_1"),
        (words.named("weekday", 5), "Friday"),
        (words.named("region", None), "not known"),
        (words.column("store_id"), "store"),
        (words.n_of_n(2079, 9806), "2,079 of 9,806"),
        (words.money(1_234_567.89, "USD"), "$1.2 million"),
        (words.money(999_999, "GBP"), "£1.0 million"),
        (words.money(1234, "EUR"), "€1,200"),
        (words.money(35.4, "CHF"), "CHF 35"),
        (words.money(-1234, "USD"), "−$1,200"),
        (words.money(0.5, "USD"), "$0.50"),
        (words.money(0, "USD"), "$0"),
        (words.change(0.14), "+14 %"),
        (words.change(-0.02), "−2 %"),
        (words.change(0.003), "+0.3 %"),
        (words.change(-0.0001), "0 %"),
        (words.change(0), "0 %"),
        (words.change(12.34), "+1,234 %"),
        (words.change(None), "not known"),
        (words.interval(3.8, 4.5, words.rate), "3.8 to 4.5"),
        (words.interval(-0.09, 0.05, words.change), "−9 to +5 %"),
        (words.interval(None, 4.5), "not known"),
        (words.month(LAST), "October 2026"),
        (words.day(date(2026, 11, 4)), "4 Nov 2026"),
        (words.period(date(2026, 10, 12), "week"), "week of 12 Oct 2026"),
        (words.period(LAST, "36 months"), "36 months to October 2026"),
        (words.plural(1, "incident"), "1 incident"),
        (words.plural(2, "incident"), "2 incidents"),
        (words.plural(0, "battery", "batteries"), "0 batteries"),
        (words.listed(["A", "B", "C"]), "A, B and C"),
        (words.listed(["A"]), "A"),
        (words.probability(0.96), "almost certain (96 %)"),
        (words.probability(0.9), "very likely (90 %)"),
        (words.probability(0.72), "likely (72 %)"),
        (words.probability(0.5), "about even (50 %)"),
        (words.probability(0.2), "unlikely (20 %)"),
        (words.probability(0.04), "very unlikely (4 %)"),
    ],
)
def test_numbers_read(said, text):
    assert said == text


# Verdicts on a change


def test_rose_needs_a_95_interval_without_0_and_a_material_change():
    assert words.verdict(compared()) == words.Verdict(
        status="worse",
        word="Rose",
        sentence="The recorded theft rate rose by 20 % (95 % +15 to +25 %). 4.8 recorded thefts per 10,000 visits "
        "in the 12 months to October 2026 against 4.0 a year before.",
        number="+20 %",
        interval="+15 to +25 %",
    )


def test_a_change_where_recording_did_not_change_says_who_is_left_out():
    said = words.verdict(replace(compared(), left_out=("Eastmoor", "Lakeside")))
    assert said.sentence == (
        "The recorded theft rate rose by 20 % where recording did not change (95 % +15 to +25 %). 4.8 recorded thefts "
        "per 10,000 visits in the 12 months to October 2026 against 4.0 a year before. "
        "Left out, as recording changed or is not complete there: Eastmoor and Lakeside."
    )
    assert words.headline(said) == "The recorded theft rate rose by 20 % where recording did not change."


def test_growth_is_told_only_where_some_source_says_what_left():
    row = {"numerator": 100.0, "denominator": 1000.0, "value": 0.1, "arrived": 150.0, "left": 50.0, "newly_visible": 12.0}
    growth = replace(THEFT, label="Growth of the estate", estimate="change")
    said = words.grown(Measured(pl.DataFrame([row]), growth, last_month=LAST))
    assert (said.status, said.word, said.number) == ("not_judged", "Grew", "+10 %")
    assert said.sentence == (
        "The estate grew by 10 % in the 12 months to October 2026. It stood at 1,000 devices; 150 arrived and 50 left. "
        "12 devices became visible, which is not growth."
    )
    unknown = pl.DataFrame([row | {"numerator": None, "value": None, "left": None}])
    said = words.grown(Measured(unknown, growth, last_month=LAST))
    assert (said.status, said.sentence) == ("cannot_tell", "Growth of the estate: cannot tell; no source says what left.")


def test_of_the_largest_groups_none_is_called_the_lowest():
    rows = pl.DataFrame({"period": [LAST] * 3, "region": ["Kent", "Essex", "Surrey"], "numerator": [3.0, 2.0, 1.0],
                         "denominator": [None] * 3, "value": [3.0, 2.0, 1.0]})  # fmt: skip
    thefts = replace(THEFT, label="Recorded thefts", unit="recorded thefts", estimate="count")
    every = Measured(rows, thefts, by=("region",), last_month=LAST)
    assert words.latest(every) == "Recorded thefts in October 2026: highest Kent 3, lowest Surrey 1."
    shown = compare.largest(every, 2)
    assert (shown.left_out, shown.notes) == (("Surrey",), ("The 2 largest of 3 are shown.",))
    assert words.latest(shown) == "Recorded thefts in October 2026: highest Kent 3."


def test_fell_is_better_where_lower_is_and_worse_where_higher_is():
    fall = {"change": -0.2, "low": -0.25, "high": -0.15, "low80": -0.24, "high80": -0.16}
    found = words.verdict(compared(**fall))
    assert (found.status, found.word) == ("better", "Fell")
    assert found.sentence.startswith("The recorded theft rate fell by 20 % (95 % −25 to −15 %).")
    assert words.verdict(compared(replace(THEFT, better="higher"), **fall)).status == "worse"
    assert words.verdict(compared(replace(THEFT, better=None), **fall)).status == "no_clear"
    assert words.verdict(compared(replace(THEFT, better=None), **fall)).word == "Fell"


def test_an_established_change_that_does_not_matter_is_no_clear_change():
    found = words.verdict(compared(change=0.02, low=0.01, high=0.03, low80=0.012, high80=0.028))
    assert (found.status, found.word) == ("no_clear", "No clear change")
    assert "no clear change, +2 % (95 % +1 to +3 %), less than the 5 % that matter." in found.sentence


def test_no_clear_change_gives_the_interval():
    found = words.verdict(compared(change=-0.02, low=-0.09, high=0.05, low80=-0.06, high80=0.03))
    assert (found.status, found.word, found.reason) == ("no_clear", "No clear change", None)
    assert found.sentence.startswith("Recorded theft rate: no clear change (95 % −9 to +5 %).")


def test_probably_is_said_where_only_the_80_interval_leaves_out_0():
    found = words.verdict(compared(change=0.06, low=-0.01, high=0.13, low80=0.01, high80=0.11))
    assert (found.status, found.word) == ("no_clear", "Probably rose")
    assert "probably rose by 6 % (95 % −1 to +13 %); not established." in found.sentence
    assert found.reason == "Whether the recorded theft rate rose or fell: +6 % (95 % −1 to +13 %) is not established."
    small = words.verdict(compared(change=0.04, low=-0.01, high=0.09, low80=0.01, high80=0.07))
    assert small.word == "No clear change"


def test_silence_of_small_numbers_is_cannot_tell():
    wide = {"change": 0.1, "low": -0.3, "high": 0.7, "low80": -0.2, "high80": 0.5}
    found = words.verdict(compared(**wide, smallest_detectable=0.43))
    assert (found.status, found.word) == ("cannot_tell", "Cannot tell")
    assert "cannot tell; we could only have seen a change of 43 % or more" in found.sentence
    assert found.reason == (
        "Whether the recorded theft rate rose or fell: we could only have seen a change of 43 % or more."
    )
    assert words.verdict(compared(**wide, smallest_detectable=0.25)).word == "No clear change"


UNKNOWN = {"low": None, "high": None, "low80": None, "high80": None, "smallest_detectable": None}


def test_a_recording_change_cannot_tell_and_keeps_the_raw_numbers():
    note = {"from_on": date(2026, 9, 28), "text": "New reporting app in 34 stores."}
    found = words.verdict(compared(reason="recording changed", recording_changes=[note], **UNKNOWN))
    assert (found.status, found.word, found.number, found.interval) == ("cannot_tell", "Cannot tell", "", "")
    assert found.sentence == (
        "Recorded theft rate: cannot tell; recording changed inside the two windows, on 28 Sep 2026. "
        "New reporting app in 34 stores. 4.8 recorded thefts per 10,000 visits in the 12 months to October 2026 against "
        "4.0 a year before."
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"reason": "too few months"}, "24 settled months are needed and fewer were measured"),
        (
            {"reason": "months not covered", "missing_periods": [date(2025, 4, 1), date(2025, 5, 1)]},
            "no value is known for April 2025 and May 2025",
        ),
        ({"reason": "too few events", "numerator": 2.0, "numerator_before": 1.0}, "too few events, 2 against 1"),
        ({"reason": "none a year before", "before": 0.0, "change": None}, "there were none a year before"),
        (
            {"reason": "too few members", "denominator": 12.0, "denominator_before": 9.0},
            "too few to compare, 12 and 9 in all",
        ),
        ({"reason": "no interval for amounts"}, "no interval is made for amounts of money"),
    ],
)
def test_every_reason_is_said(row, why):
    found = words.verdict(compared(**UNKNOWN, **row))
    assert found.status == "cannot_tell"
    assert f"Recorded theft rate: cannot tell; {why}." in found.sentence
    assert found.reason == f"Whether the recorded theft rate rose or fell: {why}."


def test_what_was_not_known_before_is_said():
    found = words.verdict(compared(reason="too few months", before=None, change=None, **UNKNOWN))
    assert found.number == ""
    assert found.sentence.endswith("in the 12 months to October 2026; not known a year before.")


def test_a_stock_is_counted_not_sampled():
    row = {"numerator": 9806.0, "value": 9806.0, "denominator": None, "before": 8601.0, "change": 0.14}
    found = words.verdict(compared(DEVICES, **UNKNOWN | row))
    assert (found.status, found.word, found.interval) == ("no_clear", "Rose", "counted, not sampled")
    assert found.sentence == (
        "IoT devices in service rose by 14 % (counted, not sampled). "
        "9,806 at the end of October 2026 against 8,601 a year before."
    )
    assert words.verdict(compared(DEVICES, **UNKNOWN | row | {"change": 0.04})).word == "No clear change"
    short = words.verdict(compared(DEVICES, **UNKNOWN | row | {"reason": "too few months"}))
    assert short.reason == (
        "Whether IoT devices in service rose or fell: the same month a year before is not in the window."
    )


def test_a_share_says_n_of_n_and_that_it_is_the_share_that_rose():
    row = {"numerator": 12.0, "denominator": 60.0, "value": 0.2, "before": 0.1, "change": 1.0}
    found = words.verdict(compared(OLD, **row, numerator_before=6.0, denominator_before=60.0))
    assert found.sentence == (
        "Unsupported devices, as a share, rose by 100 % (95 % +15 to +25 %). 20 % (12 of 60) at the end of "
        "October 2026 against 10 % (6 of 60) a year before."
    )


def test_money_is_said_in_two_digits_with_its_currency():
    row = {"value": 1_440_000.0, "before": 1_200_000.0, "reason": "no interval for amounts"}
    assert "£1.4 million in the 12 months to October 2026 against £1.2 million a year before" in (
        words.verdict(compared(LOSS, **UNKNOWN | row)).sentence
    )


def test_provisional_months_are_named():
    late = words.verdict(compared(provisional_from=date(2026, 11, 1), last_month=date(2026, 11, 1)))
    assert late.sentence.endswith("November 2026 is provisional and left out.")
    later = words.verdict(compared(provisional_from=date(2026, 11, 1), last_month=date(2026, 12, 1)))
    assert later.sentence.endswith("November 2026 to December 2026 are provisional and left out.")
    assert "provisional" not in words.verdict(compared(provisional_from=date(2026, 11, 1))).sentence


def test_a_window_of_one_month_is_that_month():
    assert "visits in October 2026 against" in words.verdict(compared(months=1)).sentence


def test_not_recorded_is_the_verdict():
    nothing = Measured(pl.DataFrame(), THEFT, not_recorded="no visits in this warehouse")
    for found in (words.verdict(nothing), words.judged(nothing)):
        assert (found.status, found.word) == ("cannot_tell", "Not recorded")
        assert found.sentence == "Not recorded: no visits in this warehouse."
    assert words.latest(nothing) == words.describe(nothing) == "Not recorded: no visits in this warehouse."


def test_nothing_or_many_groups_have_no_one_verdict():
    for rows in (compared().rows.clear(), pl.concat([compared().rows] * 2)):
        assert words.verdict(compared().with_rows(rows)).status == "cannot_tell"
    many = measured(by=("store_id",), period=[LAST] * 2, value=[1.0, 2.0], store_id=["a", "b"], tolerance=TOLERANCE)
    assert words.judged(many).status == "not_judged"


def test_no_sentence_says_why_something_changed_or_shouts():
    changes = [(0.2, 0.15, 0.25), (-0.2, -0.25, -0.15), (0.06, -0.01, 0.13), (0.0, -0.1, 0.1), (0.1, -0.5, 2.0)]
    for share, low, high in changes:
        for seen in (0.1, 0.9):
            found = words.verdict(compared(change=share, low=low, high=high, smallest_detectable=seen))
            assert not SOUNDS_CAUSAL_OR_LOUD.search(found.sentence.lower())


# Judged against a tolerance


@pytest.mark.parametrize(
    ("better", "ends", "status", "word"),
    [
        ("lower", (4.6, 5.4), "worse", "Above tolerance"),
        ("lower", (3.6, 4.5), "better", "Within tolerance"),
        ("lower", (4.4, 5.4), "no_clear", "At tolerance"),
        ("higher", (3.6, 4.4), "worse", "Below tolerance"),
        ("higher", (4.5, 5.4), "better", "Within tolerance"),
        ("higher", (3.6, 4.6), "no_clear", "At tolerance"),
    ],
)
def test_outside_or_within_only_if_the_whole_interval_is(better, ends, status, word):
    row = {"value": [sum(ends) / 2], "low": [ends[0]], "high": [ends[1]]}
    found = words.judged(measured(replace(THEFT, better=better), **row, tolerance=TOLERANCE))
    assert (found.status, found.word) == (status, word)


def test_judged_says_value_interval_tolerance_and_owner():
    found = words.judged(measured(value=[5.0], low=[4.6], high=[5.4], tolerance=TOLERANCE))
    assert (found.number, found.interval) == ("5.0", "4.6 to 5.4; tolerance 4.5")
    assert found.sentence == (
        "Recorded theft rate: 5.0 recorded thefts per 10,000 visits (95 % 4.6 to 5.4) in October 2026, "
        "above the tolerance of 4.5 agreed by the COO on 14 Jan 2026."
    )


def test_without_an_interval_the_value_is_judged():
    assert words.judged(measured(value=[5.0], tolerance=TOLERANCE)).status == "worse"
    assert words.judged(measured(value=[4.5], tolerance=TOLERANCE)).status == "better"


def test_without_a_tolerance_or_a_better_side_nothing_is_judged():
    found = words.judged(measured(value=[5.0]))
    assert (found.status, found.word) == ("not_judged", "Not judged")
    assert found.sentence.endswith("in October 2026; not judged, no tolerance agreed.")
    assert words.judged(measured(replace(THEFT, better=None), value=[5.0], tolerance=TOLERANCE)).status == "not_judged"


def test_too_few_are_not_judged():
    few = {"value": [8.0], "numerator": [4.0], "denominator": [5_000.0], "tolerance": TOLERANCE}
    assert words.judged(measured(**few)).status == "cannot_tell"
    expected = few | {"numerator": [0.0], "value": [0.0], "denominator": [20_000.0], "low": [0.0], "high": [1.8]}
    assert words.judged(measured(**expected)).status == "better"
    share = {"value": [0.5], "numerator": [9.0], "denominator": [18.0], "tolerance": TOLERANCE | {"limit": 0.15}}
    assert words.judged(measured(OLD, **share)).status == "cannot_tell"


def test_the_last_settled_month_is_judged_and_an_unknown_one_is_not():
    found = words.judged(measured(value=[3.0, 9.0], tolerance=TOLERANCE, provisional_from=LAST))
    assert (found.status, found.number) == ("better", "3.0")
    gap = words.judged(measured(value=[3.0, None], tolerance=TOLERANCE))
    assert (gap.status, gap.reason) == (
        "cannot_tell",
        "Whether the recorded theft rate is within tolerance: no value is known for October 2026.",
    )


# Sentences


def test_latest_gives_the_rate_its_interval_and_both_amounts():
    row = {"value": [4.15], "low": [3.8], "high": [4.5], "numerator": [9133.0], "denominator": [22e6]}
    assert words.latest(measured(**row)) == (
        "October 2026: 4.2 recorded thefts per 10,000 visits (95 % 3.8 to 4.5); "
        "9,133 recorded thefts, 22 million visits."
    )
    assert "; 1 recorded theft, 22 million visits." in words.latest(measured(**row | {"numerator": [1.0]}))


def test_latest_of_a_share_says_n_of_n_and_refuses_few():
    row = {"value": [0.212], "low": [0.2], "high": [0.22], "numerator": [2079.0], "denominator": [9806.0]}
    assert words.latest(measured(OLD, **row)) == (
        "Unsupported devices: 21 % (2,079 of 9,806; 95 % 20 to 22 %) in October 2026."
    )
    few = {"value": [0.5], "numerator": [1.0], "denominator": [2.0]}
    assert words.latest(measured(OLD, **few)) == "Unsupported devices: 1 of 2 in October 2026; too few for a share."


def test_latest_leaves_out_what_is_provisional_and_names_it():
    found = words.latest(measured(DEVICES, value=[9700.0, 9806.0], provisional_from=LAST))
    assert found == "IoT devices in service: 9,700 in September 2026. October 2026 is provisional."
    assert words.latest(measured(DEVICES, value=[9806.0], provisional_from=LAST)).endswith("nothing settled yet.")
    assert words.latest(measured(DEVICES, value=[None])) == "IoT devices in service in October 2026: not known."


def test_latest_of_groups_names_the_highest_and_the_lowest():
    rates = measured(by=("region",), period=[LAST] * 3, value=[4.0, 3.0, None], region=["North", "South", None])
    assert words.latest(rates) == (
        "Recorded theft rate in October 2026: highest North 4.0, lowest South 3.0 recorded thefts per 10,000 visits."
    )
    links = {"link_type": ["lte", "fixed_wireless", "fibre"], "value": [0.9, 0.85, 0.99]}
    assert words.latest(measured(OLD, by=("link_type",), period=[LAST] * 3, **links)) == (
        "Unsupported devices in October 2026: highest fibre 99.0 % (10 of 20,000), "
        "lowest fixed wireless 85 % (10 of 20,000)."
    )
    one = measured(DEVICES, by=("region",), value=[12.0], region=["North"])
    assert words.latest(one) == "IoT devices in service in October 2026: North 12."
    unknown = measured(by=("region",), value=[None], region=["North"])
    assert words.latest(unknown) == "Recorded theft rate in October 2026: not known."


def without_period(metric=THEFT, by=(), **columns):
    return Measured(pl.DataFrame(columns), metric, by=by, last_month=LAST, months=36)


RANKED = {"region": ["Northfield", "Harbour", "Westvale"], "value": [5.6, 4.0, 2.4]}


def test_latest_of_a_ranking_says_how_many_differ_and_names_the_ends():
    ends = "highest Northfield 5.6, lowest Westvale 2.4 recorded thefts per 10,000 visits."
    for established, claim in (
        (["above", None, "below"], "2 of 3 regions differ from the average"),
        ([None, None, "below"], "1 of 3 regions differs from the average"),
        (["above", "above", "below"], "All 3 regions differ from the average"),
    ):
        assert words.latest(without_period(by=("region",), **RANKED, established=established)) == f"{claim}: {ends}"
    alike = without_period(by=("region",), **RANKED).rows.with_columns(established=pl.lit(None, pl.String))
    assert words.latest(Measured(alike, THEFT, by=("region",))) == (
        f"None of 3 regions can be separated from the average: {ends}"
    )


def test_latest_of_a_funnel_says_how_many_lie_outside():
    def funnel(*outside):
        return words.latest(without_period(by=("store_id",), store_id=list("abc"), outside=list(outside)))

    assert funnel(True, True, False) == "2 of 3 stores lie outside the 99.8 % limits."
    assert funnel(True, False, False) == "1 of 3 stores lies outside the 99.8 % limits."
    assert funnel(False, False, False) == "None of 3 stores lies outside the 99.8 % limits."


def test_a_watch_list_is_said_with_those_that_were_compared():
    ranked = without_period(by=("store_id",), store_id=list("abcd"), value=[4.0, 3.0, 1.0, None])
    for on_list, said in ((0, "None of 3 stores very likely has more than 1.5 times its"), (2, "2 of 3 stores very likely have more than 1.5 times their")):
        watch_list = ranked.with_rows(ranked.rows.head(on_list))
        assert words.watched(watch_list, ranked) == f"{said} peers' rate."


def test_latest_of_a_heat_map_names_its_highest_cell_if_it_stands_out():
    thefts = replace(THEFT, label="Recorded thefts", unit="recorded thefts", estimate="count")
    cells = without_period(thefts, weekday=[1, 5, 7], hour=[9, 17, 17], value=[0.5, 2.4, None])
    assert words.latest(cells) == "Recorded thefts: no hour of the week stands out from the average by more than chance."
    cells = cells.with_rows(cells.rows.with_columns(low=pl.Series([0.1, 1.2, None])))
    assert words.latest(cells) == "Recorded thefts were most frequent on Friday at 17:00: 2.4 times the average hour."


WAIT = Duration("C02", "wait", "Time to contain", "days", ".", "incidents", "begun_on", "ended_on", "end dates")
IN_MONTHS = replace(WAIT, every="month", is_open="not yet answered")


def curve(by=(), metric=WAIT, **columns):
    waits = without_period(metric, by=by, at_risk=[500] * len(columns["waited"]), **columns)
    return words.latest(replace(waits, every=metric.every))


def test_latest_of_a_survival_curve_gives_the_median_and_what_is_open_well_after_it():
    assert curve(waited=[0.0, 4.0, 29.0, 60.0], value=[1.0, 0.5, 0.13, 0.1]) == (
        "Time to contain: half within 4 days, 13 % of 500 still open after 30 days."
    )
    assert curve(waited=[0.0, 0.0, 20.0], value=[1.0, 0.4, 0.1]) == (
        "Time to contain: half on the same day, 40 % of 500 still open after 7 days."
    )
    assert curve(metric=IN_MONTHS, waited=[0.0, 0.0, 20.0], value=[1.0, 0.4, 0.1]) == (
        "Time to contain: half in the same month, 40 % of 500 not yet answered after 1 month."
    )
    assert curve(waited=[0.0, 12.0], value=[1.0, 0.8]) == "Time to contain: 100 % of 500 still open after 7 days."
    assert curve(waited=[0.0], value=[None]) == "Time to contain: not known, too few have ended."


def test_latest_of_survival_curves_names_the_first_and_the_last_to_reach_half():
    groups = {"severity": ["high", "high", "low", "low", "mid", "mid"], "waited": [0.0, 4.0, 0.0, 9.0, 0.0, 6.0]}
    assert curve(("severity",), **groups, value=[1.0, 0.5, 1.0, 0.4, 1.0, 0.4]) == (
        "Time to contain: half within 4 days in high, half within 9 days in low."
    )
    assert curve(("severity",), **groups, value=[1.0, 0.5, 1.0, 0.7, 1.0, 0.4]) == (
        "Time to contain: half within 4 days in high, half not reached in low."
    )


def test_latest_of_a_stock_and_its_flows_says_what_came_and_went():
    flow = {"opening": [None, 8601.0, 9000.0], "arrived": [None, 500.0, 900.0], "left": [None, 101.0, 106.0],
            "closing": [None, 9000.0, 9806.0]}  # fmt: skip
    devices = replace(DEVICES, label="Connected devices in service")

    def said(visible):
        flows = measured(devices, **flow, newly_visible=[None, 0.0, visible], value=[1.0] * 3)
        return words.latest(flows.with_rows(flows.rows.drop("value", "numerator", "denominator")))

    assert said(0.0) == "9,806 devices in October 2026: 1,400 arrived, 207 left since September 2026."
    assert said(12.0) == (
        "9,806 devices in October 2026: 1,400 arrived, 12 became visible, 207 left since September 2026."
    )


def test_latest_of_the_scorecard_is_in_whole_numbers_and_names_the_weakest_only_if_it_can_be_told():
    card = without_period(
        by=("domain",), domain=["index", "R8", "R6", "R9"], value=[47.6, 33.4, 42.6, 20.0], indicators=[3, 2, 1, 0],
        label=["Readiness index", "People", "Detection", "Leadership and plan"], weakest=[None, 0.5, 0.2, 0.3],
    )  # fmt: skip
    assert words.latest(card) == "Readiness is 48 of 100; which domain is the weakest cannot be told."
    sure = card.rows.with_columns(weakest=pl.Series([None, 0.72, 0.2, 0.08]))
    assert words.latest(card.with_rows(sure)) == "Readiness is 48 of 100; the weakest domain is people: likely (72 %)."


def bands(names, values, **facts):
    n = len(names)
    facts = {"period": [LAST] * n, "provisional_from": None} | facts
    return measured(DEVICES, by=("band",), band=names, value=values, **facts)


def test_latest_of_one_bar_names_its_largest_band_and_the_unknown_or_next_one():
    names = ["protected", "not_protected", "unknown", "all other"]
    assert words.latest(bands(names, [0.2, 0.27, 0.1, 0.43])) == (
        "IoT devices in service, October 2026: not protected 27 % (10 of 20,000), unknown 10 % (10 of 20,000)."
    )
    assert words.latest(bands(["camera", "till"], [0.8, 0.2])) == (
        "IoT devices in service, October 2026: camera 80 % (10 of 20,000), till 20 % (10 of 20,000)."
    )


def test_latest_of_a_summed_bar_says_its_window_and_never_that_nothing_is_settled():
    kinds = measured(
        replace(DEVICES, denominator=None), by=("kind",), period=[date(2026, 9, 1)] * 2 + [LAST] * 2,
        kind=["theft", "fraud"] * 2, value=[3.0, 1.0, 3.0, 1.0], numerator=[3.0, 1.0, 3.0, 1.0],
        denominator=[None] * 4, provisional_from=LAST,
    )  # fmt: skip
    kinds = kinds.with_rows(kinds.rows.cast({"denominator": pl.Float64}).with_columns(metric=pl.lit("kinds")))
    assert words.latest(compare.bands(compare.summed(kinds))) == (
        "IoT devices in service, 2 months to October 2026: theft 75 % (6 of 8), fraud 25 % (2 of 8). "
        "October 2026 is provisional."
    )


def test_latest_of_bars_over_time_follows_the_band_that_grew_most():
    later = date(2028, 10, 1)
    cliff = bands(
        ["supported", "past end of support", "unknown"] * 2, [0.21, 0.15, 0.64, 0.19, 0.17, 0.64],
        period=[LAST] * 3 + [later] * 3,
    )  # fmt: skip
    assert words.latest(cliff) == (
        "Past end of support: 15 % (10 of 20,000) in October 2026, 17 % (10 of 20,000) in October 2028."
    )


def test_latest_of_bars_that_stay_the_same_is_that_of_one_bar():
    same = bands(["supported", "unknown"] * 2, [0.0, 1.0] * 2, period=[LAST] * 2 + [date(2028, 10, 1)] * 2)
    assert words.latest(same) == "IoT devices in service, October 2026: unknown 100 % (10 of 20,000)."


def test_latest_of_bars_by_group_compares_their_largest_band():
    formats = {"store_format": ["express", "express", "hyper", "hyper"], "numerator": [6.0, 4.0, 9.0, 1.0]}
    split = bands(["protected", "not protected"] * 2, [0.6, 0.4, 0.9, 0.1], **formats)
    split = replace(split, metric=OLD, by=("store_format", "band"))
    assert words.latest(split) == (
        "Unsupported devices, protected: highest hyper 90 % (9 of 20,000), lowest express 60 % (6 of 20,000)."
    )


def test_latest_of_a_median():
    rows = pl.DataFrame({"n": [310], "closed": [210], "value": [1.0], "low": [1.0], "high": [37.0]})
    said = words.latest(Measured(rows, WAIT, every="day"))
    assert said == "Time to contain: half within 1 day (95 % 1 to 37), 210 of 310 closed."
    unreached = Measured(rows.with_columns(value=30.0, high=pl.lit(None, pl.Float64)), WAIT, every="day")
    assert "half within 30 days (95 % from 1, upper end not reached)" in words.latest(unreached)
    unknown = Measured(rows.with_columns(value=pl.lit(None, pl.Float64)), WAIT)
    assert words.latest(unknown) == "Time to contain: no median can be given yet, 210 of 310 closed."


def test_describe_gives_ends_extremes_and_gaps():
    assert words.describe(measured(value=[3.0, 1.0, None, 9.0, 4.0])) == (
        "Recorded theft rate, recorded thefts per 10,000 visits, by month, June 2026 to October 2026: first 3.0 "
        "in June 2026, last 4.0 in October 2026, lowest 1.0 in July 2026, highest 9.0 in September 2026; "
        "1 month not known."
    )
    assert words.describe(measured(value=[None, None])).endswith("not known.")


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (
            {"opening": [8601, 9000], "arrived": [500, 900], "newly_visible": [0, 12], "left": [101, 106],
             "closing": [9000, 9806], "value": [1.0, 1.0]},
            "8,601 at the start of September 2026, 9,806 at the end of October 2026; "
            "arrived 1,400, newly visible 12, left 207 in between.",
        ),
        ({"opening": [1, 2], "arrived": [1, 1], "left": [None, None], "closing": [2, 3], "value": [1.0, 1.0]}, "left not known"),
        ({"waited": [0.0, 8.0, 40.0], "value": [1.0, 0.8, 0.3], "at_risk": [500, 500, 400]},
         "100 % of 500 after 7 days, 80 % after 30 days, 30 % after 40 days."),
        ({"waited": [0.0], "value": [None]}, "not known; too few closed."),
        ({"weekday": [5, 5], "hour": [9, 19], "value": [0.5, 2.4]},
         "Friday 09:00 0.50 times the average, Friday 19:00 2.4"),
        ({"band": ["New", "Old"], "value": [0.25, 0.75], "numerator": [5, 15], "denominator": [20, 20]},
         "New 25 % (5 of 20), Old 75 % (15 of 20)."),
        ({"domain": [f"R{n}" for n in range(9)], "label": [f"Domain {n}" for n in range(9)], "value": [58.0] * 9},
         "Domain 7 58, Domain 8 58."),
        ({"weekday": [5] * 9, "hour": [*range(9, 18)], "value": [float(n) for n in range(9)]},
         "lowest Friday 09:00 0 times the average; 9 hours of the week in all."),
    ],
)  # fmt: skip
def test_describe_knows_every_shape(columns, text):
    found = measured(*([WAIT] if "waited" in columns else []), **columns)
    found = replace(found, every="day") if "waited" in columns else found
    if "opening" not in columns:
        found = found.with_rows(found.rows.drop("period"))
    assert text in words.describe(found)


def test_describe_of_nothing():
    assert words.describe(measured(value=[])) == "Recorded theft rate: nothing to show."


def test_an_estimated_probability_is_never_certain():
    assert [words.chance(p) for p in (0.0, 0.004, 0.72, 1.0, None)] == [
        *("under 1 %", "under 1 %", "72 %", "over 99 %", "not known")
    ]
    assert words.probability(1.0) == "almost certain (over 99 %)"
