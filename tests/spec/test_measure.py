"""What a measured number means: each test draws its rows and asserts the whole answer."""

from datetime import date

import pytest

from retail_analytics.errors import ParameterError, UnknownName, WarehouseError
from retail_analytics.measure import durations, measure
from retail_analytics.metrics import iot, readiness, theft

STORES = """
    store_id | region | area_sqm | opened_on  | closed_on
    0001     | North  | 1000     | 2020-01-01 |
    0002     | South  | 500      | 2020-01-01 | 2025-01-15
"""


def rows(measured):
    return [row[1:] for row in measured.rows.rows()]


def test_theft_rate_is_zero_in_a_quiet_month_and_null_when_no_store_was_open(given):
    shop = given(
        incidents="""
            incident_id | kind  | occurred_on
            I1          | theft | 2024-06-01
        """,
        store_days="""
            store_id | day        | visits
            0001     | 2025-01-01 | 400
        """,
    )
    assert rows(measure(shop, theft.theft_rate, last_month="2025-01", months=2)) == [
        (date(2024, 12, 1), 0, 0, None),
        (date(2025, 1, 1), 0, 400, 0),
    ]


def test_attempts_other_kinds_and_days_without_a_visitor_count_are_left_out_of_the_theft_rate(given):
    shop = given(
        stores=STORES,
        incidents="""
            incident_id | store_id | kind  | attempted | occurred_on
            I1          | 0001     | theft | false     | 2025-01-01
            I2          | 0001     | theft | true      | 2025-01-01
            I3          | 0001     | fraud | false     | 2025-01-01
            I4          | 0001     | theft |           | 2025-01-02
        """,
        store_days="""
            store_id | day        | visits
            0001     | 2025-01-01 | 400
            0001     | 2025-01-02 |
        """,
    )
    assert rows(measure(shop, theft.theft_rate, last_month="2025-01", months=1)) == [(date(2025, 1, 1), 1, 400, 25)]
    assert rows(measure(shop, theft.recorded_thefts, last_month="2025-01", months=1)) == [
        (date(2025, 1, 1), 2, None, 2)
    ]


def test_a_row_that_stands_for_several_incidents_counts_as_many(given):
    shop = given(
        incidents="""
            incident_id | kind  | number | occurred_on
            I1          | theft | 12     | 2025-01-01
            I2          | theft |        | 2025-01-31
            I3          | theft | 5      | 2025-02-01
        """
    )
    assert rows(measure(shop, theft.recorded_thefts, last_month="2025-01", months=1)) == [
        (date(2025, 1, 1), 13, None, 13)
    ]


def test_periods_are_half_open_and_weeks_begin_on_monday(given):
    shop = given(
        incidents="""
            incident_id | kind  | occurred_on
            I1          | theft | 2024-12-29
            I2          | theft | 2024-12-30
            I3          | theft | 2025-01-05
            I4          | theft | 2025-01-06
        """
    )
    # 30 December to 5 January crosses the edge of the window and is no whole week in it.
    assert rows(measure(shop, theft.recorded_thefts, last_month="2025-01", months=1, every="week")) == [
        (date(2025, 1, 6), 1, None, 1),
        (date(2025, 1, 13), 0, None, 0),
        (date(2025, 1, 20), 0, None, 0),
    ]


def test_a_group_that_only_one_side_has_is_not_lost(given):
    shop = given(
        stores=STORES,
        incidents="""
            incident_id | store_id | kind  | occurred_on
            I1          | 0001     | theft | 2025-01-01
        """,
        store_days="""
            store_id | day        | visits
            0001     | 2025-01-01 | 100
            0002     | 2025-01-01 | 200
        """,
    )
    assert rows(measure(shop, theft.theft_rate, last_month="2025-01", months=1, by="region")) == [
        (date(2025, 1, 1), "North", 1, 100, 100),
        (date(2025, 1, 1), "South", 0, 200, 0),
    ]


def test_a_group_without_a_name_is_kept_as_null(given):
    shop = given(
        stores=STORES,
        incidents="""
            incident_id | store_id | kind  | occurred_on
            I1          | 0001     | theft | 2025-01-01
            I2          |          | theft | 2025-01-01
        """,
    )
    assert rows(measure(shop, theft.recorded_thefts, last_month="2025-01", months=1, by="region")) == [
        (date(2025, 1, 1), "North", 1, None, 1),
        (date(2025, 1, 1), None, 1, None, 1),
    ]


def test_a_stock_is_what_existed_on_the_last_day_of_the_period(given):
    shop = given(
        devices="""
            source | source_id | observed_on | status     | installed_on | removed_on
            cmdb   | 1         | 2025-06-30  | in_service | 2025-01-31   |
            cmdb   | 2         | 2025-06-30  | in_service | 2025-02-01   | 2025-03-01
            cmdb   | 3         | 2025-06-30  | in_service | 2024-01-01   | 2025-01-31
            cmdb   | 4         | 2025-06-30  | on_order   | 2024-01-01   |
        """
    )
    assert rows(measure(shop, iot.active_devices, last_month="2025-03", months=3)) == [
        (date(2025, 1, 1), 1, None, 1),
        (date(2025, 2, 1), 2, None, 2),
        (date(2025, 3, 1), 1, None, 1),
    ]


