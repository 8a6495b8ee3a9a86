"""What a number is of: all, a region, a store format, or one store by its id."""

from datetime import date

import pytest

from retail_analytics import words
from retail_analytics.errors import UnknownName
from retail_analytics.measure import Duration, durations, measure
from retail_analytics.metrics import every_metric, iot, readiness, theft
from retail_analytics.provenance import about
from retail_analytics.statistics import scorecard
from retail_analytics.tolerances import doubts
from retail_analytics.warehouse import TABLES
from retail_analytics.warehouse.scopes import Scope

MEASURED = [metric for metric in every_metric().values() if isinstance(metric, Duration) or metric.numerator]
OF_FORMATS = """
    store_id | region | store_format
    0001     | Kent   | express
    0002     | Kent   | hypermarket
    0003     | Essex  | express
    0004     | Essex  |
"""
STORES = """
    store_id | store_name | region
    0001     | Quay       | Kent
    0002     | Mill       | Kent
    0003     | Wharf      | Essex
"""
ASKED = {"last_month": "2025-03", "months": 3}


@pytest.mark.parametrize("metric", MEASURED, ids=lambda metric: metric.name)
def test_the_numbers_of_a_store_are_those_of_its_group_of_the_whole(retailer, metric):
    how = durations if isinstance(metric, Duration) else measure
    asked = {"last_month": "2026-10", "months": 12}
    whole = how(retailer, metric, by="store_id", **asked).rows
    assert whole["store_id"].n_unique() > 1 or metric.name in ("newly_visible", "time_to_outcome")  # of which there are none
    for store in ("0003", "0007", "0012"):
        of_it = how(retailer, metric, scope=store, **asked)
        group = whole.filter(whole["store_id"] == store).drop("store_id")
        if group.is_empty():  # nothing of that kind happened there
            assert of_it.not_recorded or of_it.rows["numerator"].to_list() == [0.0] * 12
        else:
            assert of_it.rows.equals(group), store
        assert (of_it.scope, of_it.place) == (store, retailer.scope(store))
        split = how(retailer, metric, scope=store, by="store_id", **asked).rows
        assert split.drop("store_id").equals(group) and set(split["store_id"]) <= {store}


@pytest.mark.parametrize("metric", MEASURED, ids=lambda metric: metric.name)
def test_the_numbers_of_a_format_are_those_of_its_group_of_the_whole(retailer, metric):
    how = durations if isinstance(metric, Duration) else measure
    asked = {"last_month": "2026-10", "months": 12}
    whole = how(retailer, metric, by="store_format", **asked).rows
    assert len(retailer.formats) > 1
    for name, place in retailer.formats.items():
        of_it = how(retailer, metric, scope=name, **asked)
        group = whole.filter(whole["store_format"] == name).drop("store_format")
        if group.is_empty():
            assert of_it.not_recorded or of_it.rows["numerator"].to_list() == [0.0] * 12
        else:
            assert of_it.rows.equals(group), name
        assert (of_it.scope, of_it.place) == (name, place)


def test_a_store_without_a_format_is_of_none(given):
    incidents = "incident_id | store_id | region | kind | occurred_on\n" + "\n".join(
        f"I{store} | {store} | {region} | theft | 2025-0{month}-01"
        for store, region, month in (("0001", "Kent", 1), ("0003", "Essex", 2), ("0004", "Essex", 2), ("", "Kent", 3))
    )
    shop = given(stores=OF_FORMATS, incidents=incidents)
    counted = {scope: measure(shop, theft.recorded_thefts, scope=scope, **ASKED).rows["value"].to_list()
               for scope in ("all", "express", "hypermarket")}  # fmt: skip
    assert counted == {"all": [1, 2, 1], "express": [1, 1, 0], "hypermarket": [0, 0, 0]}
    assert shop.scope("express") == Scope("express", "store_format", "express", None, "express")
    assert shop.scope("hypermarket").region == "Kent", "every one of them lies there"
    assert (str(shop.scope("express")), shop.scope("express").slug) == ("store format express", "format-express")


def test_what_no_row_tells_of_a_format_is_not_recorded_and_never_zero(given):
    incidents = "incident_id | region | kind | occurred_on | entered_on\nI1 | Kent | theft | 2025-01-01 | 2025-01-02"
    shop = given(stores=OF_FORMATS, incidents=incidents)
    for how, metric in ((measure, theft.recorded_thefts), (durations, theft.reporting_lag)):
        found = how(shop, metric, scope="express", **ASKED)
        assert (found.not_recorded, found.rows.height) == ("no incidents by store format in this warehouse", 0)


