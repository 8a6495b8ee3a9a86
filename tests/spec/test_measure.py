"""What a measured number means: each test draws its rows and asserts the whole answer."""

from datetime import date

import pytest

from retail_analytics.errors import ParameterError, UnknownName
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
        covers={"incidents": [date(2025, 1, 1), date(2025, 3, 31)]},
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
    of_kent = measure(shop, theft.recorded_thefts, last_month="2025-03", months=2, region="Kent")
    assert rows(of_kent) == [(date(2025, 2, 1), None, None, None), (date(2025, 3, 1), 40, None, 40)]


def test_known_by_leaves_out_what_was_entered_later(given):
    shop = given(
        incidents="""
            incident_id | kind  | occurred_on | entered_on
            I1          | theft | 2025-01-10  | 2025-01-10
            I2          | theft | 2025-01-20  | 2025-02-03
        """
    )
    at_the_end = measure(shop, theft.recorded_thefts, last_month="2025-01", months=1, known_by=date(2025, 1, 31))
    assert rows(at_the_end) == [(date(2025, 1, 1), 1, None, 1)]
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


def test_records_of_two_systems_that_share_an_identifier_are_one_device(given):
    shop = given(
        devices="""
            source  | source_id | observed_on | status     | installed_on | last_seen_on | serial | mac               | asset_tag | vendor | model
            cmdb    | c1        | 2025-06-30  | in_service | 2025-01-01   | 2025-06-01   | S1     | 02:00:5e:00:00:01 |           | Acme   | A1
            runzero | r1        | 2025-06-30  |            |              | 2025-06-30   |        | 02-00-5E-00-00-01 | T9        |        |
            edr     | e1        | 2025-06-30  |            |              | 2025-06-30   |        |                   | t9        |        |
            runzero | r2        | 2025-06-30  | in_service | 2025-01-01   | 2025-06-30   |        | 02:00:5e:00:00:02 |           |        |
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
        ({"region": "Nrth"}, UnknownName, "Unknown region 'Nrth'. Did you mean 'North'?"),
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
    assert rows(past) == [(date(2026, 1, 1), None, None, None), (date(2026, 2, 1), 1, 2, 0.5)]
    unprotected = iot.known_share(shop, iot.unprotected_share, iot.protection_unknown_share, **story)
    assert rows(unprotected) == [(date(2026, 1, 1), None, None, None), (date(2026, 2, 1), 1, 2, 0.5)]
    none = iot.known_share(shop, iot.unprotected_share, iot.protection_unknown_share, last_month="2026-01", months=1)
    assert none.rows.is_empty() and "no device with a known answer" in none.not_recorded


def test_the_cliff_begins_where_the_share_past_support_ends(retailer):
    story = {"last_month": "2026-10", "months": 1}
    cliff = iot.support_cliff(retailer, **story).rows.rows(named=True)
    past = measure(retailer, iot.past_support_share, **story).rows.row(0, named=True)
    assert (cliff[1]["band"], cliff[1]["numerator"], cliff[1]["denominator"]) == (
        "past end of support", past["numerator"], past["denominator"],
    )  # fmt: skip


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