def test_the_stock_flow_adds_up_and_keeps_newly_visible_apart_from_arrivals(given):
    shop = given(
        devices="""
            source  | source_id | observed_on | status     | installed_on | first_seen_on | last_seen_on | removed_on
            cmdb    | 1         | 2025-06-30  | in_service | 2024-11-05   |               | 2025-06-30   |
            cmdb    | 2         | 2025-06-30  | in_service | 2025-01-10   |               | 2025-06-30   |
            runzero | 3         | 2025-06-30  | in_service |              | 2025-02-03    | 2025-06-30   |
            runzero | 4         | 2025-06-30  | in_service |              | 2025-02-10    | 2025-06-30   |
            runzero | 5         | 2025-06-30  | in_service |              | 2025-02-28    | 2025-06-30   |
            cmdb    | 6         | 2025-06-30  | retired    | 2024-11-05   |               | 2025-01-31   | 2025-02-14
        """
    )
    assert rows(iot.stock_flow(shop, last_month="2025-02", months=2)) == [
        (date(2025, 1, 1), 2, 1, 0, 0, 3),
        (date(2025, 2, 1), 3, 1, 2, 1, 5),
    ]


def test_a_month_outside_the_data_is_not_known_even_when_nothing_is_there(given):
    shop = given(
        covers={"incidents": [date(2025, 1, 1), date(2025, 2, 20)]},
        incidents="""
            incident_id | kind  | occurred_on
            I1          | theft | 2025-01-10
            I2          | theft | 2025-02-10
        """,
    )
    assert rows(measure(shop, theft.recorded_thefts, last_month="2025-02", months=3)) == [
        (date(2024, 12, 1), None, None, None),
        (date(2025, 1, 1), 1, None, 1),
        (date(2025, 2, 1), None, None, None),
    ]


def test_a_region_that_usually_reports_and_sends_nothing_has_a_gap_not_a_zero(given):
    shop = given(
        covers={"incidents": [date(2025, 1, 1), date(2025, 4, 20)]},
        incidents="""
            incident_id | region | kind  | number | occurred_on
            I1          | Kent   | theft | 30     | 2025-01-10
            I2          | Kent   | theft | 40     | 2025-03-10
            I3          | Rutland | theft | 2     | 2025-01-10
            I4          | Rutland | theft | 2     | 2025-03-10
        """,
    )
    by_region = measure(shop, theft.recorded_thefts, last_month="2025-03", months=3, by="region")
    assert [row for row in rows(by_region) if row[0] == date(2025, 2, 1)] == [
        (date(2025, 2, 1), "Kent", None, None, None),
        (date(2025, 2, 1), "Rutland", 0, None, 0),
    ]
    assert by_region.gaps == (
        {"table": "incidents", "region": "Kent", "first": date(2025, 2, 1), "last": date(2025, 2, 1)},
    )
    # April is not over in the data: nothing is missing yet.
    assert measure(shop, theft.recorded_thefts, last_month="2025-04", months=4).gaps == by_region.gaps
    of_kent = measure(shop, theft.recorded_thefts, last_month="2025-03", months=2, scope="Kent")
    assert rows(of_kent) == [(date(2025, 2, 1), None, None, None), (date(2025, 3, 1), 40, None, 40)]


def test_known_by_leaves_out_what_was_entered_later(given):
    shop = given(
        incidents="""
            incident_id | kind  | occurred_on | entered_on
            I1          | theft | 2025-01-10  | 2025-01-10
            I2          | theft | 2025-01-20  | 2025-02-03
        """
    )
    at_the_end = measure(shop.as_known(date(2025, 1, 31)), theft.recorded_thefts, last_month="2025-01", months=1)
    assert rows(at_the_end) == [(date(2025, 1, 1), 1, None, 1)]
    on_the_day = measure(shop.as_known(date(2025, 2, 3)), theft.recorded_thefts, last_month="2025-01", months=1)
    assert rows(on_the_day) == [(date(2025, 1, 1), 2, None, 2)]
    assert rows(measure(shop, theft.recorded_thefts, last_month="2025-01", months=1)) == [(date(2025, 1, 1), 2, None, 2)]


def test_months_that_late_entries_may_still_change_are_provisional(given):
    drawn = "incident_id | kind | occurred_on | entered_on\n"
    drawn += "\n".join(f"I{n} | theft | 2024-{n:02}-01 | 2024-{n + 1:02}-05" for n in range(1, 7))
    shop = given(covers={"incidents": [date(2024, 1, 1), date(2025, 2, 5)]}, incidents=drawn)
    # Entries took 34 to 36 days, so what happened until early January is settled on 5 February.
    assert measure(shop, theft.recorded_thefts, last_month="2025-01").provisional_from == date(2024, 12, 1) or (
        measure(shop, theft.recorded_thefts, last_month="2025-01").provisional_from == date(2025, 1, 1)
    )


def test_a_loss_of_zero_or_at_retail_price_is_not_known_at_cost(given):
    shop = given(
        incidents="""
            incident_id | kind  | occurred_on | loss | recovered | price_basis
            I1          | theft | 2025-01-10  | 80   | 30        | cost
            I2          | theft | 2025-01-11  | 0    |           | cost
            I3          | theft | 2025-01-12  | 500  |           | retail
            I4          | theft | 2025-02-12  |      |           | cost
        """
    )
    assert rows(measure(shop, theft.known_loss, last_month="2025-03", months=3)) == [
        (date(2025, 1, 1), 50, None, 50),
        (date(2025, 2, 1), None, None, None),
        (date(2025, 3, 1), 0, None, 0),
    ]
    assert rows(measure(shop, theft.valued_share, last_month="2025-01", months=1)) == [(date(2025, 1, 1), 1, 3, 1 / 3)]


def test_losses_of_which_none_is_known_are_not_recorded(given):
    shop = given(incidents="incident_id | kind | occurred_on | loss | price_basis\nI1 | theft | 2025-01-10 | 5 | retail")
    measured = measure(shop, theft.known_loss, last_month="2025-01", months=1)
    assert measured.not_recorded == "no values for known loss in these months" and measured.rows.is_empty()