def test_what_was_noted_of_a_format_concerns_its_regions_and_stores_and_the_other_way_round(given):
    noted = "annotation_id | concerns | scope | kind | from_on | text | source\n" + "\n".join(
        f"{scope} | incidents | {scope} | caveat | 2025-01-0{day} | a | x"
        for day, scope in enumerate(("all", "Kent", "Essex", "express", "hypermarket", "0001"), start=1)
    )
    agreed = "metric | scope | limit | owner | agreed_on\n" + "\n".join(
        f"recorded_thefts | {scope} | {limit} | COO | 2025-01-01"
        for scope, limit in (("all", 50), ("express", 40), ("Essex", 30))
    )
    incidents = "incident_id | store_id | kind | occurred_on\nI1 | 0001 | theft | 2025-01-01"
    shop = given(stores=OF_FORMATS, incidents=incidents, annotations=noted, tolerances=agreed)
    assert doubts(shop) == []
    seen = {}
    for scope in ("all", "Kent", "Essex", "express", "hypermarket", "0001", "0003"):
        measured = measure(shop, theft.recorded_thefts, scope=scope, **ASKED)
        seen[scope] = [note["annotation_id"] for note in measured.annotations], measured.tolerance["limit"]
    assert seen == {
        "all": (["all", "Kent", "Essex", "express", "hypermarket"], 50),
        "Kent": (["all", "Kent", "express", "hypermarket"], 50),
        "Essex": (["all", "Essex", "express"], 30),
        "express": (["all", "Kent", "Essex", "express"], 40),
        "hypermarket": (["all", "Kent", "hypermarket"], 50),
        "0001": (["all", "Kent", "express", "0001"], 40),
        "0003": (["all", "Essex", "express"], 30),  # a region is narrower than a format
    }


def test_a_gap_of_a_region_is_told_of_a_format_and_is_one_where_all_of_it_lies_there(given):
    drawn = "incident_id | store_id | kind | number | occurred_on\n" + "\n".join(
        f"{store}-{month} | {store} | theft | 30 | 2025-{month:02}-10"
        for month in (1, 2, 3) for store in ("0001", "0002", "0003") if month != 2 or store == "0003"
    )  # fmt: skip
    shop = given(covers={"incidents": [date(2025, 1, 1), date(2025, 3, 31)]}, stores=OF_FORMATS, incidents=drawn)
    of = {scope: measure(shop, theft.recorded_thefts, scope=scope, **ASKED) for scope in ("express", "hypermarket")}
    assert {scope: one.rows["value"].to_list() for scope, one in of.items()} == {
        "express": [60, 30, 60], "hypermarket": [30, None, 30],
    }  # fmt: skip
    gap = {"table": "incidents", "region": "Kent", "first": date(2025, 2, 1), "last": date(2025, 2, 1)}
    assert {scope: one.gaps for scope, one in of.items()} == {"express": (gap,), "hypermarket": (gap,)}


def test_hours_the_support_cliff_and_undecided_records_of_the_stores_add_up_to_the_whole(retailer):
    asked = {"last_month": "2026-10", "months": 12}
    scopes = ["all", *retailer.stores]
    hours = {one: theft.thefts_by_hour(retailer, scope=one, **asked).rows["numerator"].sum() for one in scopes}
    devices = {one: iot.support_cliff(retailer, scope=one, **asked).rows["numerator"].sum() for one in scopes}
    records = {one: iot.undecided(retailer, scope=one, **asked).rows["of"].max() for one in scopes}
    nowhere = "SELECT count(*) FROM device_links JOIN devices USING (device_id) WHERE store_id IS NULL"
    for found in (hours, devices, records):
        whole, *stores = found.values()
        assert all(0 <= one < whole for one in stores), stores  # a store that has closed has no devices
    assert sum(hours.values()) == 2 * hours["all"] and sum(devices.values()) <= 2 * devices["all"]
    assert sum(records.values()) + retailer.sql(nowhere).item() == 2 * records["all"]


def test_a_store_is_assessed_by_what_is_assessed_there_and_for_the_company(given):
    shop = given(
        stores=STORES,
        controls="""
            control_id | store_id | domain | level | evidence    | assessed_on
            C1         | 0001     | R1     | 1     | sample_test | 2025-01-01
            C1         | 0002     | R1     | 2     | sample_test | 2025-01-01
            C1         | 0003     | R1     | 4     | sample_test | 2025-01-01
            C2         |          | R9     | 3     | sample_test | 2025-01-01
        """,
    )
    levels = {
        scope: readiness.assessments(shop, scope=scope, **ASKED).rows.select("control_id", "level").rows()
        for scope in ("all", "Kent", "0001", "0003")
    }
    assert levels == {
        "all": [("C1", 2), ("C2", 3)], "Kent": [("C1", 1.5), ("C2", 3)],
        "0001": [("C1", 1), ("C2", 3)], "0003": [("C1", 4), ("C2", 3)],
    }  # fmt: skip


def test_a_gap_of_its_region_is_a_gap_of_the_store_and_nothing_of_another(given):
    drawn = "incident_id | store_id | kind | number | occurred_on\n" + "\n".join(
        f"{store}-{month} | {store} | theft | 30 | 2025-{month:02}-10"
        for month in (1, 2, 3) for store in ("0001", "0003") if (store, month) != ("0001", 2)
    )  # fmt: skip
    shop = given(covers={"incidents": [date(2025, 1, 1), date(2025, 3, 31)]}, stores=STORES, incidents=drawn)
    of = {scope: measure(shop, theft.recorded_thefts, scope=scope, **ASKED) for scope in ("0001", "0002", "0003")}
    assert {scope: one.rows["value"].to_list() for scope, one in of.items()} == {
        "0001": [30, None, 30], "0002": [0, None, 0], "0003": [30, 30, 30],
    }  # fmt: skip
    gap = {"table": "incidents", "region": "Kent", "first": date(2025, 2, 1), "last": date(2025, 2, 1)}
    assert {scope: one.gaps for scope, one in of.items()} == {"0001": (gap,), "0002": (gap,), "0003": ()}
    for by, kent, essex in (("store_id", "0001", "0003"), ("store", "0001 Quay", "0003 Wharf")):
        split = measure(shop, theft.recorded_thefts, by=by, **ASKED).rows
        assert split.filter(split[by] == kent)["value"].to_list() == [30, None, 30]
        assert split.filter(split[by] == essex)["value"].to_list() == [30, 30, 30]


def test_a_store_is_judged_by_the_narrowest_tolerance_and_told_what_was_noted_of_it(given):
    shop = given(
        stores=STORES,
        incidents="incident_id | store_id | kind | occurred_on\nI1 | 0001 | theft | 2025-01-01",
        annotations="""
            annotation_id | concerns  | scope | kind             | from_on    | text | source
            everywhere    | incidents | all   | caveat           | 2025-01-01 | a    | x
            kent          | incidents | Kent  | caveat           | 2025-01-02 | b    | x
            quay          | incidents | 0001  | recording change | 2025-01-03 | c    | x
            wharf         | incidents | 0003  | caveat           | 2025-01-04 | d    | x
        """,
        tolerances="""
            metric          | scope | limit | owner | agreed_on
            recorded_thefts | all   | 50    | COO   | 2026-01-01
            recorded_thefts | Kent  | 40    | Kent  | 2025-01-01
            recorded_thefts | 0001  | 9     | Quay  | 2024-01-01
        """,
    )
    seen = {}
    for scope in ("all", "Kent", "0001", "0002", "0003"):
        measured = measure(shop, theft.recorded_thefts, scope=scope, **ASKED)
        seen[scope] = [note["annotation_id"] for note in measured.annotations], measured.tolerance["limit"]
    assert seen == {
        # What was noted of one store is no break in the series of all, or of its region.
        "all": (["everywhere", "kent"], 50),
        "Kent": (["everywhere", "kent"], 40),
        "0001": (["everywhere", "kent", "quay"], 9),
        "0002": (["everywhere", "kent"], 40),
        "0003": (["everywhere", "wharf"], 50),
    }


def test_a_tolerance_of_a_store_is_held_against_it_and_one_of_no_store_is_told(given):
    shop = given(
        stores=STORES,
        tolerances="""
            metric     | scope | limit | owner | agreed_on
            theft_rate | 0001  | 5     | Quay  | 2025-01-01
            theft_rate | 00011 | 5     | None  | 2025-01-01
        """,
    )
    near = "Did you mean '0001'? Known: Essex, Kent, all and 3 stores by id."
    assert doubts(shop) == [f"tolerances: theft_rate: '00011' is no scope of it. {near}"]