def test_a_month_that_is_not_covered_does_not_make_an_unknown_loss_nought(given):
    shop = given(
        covers={"incidents": [date(2025, 2, 1), date(2025, 2, 28)]},
        incidents="incident_id | kind | occurred_on\nI1 | theft | 2025-02-10",
    )
    assert measure(shop, theft.known_loss, last_month="2025-02", months=2).not_recorded == (
        "no values for known loss in these months"
    )


def test_a_denominator_that_nobody_wrote_down_is_not_recorded(given):
    shop = given(
        stores="store_id | region | opened_on\n0001 | North | 2020-01-01",
        devices="source | source_id | observed_on | store_id | installed_on\ncmdb | 1 | 2025-06-30 | 0001 | 2024-01-01",
    )
    measured = measure(shop, iot.devices_per_area, last_month="2025-05", months=1, scope="North")
    assert measured.not_recorded == "no values for devices per 100 m² in region North in these months"


LOSSES = """
    incident_id | kind  | occurred_on | region | loss | recovered | price_basis | currency
    I1          | theft | 2025-01-10  | Kent   | 80   | 30        | cost        | GBP
    I2          | theft | 2025-01-11  | Kent   |      |           | cost        | EUR
    I3          | theft | 2025-01-12  | Cork   | 500  |           | cost        | EUR
"""


def test_a_loss_is_in_one_currency_and_two_are_never_added(given):
    shop = given(incidents=LOSSES)
    asked = {"last_month": "2025-01", "months": 1}
    kent = measure(shop, theft.known_loss, scope="Kent", **asked)
    assert (rows(kent), kent.metric.unit) == ([(date(2025, 1, 1), 50, None, 50)], "known loss at cost, GBP")
    both = measure(shop, theft.known_loss, **asked)
    assert both.not_recorded == "known loss in one currency (EUR, GBP are mixed)" and both.rows.is_empty()
    apart = measure(shop, theft.known_loss, by="currency", **asked).rows.drop_nulls("currency")
    assert apart.select("currency", "value").rows() == [("EUR", 500), ("GBP", 50)]


def test_a_table_without_rows_is_not_recorded_and_never_zero(given):
    shop = given(stores=STORES)
    measured = measure(shop, theft.theft_rate, last_month="2025-01")
    assert measured.not_recorded == "no incidents in this warehouse"
    assert measured.rows.is_empty() and measured.rows.columns[:2] == ["metric", "period"]


def test_devices_past_support_follow_the_shipped_dates_and_unknown_is_its_own_band(given):
    shop = given(
        devices="""
            source | source_id | observed_on | status     | installed_on | os                                | os_version
            cmdb   | 1         | 2026-11-15  | in_service | 2020-01-01   | Windows 10 Enterprise LTSB 2016   | 1607
            cmdb   | 2         | 2026-11-15  | in_service | 2020-01-01   | Windows 10 IoT Enterprise LTSC 2021 | 21H2
            cmdb   | 3         | 2026-11-15  | in_service | 2020-01-01   | Android                           | 13
            cmdb   | 4         | 2026-11-15  | in_service | 2020-01-01   | SomeCam firmware                  | 4.10
        """
    )
    share = measure(shop, iot.past_support_share, last_month="2026-10", months=9)
    assert rows(share)[0] == (date(2026, 2, 1), 0, 4, 0)
    assert rows(share)[1] == (date(2026, 3, 1), 1, 4, 0.25)  # Android 13 ended on 2 March 2026
    assert rows(share)[8] == (date(2026, 10, 1), 2, 4, 0.5)  # LTSB 2016 on 13 October 2026
    cliff = iot.support_cliff(shop, last_month="2026-10", ahead=(0, 12))
    assert [row[2:4] for row in cliff.rows.rows()] == [
        ("supported", 1), ("past end of support", 2), ("unknown", 1),
        ("supported", 1), ("past end of support", 2), ("unknown", 1),
    ]  # fmt: skip


def test_a_device_installed_after_its_support_ended_is_past_support_from_its_first_day(given):
    shop = given(
        devices="""
            source | source_id | observed_on | status     | installed_on | os      | os_version
            cmdb   | 1         | 2026-11-15  | in_service | 2026-01-05   | Android | 9
            cmdb   | 2         | 2026-11-15  | in_service | 2020-01-05   | Android | 14
        """
    )
    assert rows(measure(shop, iot.past_support_share, last_month="2026-01", months=2)) == [
        (date(2025, 12, 1), 0, 1, 0), (date(2026, 1, 1), 1, 2, 0.5),
    ]  # fmt: skip


def test_records_of_two_systems_that_share_an_identifier_are_one_device(given):
    shop = given(
        devices="""
            source  | source_id | observed_on | status     | installed_on | last_seen_on | serial | mac               | asset_tag | vendor | model
            cmdb    | c1        | 2025-06-30  | in_service | 2025-01-01   | 2025-06-01   | S1     | 00:00:5e:00:53:01 |           | Acme   | A1
            runzero | r1        | 2025-06-30  |            |              | 2025-06-30   |        | 00-00-5E-00-53-01 | T9        |        |
            edr     | e1        | 2025-06-30  |            |              | 2025-06-30   |        |                   | t9        |        |
            runzero | r2        | 2025-06-30  | in_service | 2025-01-01   | 2025-06-30   |        | 00:00:5e:00:53:02 |           |        |
        """
    )
    assert shop.sql("SELECT device_id, records, model FROM devices ORDER BY device_id").rows() == [
        ("cmdb:c1", 3, "A1"),
        ("runzero:r2", 1, None),
    ]


def test_open_incidents_count_as_open_and_not_as_missing(given):
    shop = given(
        incidents="""
            incident_id | kind  | occurred_on | detected_on | contained_on
            I1          | cyber | 2025-01-01  | 2025-01-02  | 2025-01-05
            I2          | cyber | 2025-01-01  | 2025-01-11  |
            I3          | cyber | 2025-01-01  | 2025-01-30  | 2025-02-10
            I4          | theft | 2025-01-01  | 2025-01-02  | 2025-01-05
        """
    )
    measured = durations(shop, readiness.time_to_contain, last_month="2025-01", months=1)
    assert measured.rows.rows() == [
        ("time_to_contain", 2, False),
        ("time_to_contain", 3, True),
        ("time_to_contain", 21, False),
    ]


def test_what_a_source_tells_by_months_is_timed_in_months(given):
    shop = given(
        incidents="""
            incident_id | reference | kind  | occurred_on | precision
            I1          | P1        | theft | 2024-12-01  | month
            I2          | P2        | theft | 2025-01-01  | month
            I3          | P3        | theft | 2025-01-01  | month
        """,
        outcomes="""
            outcome_id | reference | decided_on | outcome
            O1         | P1        | 2025-02-01 | charged
            O2         | P2        | 2025-01-01 | charged
        """,
    )
    waits = durations(shop, theft.time_to_outcome, last_month="2025-03", months=4)
    assert waits.rows.rows() == [("time_to_outcome", 0, True), ("time_to_outcome", 2, True), ("time_to_outcome", 3, False)]
    assert waits.every == "month"


def test_what_ends_after_the_window_or_is_not_over_in_the_data_is_open(given):
    shop = given(
        covers={"incidents": [date(2024, 1, 1), date(2025, 2, 10)]},
        incidents="""
            incident_id | kind  | occurred_on | detected_on | contained_on
            I1          | cyber | 2025-01-01  | 2025-01-30  | 2025-01-31
            I2          | cyber | 2025-01-01  | 2025-01-30  | 2025-02-01
            I3          | cyber | 2025-02-01  | 2025-02-01  |
        """,
    )
    asked = {"months": 1, "last_month": "2025-01"}
    assert [r[1:] for r in durations(shop, readiness.time_to_contain, **asked).rows.rows()] == [(1, True), (2, False)]
    february = durations(shop, readiness.time_to_contain, last_month="2025-02", months=1)
    assert [r[1:] for r in february.rows.rows()] == [(10, False)]
    known = durations(shop.as_known(date(2025, 1, 30)), readiness.time_to_contain, **asked)
    assert [r[1:] for r in known.rows.rows()] == [(1, False), (1, False)]
    march = durations(shop, readiness.time_to_contain, last_month="2025-03", months=1)
    assert march.not_recorded == "no incidents to measure it by that began in these months"
    with pytest.raises(UnknownName, match="Unknown breakdown of time_to_contain 'regoin'"):
        durations(shop, readiness.time_to_contain, **asked, by="regoin")
    with pytest.raises(UnknownName, match="Unknown scope 'Nrth'"):
        durations(shop, readiness.time_to_contain, **asked, scope="Nrth")


def test_a_week_that_reaches_into_a_month_without_data_is_not_known(given):
    shop = given(
        covers={"incidents": [date(2025, 1, 1), date(2025, 4, 30)]},
        incidents="""
            incident_id | region | kind  | number | occurred_on
            I1          | Kent   | theft | 30     | 2025-01-10
            I2          | Kent   | theft | 40     | 2025-03-10
            I3          | Kent   | theft | 40     | 2025-04-10
        """,
    )
    weeks = measure(shop, theft.recorded_thefts, last_month="2025-04", months=4, every="week", scope="Kent")
    unknown = weeks.rows.filter(weeks.rows["value"].is_null())["period"]
    assert (unknown.min(), unknown.max(), len(unknown)) == (date(2025, 1, 27), date(2025, 2, 24), 5)


def test_a_region_before_its_first_store_and_after_its_last_has_no_gap(given):
    shop = given(
        covers={"incidents": [date(2025, 1, 1), date(2025, 5, 31)]},
        stores="""
            store_id | region | opened_on  | closed_on
            0001     | North  | 2025-02-10 | 2025-05-01
        """,
        incidents="""
            incident_id | store_id | kind  | number | occurred_on
            I1          | 0001     | theft | 30     | 2025-02-20
            I2          | 0001     | theft | 30     | 2025-04-20
        """,
    )
    measured = measure(shop, theft.recorded_thefts, last_month="2025-05", months=5, by="region")
    assert [row[-1] for row in rows(measured)] == [0, 30, None, 30, 0]
    assert [(gap["first"], gap["last"]) for gap in measured.gaps] == [(date(2025, 3, 1), date(2025, 3, 1))]


def test_a_version_is_never_taken_from_another_systems_word_for_the_system(given):
    shop = given(
        devices="""
            source  | source_id | observed_on | serial | vendor | last_seen_on | os         | os_version
            cmdb    | 1         | 2025-06-30  | S1     | Acme   | 2025-06-01   | Windows 10 | 1809
            runzero | 2         | 2025-06-30  | S1     | Acme   | 2025-06-29   | Windows 11 |
        """
    )
    assert shop.sql("SELECT records, os, os_version FROM devices").rows() == [(2, "Windows 11", None)]


NOTED = """
    annotation_id | concerns   | scope | kind   | from_on    | to_on      | text  | source
    before        | incidents  | all   | caveat | 2024-01-01 | 2024-12-31 | a     | x
    touching      | incidents  | all   | caveat | 2024-01-01 | 2025-01-01 | b     | x
    lasting       | incidents  | North | caveat | 2024-01-01 |            | c     | x
    elsewhere     | incidents  | South | caveat | 2025-01-10 | 2025-01-10 | d     | x
    other_table   | store_days | all   | caveat | 2025-01-10 | 2025-01-10 | e     | x
    after         | incidents  | all   | caveat | 2025-03-01 | 2025-03-01 | f     | x
"""