def test_a_readiness_that_cannot_be_told_is_that_of_the_store(given):
    drawn = "control_id | store_id | domain | level | evidence | assessed_on\nC1 | 0001 | R1 | 1 | sample_test | 2025-01-01"
    shop = given(stores=STORES, controls=drawn)
    said = {scope: words.scored(scorecard.readiness([], readiness.assessments(shop, scope=scope, **ASKED))).reason
            for scope in ("all", "0001")}  # fmt: skip
    why = "only 1 of 10 domains are measured against a tolerance."
    assert said == {"all": f"How ready the company is: {why}", "0001": f"How ready store 0001 Quay is: {why}"}


def test_a_region_wins_over_a_store_of_the_same_name(given):
    shop = given(
        stores="store_id | region\n12 | Kent\n13 | 12",
        incidents="incident_id | store_id | kind | occurred_on\nI1 | 12 | theft | 2025-01-01\nI2 | 13 | theft | 2025-03-01",
    )
    assert shop.scope("12") == Scope("12", "region", "12", "12")
    assert measure(shop, theft.recorded_thefts, scope="12", **ASKED).rows["value"].to_list() == [0, 0, 1]
    assert measure(shop, theft.recorded_thefts, scope="13", **ASKED).rows["value"].to_list() == [0, 0, 1]


def test_a_format_wins_over_a_store_of_the_same_name_and_a_region_over_it(given):
    shop = given(
        stores="store_id | region | store_format\n12 | Kent | Kent\n13 | Kent | 12",
        incidents="incident_id | store_id | kind | occurred_on\nI1 | 12 | theft | 2025-01-01\nI2 | 13 | theft | 2025-03-01",
    )
    assert [shop.scope(name).kind for name in ("Kent", "12", "13")] == ["region", "store_format", "store"]
    assert measure(shop, theft.recorded_thefts, scope="12", **ASKED).rows["value"].to_list() == [0, 0, 1]
    with pytest.raises(UnknownName, match="Unknown scope 'zz'. Known: 12, Kent, all and 2 stores by id."):
        shop.scope("zz")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Ken", "Unknown scope 'Ken'. Did you mean 'Kent'? Known: Essex, Kent, all and 3 stores by id."),
        ("000l", "Unknown scope '000l'. Did you mean '0003'? Known: Essex, Kent, all and 3 stores by id."),
        ("2", "Unknown scope '2'. Did you mean '0002'? Known: Essex, Kent, all and 3 stores by id."),
        ("x", "Unknown scope 'x'. Known: Essex, Kent, all and 3 stores by id."),
    ],
)
def test_an_unknown_scope_is_one_sentence(given, name, sentence):
    shop = given(stores=STORES, incidents="incident_id | kind | occurred_on\nI1 | theft | 2025-01-01")
    for ask in (lambda: measure(shop, theft.recorded_thefts, scope=name, **ASKED), lambda: shop.fingerprint("stores", name),
                lambda: durations(shop, theft.reporting_lag, scope=name, **ASKED)):  # fmt: skip
        with pytest.raises(UnknownName) as error:
            ask()
        assert str(error.value) == sentence


def test_what_no_row_tells_of_a_store_is_not_recorded_and_never_zero(given):
    shop = given(
        stores=STORES,
        incidents="incident_id | region | kind | occurred_on | entered_on\nI1 | Kent | theft | 2025-01-01 | 2025-01-02",
    )
    for how, metric in ((measure, theft.recorded_thefts), (durations, theft.reporting_lag)):
        found = how(shop, metric, scope="0001", **ASKED)
        assert (found.not_recorded, found.rows.height) == ("no incidents by store in this warehouse", 0)
    assert measure(shop, theft.recorded_thefts, scope="Kent", **ASKED).rows["value"].to_list() == [1, 0, 0]
    unknown = measure(shop, theft.theft_rate, scope="0001", **ASKED).not_recorded
    assert unknown == "no incidents by store in this warehouse"