def test_annotations_and_tolerances_are_those_of_the_tables_the_window_and_the_region(given):
    shop = given(
        stores=STORES,
        annotations=NOTED,
        tolerances="""
            metric          | scope | limit | owner | agreed_on
            recorded_thefts | all   | 50    | COO   | 2024-01-01
            recorded_thefts | all   | 40    | COO   | 2025-01-01
            recorded_thefts | North | 9     | North | 2024-06-01
            theft_rate      | South | 1     | South | 2024-06-01
        """,
        incidents="""
            incident_id | store_id | kind  | occurred_on
            I1          | 0001     | theft | 2025-01-01
            I2          | 0002     | theft | 2025-01-01
        """,
    )
    seen = {}
    for scope in ("all", "North", "South"):
        measured = measure(shop, theft.recorded_thefts, last_month="2025-02", months=2, scope=scope)
        seen[scope] = [[note["annotation_id"] for note in measured.annotations], measured.tolerance]
    everyone = {"limit": 40, "owner": "COO", "agreed_on": date(2025, 1, 1)}
    assert seen == {
        "all": [["lasting", "touching", "elsewhere"], everyone],
        "North": [["lasting", "touching"], {"limit": 9, "owner": "North", "agreed_on": date(2024, 6, 1)}],
        "South": [["touching", "elsewhere"], everyone],
    }


def test_provisional_months_move_with_the_day_on_which_one_asks(given):
    drawn = "incident_id | kind | occurred_on | entered_on\n"
    drawn += "\n".join(f"I{n} | theft | 2024-01-{n:02} | 2024-{2 if n > 18 else 1}-{n:02}" for n in range(1, 21))
    drawn += "\nL1 | theft | 2024-12-01 | 2025-03-20\nL2 | theft | 2024-12-01 | 2025-03-20"
    shop = given(covers={"incidents": [date(2024, 1, 1), date(2025, 3, 31)]}, incidents=drawn)
    # 18 of 20 old entries came on the day, two a month later; what is younger than half a year is not judged.
    assert shop.coverage["incidents"]["settled_to"] == date(2025, 2, 28)
    asked = {"last_month": "2025-03", "months": 3}
    measured = measure(shop, theft.recorded_thefts, **asked)
    assert (measured.provisional_from, measured.as_known) == (date(2025, 3, 1), date(2025, 3, 31))
    in_february = measure(shop.as_known(date(2025, 2, 15)), theft.recorded_thefts, **asked)
    assert (in_february.provisional_from, in_february.as_known) == (date(2025, 1, 1), date(2025, 2, 15))
    assert [row[-1] for row in rows(in_february)] == [0, None, None]
    assert measure(shop, theft.recorded_thefts, last_month="2025-02").provisional_from is None
    before_all = measure(shop.as_known(date(2023, 1, 1)), theft.recorded_thefts, **asked)
    assert before_all.not_recorded == "no incidents in this warehouse as known on 2023-01-01"


def test_a_metric_of_two_tables_is_settled_with_the_earlier_and_known_with_the_later(given):
    shop = given(
        covers={"incidents": [date(2024, 1, 1), date(2025, 3, 31)], "store_days": [date(2024, 1, 1), date(2025, 4, 30)]},
        incidents="incident_id | kind | occurred_on | entered_on\nI1 | theft | 2024-01-01 | 2024-02-01",
        store_days="store_id | day | visits\n0001 | 2025-01-10 | 5",
    )
    rate = measure(shop, theft.theft_rate, last_month="2025-03", months=2)
    assert (rate.provisional_from, rate.as_known) == (date(2025, 3, 1), date(2025, 4, 30))


def test_weeks_run_over_the_end_of_a_year(given):
    shop = given(
        incidents="""
            incident_id | kind  | occurred_on
            I1          | theft | 2024-12-30
            I2          | theft | 2025-01-05
            I3          | theft | 2025-01-06
        """
    )
    weeks = measure(shop, theft.recorded_thefts, last_month="2025-01", months=2, every="week")
    assert [(row[0], row[-1]) for row in rows(weeks)][3:6] == [
        (date(2024, 12, 23), 0), (date(2024, 12, 30), 2), (date(2025, 1, 6), 1),
    ]  # fmt: skip


def test_two_breakdowns_at_once_and_a_region_without_rows(given):
    shop = given(
        stores=STORES,
        incidents="""
            incident_id | store_id | kind  | occurred_on | precision
            I1          | 0001     | theft | 2025-01-01  | day
            I2          | 0001     | fraud | 2025-02-01  | month
        """,
    )
    asked = {"last_month": "2025-02", "months": 2}
    assert rows(measure(shop, theft.incidents_of_a_kind, **asked, by=("region", "kind"))) == [
        (date(2025, 1, 1), "North", "fraud", 0, None, 0),
        (date(2025, 1, 1), "North", "theft", 1, None, 1),
        (date(2025, 2, 1), "North", "fraud", 1, None, 1),
        (date(2025, 2, 1), "North", "theft", 0, None, 0),
    ]
    assert [row[-1] for row in rows(measure(shop, theft.recorded_thefts, **asked, scope="South"))] == [0, 0]
    # A month's entry cannot have been known before the month was over.
    early = measure(shop.as_known(date(2025, 2, 27)), theft.incidents_of_a_kind, **asked)
    assert shop.sql("SELECT known_on FROM incidents ORDER BY ALL").rows() == [(date(2025, 1, 1),), (date(2025, 2, 28),)]
    assert [row[-1] for row in rows(early)] == [1, None]


def test_without_declared_days_incidents_are_covered_up_to_their_newest_entry(given):
    shop = given(
        covers={"incidents": None},
        incidents="""
            incident_id | kind  | occurred_on | entered_on
            I1          | theft | 2025-01-01  | 2025-01-01
            I2          | theft | 2025-01-20  | 2025-02-28
        """,
    )
    assert rows(measure(shop, theft.recorded_thefts, last_month="2025-03", months=3)) == [
        (date(2025, 1, 1), 2, None, 2), (date(2025, 2, 1), 0, None, 0), (date(2025, 3, 1), None, None, None),
    ]  # fmt: skip


def test_devices_without_any_date_are_covered_from_their_export(given):
    shop = given(covers={"devices": None}, devices="source | source_id | observed_on | serial\ncmdb | 1 | 2025-06-30 | S1")
    assert (shop.coverage["devices"]["covered_from"], shop.coverage["devices"]["covered_to"]) == (
        date(2025, 6, 30), date(2025, 6, 30),
    )  # fmt: skip


def test_the_newest_month_is_the_last_that_all_tables_cover_completely(given):
    incidents = "incident_id | kind | occurred_on\nI1 | theft | 2025-01-10"
    days = "store_id | day | visits\n0001 | 2025-01-10 | 5"
    covers = {"incidents": [date(2025, 1, 10), date(2025, 3, 31)], "store_days": [date(2025, 1, 10), date(2025, 2, 27)]}
    shop = given(covers=covers, incidents=incidents, store_days=days)
    assert shop.newest_month(("incidents",)) == date(2025, 3, 1)
    assert shop.newest_month(("incidents", "store_days")) == date(2025, 1, 1)
    with pytest.raises(WarehouseError, match="not recorded: no findings"):
        shop.newest_month(("incidents", "findings"))


def test_the_first_of_several_outcomes_ends_the_wait_and_attempts_carry_no_loss(given):
    shop = given(
        stores=STORES,
        incidents="""
            incident_id | reference | store_id | region | kind  | attempted | occurred_on | loss | price_basis
            I1          | R1        | 0001     | Wrong  | theft | false     | 2025-01-01  | 10   | cost
            I2          | R1        |          | Kent   | theft | true      | 2025-01-01  | 99   | cost
        """,
        outcomes="""
            outcome_id | reference | outcome | decided_on
            O1         | R1        | charged | 2025-03-01
            O2         | R1        | caution | 2025-02-01
        """,
    )
    assert shop.sql("SELECT incident_id, region, decided_on, loss_at_cost FROM incidents ORDER BY ALL").rows() == [
        ("I1", "North", date(2025, 2, 1), 10), ("I2", "Kent", date(2025, 2, 1), None),
    ]  # fmt: skip


def test_evidence_has_a_ceiling(given):
    shop = given(
        controls="""
            control_id | store_id | domain | level | evidence       | assessed_on | expires_on
            1          |          | R1     | 4     | document       | 2025-01-01  |
            2          |          | R1     | 4     | self_statement | 2025-01-01  |
            3          |          | R1     | 4     | sample_test    | 2025-01-01  |
            4          |          | R1     | 1     | document       | 2025-01-01  |
        """
    )
    assert shop.sql("SELECT control_id, stated_level, level FROM controls ORDER BY ALL").rows() == [
        ("1", 4, 3), ("2", 4, 2), ("3", 4, 4), ("4", 1, 1),
    ]  # fmt: skip


def test_training_is_current_from_the_day_both_joined_and_completed_until_the_first_that_ends_it(given):
    shop = given(
        training="""
            person_id | course | store_id | joined_on  | left_on    | completed_on | expires_on | observed_on
            p1        | basics | 0001     | 2024-03-01 | 2024-06-01 | 2024-02-01   | 2025-02-01 | 2025-06-30
            p2        | basics | 0001     | 2024-01-01 | 2025-06-01 | 2024-02-01   | 2024-12-01 | 2025-06-30
        """
    )
    assert shop.sql("SELECT current_from, current_to FROM training ORDER BY person_id").rows() == [
        (date(2024, 3, 1), date(2024, 6, 1)), (date(2024, 2, 1), date(2024, 12, 1)),
    ]  # fmt: skip


def test_a_latency_at_the_limit_keeps_the_agreement(given):
    shop = given(
        uplinks="""
            uplink_id | store_id | day        | minutes_open | minutes_down | latency_ms | agreed_latency_ms
            U1        | 0001     | 2025-01-01 | 600          | 0            | 50         | 50
        """
    )
    assert shop.sql("SELECT in_agreement FROM uplinks").item() is True


def test_a_finding_is_known_exploited_from_the_day_the_catalogue_says_so_and_by_the_newest_clock(given):
    shop = given(
        devices="source | source_id | observed_on | status\ncmdb | 1 | 2025-12-01 | in_service",
        findings="""
            finding_id | source | source_id | cve           | exposure | first_detected_on
            F1         | cmdb   | 1         | CVE-2024-8068 | internet | 2025-01-01
            F2         | cmdb   | 1         | CVE-1999-0001 | internet | 2025-01-01
        """,
        tolerances="""
            metric                | scope    | limit | owner | agreed_on
            known_exploited_clock | internet | 30    | CISO  | 2024-01-01
            known_exploited_clock | internet | 3     | CISO  | 2025-01-01
        """,
    )
    # CISA added CVE-2024-8068 on 25 August 2025.
    assert shop.sql("SELECT known_exploited, exploited_from, clock_ends_on FROM findings ORDER BY finding_id").rows() == [
        (True, date(2025, 8, 25), date(2025, 8, 28)), (False, date(2025, 1, 1), None),
    ]  # fmt: skip