def test_a_report_says_of_which_store_it_is(given):
    incidents = "incident_id | store_id | kind | occurred_on\nI1 | 0001 | theft | 2025-03-10"
    shop = given(covers={"incidents": [date(2025, 1, 1), date(2025, 3, 31)]}, stores=STORES, incidents=incidents)
    facts = about(shop, last_month="2025-03", months=3, scope="0001").content["facts"]
    assert ["Scope", "store 0001 Quay"] in facts
    assert ["Scope", "region Kent"] in about(shop, last_month="2025-03", months=3, scope="Kent").content["facts"]
    assert ["Scope", "all"] in about(shop, last_month="2025-03", months=3, scope="all").content["facts"]


def test_what_a_table_holds_of_a_store_changes_with_its_own_rows_and_those_of_the_company(given):
    drawn = "control_id | store_id | domain | level | evidence | assessed_on\n"
    drawn_incidents = "incident_id | store_id | kind | occurred_on\nI1 | 0001 | theft | 2025-01-01\nI2 | 0002 | theft | 2025-01-01"
    before = given(
        stores=STORES,
        incidents=drawn_incidents,
        controls=drawn + "C1 | 0001 | R1 | 1 | sample_test | 2025-01-01\nC2 | | R9 | 3 | sample_test | 2025-01-01",
    )
    was = {(name, scope): before.fingerprint(name, scope) for name in TABLES for scope in ("all", "Kent", "Essex", "0001", "0002")}

    def changes(after):
        return {one for one, content in was.items() if after.fingerprint(*one) != content} & {
            (name, scope) for name in ("incidents", "controls", "stores", "calendar") for _, scope in was
        }  # fmt: skip

    drawn_incidents += "\nI3 | 0002 | theft | 2025-01-02"
    assert changes(given(incidents=drawn_incidents)) == {("incidents", "all"), ("incidents", "Kent"), ("incidents", "0002")}
    before = given(incidents=drawn_incidents)
    was = {one: before.fingerprint(*one) for one in was}
    assert changes(given(controls=drawn + "C1 | 0001 | R1 | 1 | sample_test | 2025-01-01\nC2 | | R9 | 2 | sample_test | 2025-02-01")) == {
        ("controls", scope) for scope in ("all", "Kent", "Essex", "0001", "0002")
    }


def test_what_a_table_holds_of_a_format_changes_with_its_own_rows(given):
    drawn = "incident_id | store_id | kind | occurred_on\nI1 | 0001 | theft | 2025-01-01\nI2 | 0004 | theft | 2025-01-01"
    before = given(stores=OF_FORMATS, incidents=drawn)
    was = {(name, scope): before.fingerprint(name, scope) for name in TABLES for scope in before.formats}

    def changes(after):
        return {one for one, content in was.items() if after.fingerprint(*one) != content and one[0] != "coverage"}

    whole = {("incident_days", "express"), ("incident_days", "hypermarket")}  # they tell no format
    assert changes(given(incidents=drawn + "\nI3 | 0004 | theft | 2025-01-02")) == whole
    assert changes(given(incidents=drawn + "\nI3 | 0002 | theft | 2025-01-02")) == whole | {("incidents", "hypermarket")}


def test_what_a_table_holds_of_its_stores_is_asked_once(retailer, monkeypatch):
    asked = []
    monkeypatch.setattr("retail_analytics.warehouse.opened.contents", lambda con, name, column: asked.append((name, column)) or {})
    fresh = type(retailer)(retailer.path)
    for scope in ("all", *fresh.regions, *fresh.stores, *fresh.formats):
        for name in ("incidents", "gaps", "device_records", "calendar"):
            fresh.fingerprint(name, scope)
    assert asked == [("incidents", "region"), ("gaps", "region"), ("device_records", None), ("calendar", None),
                     ("incidents", "store_id"), ("incidents", "store_format"), ("gaps", None)]  # fmt: skip


def test_no_two_scopes_have_one_file_name():
    names = ["all", "12", "Store 12", "store-12", "A/1", "A-1", "A 1", "0012", "!!", "North East"]
    names += ["Format 12", "format-0012"]
    kinds = ("region", "store", "store_format")
    scopes = [Scope()] + [Scope(name, kind, name, name) for name in names for kind in kinds]
    scopes = [one for one in scopes if (one.name, one.kind) not in {("A 1", "region"), ("A/1", "region"), ("store-12", "region")}]
    assert len({one.slug for one in scopes}) == len(scopes)
    assert [Scope().slug, Scope("North East", "region").slug, Scope("0012", "store").slug] == ["", "north-east", "store-0012"]