def test_when_a_device_is_in_service(given):
    shop = given(
        devices="""
            source  | source_id | observed_on | status     | serial | vendor | installed_on | first_seen_on | last_seen_on
            runzero | on        | 2025-06-30  |            |        |        |              | 2025-01-01    | 2025-04-01
            runzero | edge      | 2025-06-30  |            |        |        |              | 2025-01-15    | 2025-04-01
            runzero | later     | 2025-06-30  |            |        |        |              | 2025-01-16    | 2025-03-31
            runzero | gone      | 2025-06-30  | absent     |        |        | 2024-05-01   | 2025-01-01    | 2025-06-20
            cmdb    | paper     | 2025-06-30  | in_service | S1     | Acme   | 2024-05-01   |               |
            cmdb    | seen      | 2025-06-30  | in_service |        |        | 2024-05-01   |               | 2025-06-30
        """
    )
    columns = "split_part(device_id, ':', 2), in_service_from, in_service_to, origin, known_on"
    assert shop.sql(f"SELECT {columns} FROM devices ORDER BY ALL").rows() == [
        ("edge", date(2025, 1, 15), None, "first_visible", date(2025, 1, 15)),
        ("gone", date(2024, 5, 1), date(2025, 6, 21), "arrival", date(2025, 1, 1)),
        ("later", date(2025, 1, 16), date(2025, 4, 1), "arrival", date(2025, 1, 16)),
        ("on", date(2025, 1, 1), None, "first_visible", date(2025, 1, 1)),
        ("paper", None, None, "arrival", None),
        ("seen", date(2024, 5, 1), None, "arrival", date(2024, 5, 1)),
    ]


def test_protection_is_what_systems_say_and_silence_is_unknown(given):
    shop = given(
        devices="""
            source | source_id | observed_on | agent_capable | agent_seen_on | isolated | monitored
            cmdb   | 1         | 2025-06-30  | yes           | 2025-06-23    |          |
            cmdb   | 2         | 2025-06-30  | yes           | 2025-06-22    |          |
            cmdb   | 3         | 2025-06-30  | no            |               | yes      | yes
            cmdb   | 4         | 2025-06-30  | no            |               | yes      | no
            cmdb   | 5         | 2025-06-30  | no            |               | yes      |
        """
    )
    assert shop.sql("SELECT protection FROM devices ORDER BY device_id")["protection"].to_list() == [
        "protected", "protection silent", "isolated and watched", "not protected", "unknown",
    ]  # fmt: skip


def test_an_identifier_on_seven_records_or_a_half_hardware_address_joins_nothing(given):
    drawn = "source | source_id | observed_on | asset_tag | mac\n"
    drawn += "\n".join(f"cmdb | {n} | 2025-06-30 | DEFAULT | 02:00" for n in range(7))
    drawn += "\ncmdb | 8 | 2025-06-30 | | 02:00:5e\ncmdb | 9 | 2025-06-30 | | 02:00:5e"
    assert given(devices=drawn).sql("SELECT count(*) FROM devices").item() == 9


def test_a_store_without_an_opening_day_was_always_open(given):
    shop = given(stores="store_id | region\n0001 | North")
    assert rows(measure(shop, theft.stores_open, last_month="2025-01", months=1)) == [(date(2025, 1, 1), 1, None, 1)]


def test_a_known_exploited_finding_is_late_only_against_an_agreed_clock(given):
    findings = """
        finding_id | source | source_id | cve           | exposure  | first_detected_on | fixed_on
        F1         | cmdb   | 1         | CVE-2024-8068 | internet  | 2025-09-01        |
        F2         | cmdb   | 1         | CVE-2024-8068 | isolated  | 2025-09-01        | 2025-10-10
        F3         | cmdb   | 1         | CVE-1999-0001 | internet  | 2025-09-01        |
    """
    devices = """
        source | source_id | observed_on | status     | installed_on
        cmdb   | 1         | 2025-12-01  | in_service | 2020-01-01
    """
    tolerances = """
        metric                | scope    | limit | owner | agreed_on
        known_exploited_clock | internet | 3     | CISO  | 2025-01-01
    """
    judged = given(devices=devices, findings=findings, tolerances=tolerances)
    assert rows(measure(judged, iot.known_exploited_open, last_month="2025-10", months=2)) == [
        (date(2025, 9, 1), 2, None, 2),
        (date(2025, 10, 1), 1, None, 1),
    ]
    assert rows(measure(judged, iot.past_clock_share, last_month="2025-09", months=1)) == [(date(2025, 9, 1), 1, 1, 1)]


def test_training_is_counted_over_people_on_staff(given):
    shop = given(
        stores=STORES,
        training="""
            person_id | course | store_id | joined_on  | left_on    | completed_on | expires_on | observed_on
            p1        | basics | 0001     | 2024-01-01 |            | 2024-02-01   | 2025-02-01 | 2025-06-30
            p2        | basics | 0001     | 2024-01-01 | 2025-01-15 | 2024-02-01   |            | 2025-06-30
            p3        | basics | 0001     | 2025-01-20 |            |              |            | 2025-06-30
        """,
    )
    assert rows(measure(shop, readiness.training_current, last_month="2025-02", months=3)) == [
        (date(2024, 12, 1), 2, 2, 1),
        (date(2025, 1, 1), 1, 2, 0.5),
        (date(2025, 2, 1), 0, 2, 0),
    ]


def test_a_day_without_a_sample_is_a_day_that_did_not_keep_the_agreement(given):
    shop = given(
        stores=STORES,
        uplinks="""
            uplink_id | store_id | day        | minutes_open | minutes_down | latency_ms | agreed_latency_ms
            U1        | 0001     | 2025-01-01 | 600          | 0            | 40         | 50
            U1        | 0001     | 2025-01-02 | 600          | 600          |            | 50
        """,
    )
    assert rows(measure(shop, readiness.uplink_in_agreement, last_month="2025-01", months=1)) == [
        (date(2025, 1, 1), 1, 2, 0.5)
    ]
    assert rows(measure(shop, readiness.uplink_availability, last_month="2025-01", months=1)) == [
        (date(2025, 1, 1), 600, 1200, 0.5)
    ]


def test_devices_per_area_leaves_out_stores_without_an_area(given):
    shop = given(
        stores="""
            store_id | region | area_sqm | opened_on
            0001     | North  | 200      | 2020-01-01
            0002     | North  |          | 2020-01-01
        """,
        devices="""
            source | source_id | observed_on | store_id | status     | installed_on
            cmdb   | 1         | 2025-06-30  | 0001     | in_service | 2024-01-01
            cmdb   | 2         | 2025-06-30  | 0002     | in_service | 2024-01-01
        """,
    )
    assert rows(measure(shop, iot.devices_per_area, last_month="2025-05", months=1)) == [(date(2025, 5, 1), 1, 200, 0.5)]
    assert rows(measure(shop, iot.devices_per_store, last_month="2025-05", months=1)) == [(date(2025, 5, 1), 2, 2, 1)]


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"by": "regoin"}, UnknownName, "Unknown breakdown of recorded_thefts 'regoin'. Did you mean 'region'?"),
        ({"scope": "Nrth"}, UnknownName, "Unknown scope 'Nrth'. Did you mean 'North'?"),
        ({"last_month": "2025-13"}, ParameterError, "last_month is '2025-13', expected a month like 2026-10."),
        ({"months": 0}, ParameterError, "months is 0, expected a whole number from 1 to 600."),
        ({"every": "day"}, ParameterError, "every is 'day', expected month or week."),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(given, asked, error, words):
    shop = given(
        stores=STORES,
        incidents="""
            incident_id | store_id | kind  | occurred_on
            I1          | 0001     | theft | 2025-01-01
        """,
    )
    with pytest.raises(error, match=words.replace("?", r"\?")):
        measure(shop, theft.recorded_thefts, **({"last_month": "2025-01"} | asked))


def test_a_share_of_which_nothing_is_known_is_not_zero(given):
    shop = given(
        devices="""
            source | source_id | observed_on | status     | installed_on | os      | os_version | agent_capable | agent_seen_on
            cmdb   | 1         | 2026-06-30  | in_service | 2026-01-10   |         |            |               |
            cmdb   | 2         | 2026-06-30  | in_service | 2026-02-10   | Android | 10         | yes           | 2026-06-01
        """
    )
    story = {"last_month": "2026-02", "months": 2}
    past = iot.known_share(shop, iot.past_support_share, iot.support_unknown_share, **story)
    assert rows(past) == [(date(2026, 1, 1), None, None, None, 1), (date(2026, 2, 1), 1, 2, 0.5, 1)]
    unprotected = iot.known_share(shop, iot.unprotected_share, iot.protection_unknown_share, **story)
    assert rows(unprotected) == [(date(2026, 1, 1), None, None, None, 1), (date(2026, 2, 1), 1, 2, 0.5, 1)]
    none = iot.known_share(shop, iot.unprotected_share, iot.protection_unknown_share, last_month="2026-01", months=1)
    assert none.rows.is_empty() and "no device of which it is known" in none.not_recorded


def test_the_cliff_begins_where_the_share_past_support_ends(retailer):
    story = {"last_month": "2026-10", "months": 1}
    cliff = iot.support_cliff(retailer, **story).rows.rows(named=True)
    past = measure(retailer, iot.past_support_share, **story).rows.row(0, named=True)
    assert (cliff[1]["band"], cliff[1]["numerator"], cliff[1]["denominator"]) == (
        "past end of support", past["numerator"], past["denominator"],
    )  # fmt: skip


ONLY_INSTALLED = """
    source | source_id | observed_on | status     | installed_on | device_class | agent_capable
    cmdb   | 1         | 2026-06-30  | in_service | 2024-01-05   | kiosk        | yes
    cmdb   | 2         | 2026-06-30  | in_service | 2025-08-10   |              | yes
"""


def test_what_no_source_ever_says_is_no_fact_about_a_device(given):
    shop = given(devices=ONLY_INSTALLED)
    story = {"last_month": "2026-05", "months": 12}
    assert shop.sql("SELECT DISTINCT protection, unidentified FROM devices").rows() == [("unknown", None)]
    assert measure(shop, iot.unidentified_share, **story).not_recorded == "no values for unidentified devices in these months"
    unprotected = iot.known_share(shop, iot.unprotected_share, iot.protection_unknown_share, **story)
    assert unprotected.not_recorded == "no device of which it is known in this warehouse"
    assert rows(iot.growth(shop, **story)) == [(date(2026, 5, 1), None, 1, None, 1, None, 0)]
    flow = iot.stock_flow(shop, **story).rows
    assert flow["left"].null_count() == 12 and flow.select("opening", "closing").rows()[-1] == (2, 2)


def test_growth_is_arrivals_less_departures_and_no_device_that_became_visible(given):
    shop = given(
        devices="""
            source  | source_id | observed_on | status     | installed_on | first_seen_on | last_seen_on | removed_on
            cmdb    | 1         | 2026-06-30  | in_service | 2024-01-05   |               | 2026-06-30   |
            cmdb    | 2         | 2026-06-30  | in_service | 2024-01-05   |               | 2026-06-30   |
            cmdb    | 3         | 2026-06-30  | in_service | 2025-08-10   |               | 2026-06-30   |
            cmdb    | 4         | 2026-06-30  | in_service | 2025-09-10   |               | 2026-06-30   |
            cmdb    | 5         | 2026-06-30  | retired    | 2025-09-10   |               | 2026-01-05   | 2026-01-05
            runzero | 6         | 2026-06-30  | in_service |              | 2025-12-03    | 2026-06-30   |
        """
    )
    assert rows(iot.growth(shop, last_month="2026-05", months=3)) == [(date(2026, 5, 1), 2, 2, 1.0, 3, 1, 1)]
