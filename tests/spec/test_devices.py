"""When records of several systems are one device, what is left as a doubt, and when a device moved or was replaced."""

from datetime import date

import pytest
from conftest import cells

from retail_analytics import charts
from retail_analytics.metrics import iot

LOG = "source_id, split_part(device_id, ':', 2), rule, confidence, joined_source_id"
DOUBTS = "source_id, other_source_id, why, chained"


def log(shop):
    return shop.sql(f"SELECT {LOG} FROM device_links ORDER BY source_id").rows()


def doubts(shop):
    return shop.sql(f"SELECT {DOUBTS} FROM device_doubts ORDER BY ALL").rows()


def alone(*records):
    return [(record, record, None, None, None) for record in records]


def test_the_log_names_the_strongest_rule_by_which_each_record_was_joined(given):
    shop = given(
        devices="""
            source | source_id | observed_on | store_id | vendor | model | serial | mac            | asset_tag | agent_id | hostname | installed_on
            cmdb   | a         | 2025-06-30  | 0001     | Acme   | A1    | SN-7   | 0000.5e00.5301 | EG-1      |          | till-1   | 2024-01-01
            scan   | b         | 2025-06-30  | 0001     | ACME   | A1    | sn-7   |                |           |          |          | 2024-01-01
            scan   | c         | 2025-06-30  | 0001     |        |       |        | 00-00-5E-00-53-01 |        | g-5      |          | 2024-01-01
            edr    | d         | 2025-06-30  | 0001     |        |       |        |                | eg-1      |          |          | 2024-01-01
            edr    | e         | 2025-06-30  | 0001     |        |       |        |                |           | G-5      |          | 2024-01-01
            mdm    | f         | 2025-06-30  | 0001     |        | a1    |        |                |           |          | TILL-1   | 2024-01-01
            mdm    | g         | 2025-06-30  | 0001     | Acme   | A1    |        |                |           |          | till-2   | 2024-01-01
        """
    )
    assert log(shop) == [
        ("a", "a", "serial", "high", "b"),
        ("b", "a", "serial", "high", "a"),
        ("c", "a", "mac", "high", "a"),
        ("d", "a", "asset tag", "medium", "a"),
        ("e", "a", "agent id", "medium", "c"),
        ("f", "a", "hostname", "low", "a"),
        ("g", "g", None, None, None),
    ]
    assert doubts(shop) == []


@pytest.mark.parametrize("vendors", [("Acme", "Bolt"), ("Acme", ""), ("", "")])
def test_a_serial_number_tells_a_device_only_with_its_vendor(given, vendors):
    shop = given(
        devices=f"""
            source | source_id | observed_on | vendor       | serial
            cmdb   | a         | 2025-06-30  | {vendors[0]} | 1001
            scan   | b         | 2025-06-30  | {vendors[1]} | 1001
        """
    )
    assert (log(shop), doubts(shop)) == (alone("a", "b"), [])


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "0000000", "N/A"])
def test_a_serial_number_that_was_never_filled_in_joins_nothing(given, serial):
    shop = given(
        devices=f"""
            source | source_id | observed_on | vendor | serial
            cmdb   | a         | 2025-06-30  | Acme   | {serial}
            scan   | b         | 2025-06-30  | Acme   | {serial}
        """
    )
    assert (log(shop), doubts(shop)) == (alone("a", "b"), [])


@pytest.mark.parametrize(
    "address",
    [
        "da:a1:19:00:00:01",  # drawn at random by a phone
        "02:42:ac:11:00:02",  # a container's
        "01:00:5e:00:00:fb",  # for many receivers
        "00:50:56:00:00:01", "00:15:5d:00:00:01", "08:00:27:00:00:01", "52:54:00:00:00:01",  # virtual machines'
        "00:00:5e:00:01:0a", "00:00:0c:07:ac:01",  # a pair of routers' common one
        "00:00:00:00:00:00", "00:00:5e",
    ],
)  # fmt: skip
def test_an_address_that_belongs_to_no_box_joins_nothing(given, address):
    shop = given(
        devices=f"""
            source | source_id | observed_on | mac
            cmdb   | a         | 2025-06-30  | {address}
            scan   | b         | 2025-06-30  | {address}
        """
    )
    assert (log(shop), doubts(shop)) == (alone("a", "b"), [])


def test_an_identifier_seen_in_more_than_three_stores_joins_nothing_and_is_a_doubt(given):
    docking_station = """
            source | source_id | observed_on | store_id | mac               | first_seen_on | last_seen_on
            scan   | a         | 2025-06-30  | 0001     | 00:00:5e:00:53:01 | 2025-01-01    | 2025-01-02
            scan   | b         | 2025-06-30  | 0002     | 00:00:5e:00:53:01 | 2025-02-01    | 2025-02-02
            scan   | c         | 2025-06-30  | 0003     | 00:00:5e:00:53:01 | 2025-03-01    | 2025-03-02
    """
    assert [row[1] for row in log(given(devices=docking_station))] == ["a", "a", "a"]
    fourth = "        scan   | d         | 2025-06-30  | 0004     | 00:00:5e:00:53:01 | 2025-04-01    | 2025-04-02"
    shop = given(devices=docking_station.rstrip() + "\n" + fourth)
    assert log(shop) == alone("a", "b", "c", "d")
    assert doubts(shop) == [("a", "d", "mac on records of 4 stores", False)]


def test_an_identifier_on_more_than_six_records_joins_nothing_and_is_a_doubt(given):
    def tagged(number):
        drawn = "\n".join(f"s{n} | {n} | 2025-06-30 | EG-1" for n in range(number))
        return given(devices="source | source_id | observed_on | asset_tag\n" + drawn)

    assert {row[1] for row in log(tagged(6))} == {"0"}
    shop = tagged(7)
    assert log(shop) == alone(*"0123456")
    assert doubts(shop) == [("0", "6", "asset tag on 7 records", False)]


@pytest.mark.parametrize(
    ("other", "joined"),
    [
        ("0001 | A1 | till-1 |      | 2025-03-01 | 2025-06-30", True),
        ("0002 | A1 | till-1 |      | 2025-03-01 | 2025-06-30", False),  # tills are called so in every store
        ("0001 | B2 | till-1 |      | 2025-03-01 | 2025-06-30", False),
        ("0001 |    | till-1 |      | 2025-03-01 | 2025-06-30", False),
        ("0001 | A1 | till-1 |      | 2025-03-02 | 2025-06-30", False),  # put in the first one's place
        ("0001 | A1 | till-1 | EG-2 | 2025-03-01 | 2025-06-30", False),
    ],
)
def test_a_name_joins_only_in_one_store_on_one_model_at_one_time(given, other, joined):
    shop = given(
        devices=f"""
            source | source_id | observed_on | store_id | model | hostname | asset_tag | first_seen_on | last_seen_on
            cmdb   | a         | 2025-06-30  | 0001     | A1    | till-1   | EG-1      | 2025-01-01    | 2025-03-01
            scan   | b         | 2025-06-30  | {other}
        """
    )
    both = [("a", "a", "hostname", "low", "b"), ("b", "a", "hostname", "low", "a")]
    assert (log(shop), doubts(shop)) == (both if joined else alone("a", "b"), [])


def test_a_name_that_every_store_uses_joins_in_each_of_them(given):
    drawn = "source | source_id | observed_on | store_id | model | hostname | installed_on\n"
    drawn += "\n".join(
        f"{source} | {source}{n} | 2025-06-30 | 000{n} | A1 | POS01 | 2024-01-01" for source in ("cmdb", "scan") for n in range(1, 5)
    )
    shop = given(devices=drawn)
    joined = shop.sql("SELECT records, store_id FROM devices ORDER BY store_id").rows()
    assert joined == [(2, "0001"), (2, "0002"), (2, "0003"), (2, "0004")]
    assert doubts(shop) == []


def test_a_name_that_one_system_sees_twice_at_a_time_joins_nothing_and_is_a_doubt(given):
    drawn = """
            source | source_id | observed_on | store_id | model | hostname | first_seen_on | last_seen_on
            cmdb   | a         | 2025-06-30  | 0001     | A1    | POS01    | 2025-01-01    | 2025-06-30
            scan   | b         | 2025-06-30  | 0001     | A1    | POS01    | 2025-01-01    | 2025-03-01
            scan   | c         | 2025-06-30  | 0001     | A1    | POS01    | {since}    | 2025-06-30
    """
    shop = given(devices=drawn.format(since="2025-03-01"))
    assert log(shop) == alone("a", "b", "c")
    assert doubts(shop) == [("a", "c", "hostname on two records of one system at the same time", False)]
    new_card = given(devices=drawn.format(since="2025-03-02"))  # the scanner keeps a record for each card
    assert log(new_card) == [
        ("a", "a", "hostname", "low", "b"), ("b", "a", "hostname", "low", "a"), ("c", "a", "hostname", "low", "a"),
    ]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), [("cmdb", "scan"), ("scan", "cmdb")])
@pytest.mark.parametrize(
    ("left", "came", "why"),
    [
        ("2025-03-01", "2025-03-08", None),
        ("2025-03-01", "2025-03-07", "same serial, two stores within 7 days"),
        ("2025-03-01", "2025-03-01", "same serial, two stores at the same time"),
        ("2025-03-01", "", "same serial, two stores at the same time"),  # it may have been there all the time
    ],
)
def test_a_box_in_two_stores_moved_if_a_week_lies_between_and_is_a_doubt_if_not(given, left, came, why, first, second):
    shop = given(
        devices=f"""
            source | source_id | observed_on | store_id | vendor | serial | first_seen_on | last_seen_on
            {first} | a        | 2025-06-30  | 0001     | Acme   | 1001   | 2024-01-01    | {left}
            {second} | b       | 2025-06-30  | 0002     | Acme   | 1001   | {came}        | 2025-06-30
        """
    )
    one, other = ("a", "b") if first < second else ("b", "a")
    if why is None:
        assert log(shop) == [("a", one, "serial", "high", "b"), ("b", one, "serial", "high", "a")]
        assert shop.sql("SELECT records, store_id FROM devices").rows() == [(2, "0002")]
    else:
        assert (log(shop), doubts(shop)) == (alone("a", "b"), [(one, other, why, False)])


@pytest.mark.parametrize(
    ("identifier", "same"),
    [("mac", "00:00:5e:00:53:01"), ("asset_tag", "EG-1"), ("agent_id", "g-1")],
)
def test_two_serials_under_one_weaker_identifier_are_a_doubt(given, identifier, same):
    shop = given(
        devices=f"""
            source | source_id | observed_on | vendor | serial | {identifier}
            cmdb   | a         | 2025-06-30  | Acme   | 1001   | {same}
            scan   | b         | 2025-06-30  | Acme   | 1002   | {same}
        """
    )
    assert log(shop) == alone("a", "b")
    assert doubts(shop) == [("a", "b", f"same {identifier.replace('_', ' ')}, different serials", False)]


def test_a_box_that_took_anothers_place_and_name_is_another_box_and_no_doubt(given):
    shop = given(
        devices="""
            source | source_id | observed_on | store_id | vendor | model | serial | hostname | installed_on
            cmdb   | a         | 2025-06-30  | 0001     | Acme   | A1    | 1001   | till-1   | 2024-01-01
            scan   | b         | 2025-06-30  | 0001     | Acme   | A1    | 1002   | till-1   | 2024-01-01
        """
    )
    assert (log(shop), doubts(shop)) == (alone("a", "b"), [])


def test_a_chain_that_joins_two_boxes_is_cut_at_its_weakest_rule(given):
    shop = given(
        devices="""
            source | source_id | observed_on | vendor | serial | mac               | asset_tag
            cmdb   | a         | 2025-06-30  | Acme   | 1001   | 00:00:5e:00:53:01 |
            scan   | b         | 2025-06-30  |        |        | 00:00:5e:00:53:01 | EG-1
            edr    | c         | 2025-06-30  | Acme   | 1002   |                   | EG-1
        """
    )
    assert log(shop) == [("a", "a", "mac", "high", "b"), ("b", "a", "mac", "high", "a"), *alone("c")]
    assert doubts(shop) == [("a", "c", "joined by other records, different serials", True)]


def test_a_chain_of_one_rule_that_joins_two_stores_is_not_cut_anywhere_but_everywhere(given):
    shop = given(
        devices="""
            source | source_id | observed_on | store_id | vendor | serial
            cmdb   | a         | 2025-06-30  | 0001     | Acme   | 1001
            scan   | b         | 2025-06-30  |          | Acme   | 1001
            edr    | c         | 2025-06-30  | 0002     | Acme   | 1001
        """
    )
    assert log(shop) == alone("a", "b", "c")
    assert doubts(shop) == [("a", "c", "joined by other records, two stores without 7 days between", True)]


def test_a_long_chain_is_one_device(given):
    drawn = "source | source_id | observed_on | asset_tag | agent_id\n"
    drawn += "\n".join(f"s | {n:02} | 2025-06-30 | EG-{n // 2 + 1} | g{(n + 1) // 2}" for n in range(15))
    assert {row[1] for row in log(given(devices=drawn))} == {"00"}


ONE_BOX = """
            source | source_id | observed_on | store_id | vendor | model | serial | mac               | asset_tag | agent_id | hostname | installed_on
            cmdb   | a         | 2025-06-30  | 0001     | Acme   | A1    | 1001   | 00:00:5e:00:53:01 | EG-1      | g-1      | till-1   | 2024-01-01
            scan   | b         | 2025-06-30  | 0001     | Acme   | A1    | 1001   | 00:00:5e:00:53:01 | EG-1      | g-1      | till-1   | 2024-01-01
"""
TWO_BOXES = """
            source | source_id | observed_on | store_id | vendor | serial | asset_tag
            cmdb   | a         | 2025-06-30  | 0001     | Acme   | 1001   | EG-1
            scan   | b         | 2025-06-30  | 0002     | Acme   | 1002   | EG-1
"""


def ruled(*rulings):
    header = "source | source_id | other_source | other_source_id | decision | reason | decided_by | decided_on"
    return "\n".join([header, *(f"{ruling} | went there | Store technician | 2025-06-01" for ruling in rulings)])


def test_an_override_parts_what_every_rule_joins(given):
    assert [row[2] for row in log(given(devices=ONE_BOX))] == ["serial", "serial"]
    shop = given(devices=ONE_BOX, device_overrides=ruled("scan | b | cmdb | a | different"))
    assert (log(shop), doubts(shop)) == (alone("a", "b"), [])


def test_an_override_joins_what_every_rule_parts(given):
    assert doubts(given(devices=TWO_BOXES)) == [("a", "b", "same asset tag, different serials", False)]
    shop = given(devices=TWO_BOXES, device_overrides=ruled("scan | b | cmdb | a | same"))
    assert log(shop) == [("a", "a", "override", "certain", "b"), ("b", "a", "override", "certain", "a")]
    assert doubts(shop) == []


def test_overrides_that_contradict_each_other_are_a_doubt(given):
    overrides = ruled("scan | b | cmdb | a | different", "cmdb | a | scan | b | same")
    shop = given(devices=ONE_BOX, device_overrides=overrides)
    assert log(shop) == alone("a", "b")
    assert doubts(shop) == [("a", "b", "overrides say same and different", False)]


def test_overrides_that_contradict_each_other_in_a_round_are_a_doubt(given):
    shop = given(
        devices="source | source_id | observed_on\ncmdb | a | 2025-06-30\nscan | b | 2025-06-30\nedr | c | 2025-06-30",
        device_overrides=ruled("cmdb | a | scan | b | same", "scan | b | edr | c | same", "cmdb | a | edr | c | different"),
    )
    assert log(shop) == alone("a", "b", "c")
    assert doubts(shop) == [("a", "c", "override says different, other records join them", True)]


def test_an_override_parts_two_records_that_a_third_would_join(given):
    third = "            mdm    | c         | 2025-06-30  | 0001     |        |       |        |                   | EG-1      |          |          | 2024-01-01"
    shop = given(devices=ONE_BOX.rstrip() + "\n" + third, device_overrides=ruled("cmdb | a | scan | b | different"))
    assert log(shop) == alone("a", "b", "c")
    assert doubts(shop) == [("a", "b", "override says different, other records join them", True)]


def test_an_override_of_a_record_that_is_not_there_is_a_doubt(given):
    shop = given(devices=ONE_BOX, device_overrides=ruled("cmdb | a | scan | gone | same", "cmdb | a | cmdb | a | different"))
    assert [row[2] for row in log(shop)] == ["serial", "serial"]
    assert doubts(shop) == [
        ("a", "a", "override names one record twice", False),
        ("a", "gone", "override names a record that no source has", False),
    ]


def test_the_newest_override_file_counts(given):
    shop = given(devices=ONE_BOX, device_overrides=ruled("scan | b | cmdb | a | different"))
    assert log(shop) == alone("a", "b")
    shop = given(devices=ONE_BOX, device_overrides=ruled("scan | b | cmdb | a | same"))
    assert [row[2] for row in log(shop)] == ["override", "override"]


SPANS = """
    SELECT split_part(device_id, ':', 2), store_id, hostname, os, agent_id, change, split_part(replaces_device_id, ':', 2),
      from_on, to_on, known_on
    FROM device_spans ORDER BY device_id, from_on
"""
JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)


def spans(shop):
    return [[str(cell or "") for cell in row] for row in shop.sql(SPANS).rows()]


def test_a_box_that_one_record_saw_in_one_store_and_a_later_one_in_another_has_moved(given):
    shop = given(
        stores="store_id | store_name | region | store_format\n0001 | Quay | North | express\n0002 | Mill | South | express",
        devices="""
            source | source_id | observed_on | store_id | vendor | serial | first_seen_on | last_seen_on
            scan   | a         | 2025-06-30  | 0001     | Acme   | 1001   | 2024-01-01    | 2025-03-01
            scan   | b         | 2025-06-30  | 0002     | Acme   | 1001   | 2025-04-01    | 2025-06-29
        """,
    )
    assert spans(shop) == cells("""
        a | 0001 | | | | first seen | | 2024-01-01 | 2025-04-01 | 2024-01-01
        a | 0002 | | | | moved      | | 2025-04-01 |            | 2025-04-01
    """)
    where = shop.sql("SELECT store, region, store_format FROM device_spans ORDER BY from_on").rows()
    assert where == [("0001 Quay", "North", "express"), ("0002 Mill", "South", "express")]


def test_a_box_that_moved_lives_on_in_its_new_record_when_the_old_one_is_closed(given):
    shop = given(
        devices="""
            source | source_id | observed_on | store_id | asset_tag | installed_on | removed_on
            cmdb   | a         | 2025-06-30  | 0001     | EG-1      | 2024-01-01   | 2025-03-01
            scan   | b         | 2025-06-29  | 0002     | EG-1      | 2025-04-01   |
        """
    )
    assert spans(shop) == cells("""
        a | 0001 | | | | first seen | | 2024-01-01 | 2025-04-01 | 2024-01-01
        a | 0002 | | | | moved      | | 2025-04-01 |            | 2025-04-01
    """)


FIRST = "0001 | till-1 | Windows 10 Pro | g-1"


@pytest.mark.parametrize(
    ("second", "change"),
    [
        ("0002 | till-1 | Windows 10 Pro | g-1", "moved"),
        ("0001 | till-9 | Windows 10 Pro | g-1", "renamed"),
        ("0001 | till-1 | Windows 10 Pro | g-2", "re-imaged"),
        ("0001 | till-1 | Ubuntu 24.04 | g-1", "re-imaged"),
        ("0001 | till-1 | Windows Embedded 8.1 Industry | g-1", "re-imaged"),
        ("0001 | till-1 | Ubuntu 24.04 | g-2", "re-imaged"),
        ("0002 | till-9 | Windows 10 Pro | g-1", "moved and renamed"),
        ("0002 | till-9 | Windows 10 Pro | g-2", "moved and renamed and re-imaged"),
        ("0002 | | | ", "moved"),
        ("0001 | | | ", None),
        ("| till-1 | |", None),
        ("0001 | TILL-1.shop.example.com | Microsoft Windows 11 | G-1", None),
    ],
)
def test_what_a_newer_export_says_otherwise_is_a_change_but_no_value_and_another_writing_are_none(given, second, change):
    drawn = """
            source | source_id | observed_on | last_seen_on | installed_on | store_id | hostname | os | agent_id
            scan   | a         | {day}       | {seen}       | 2024-01-01   | {what}
    """
    given(devices=drawn.format(day="2025-06-30", seen="2025-06-29", what=FIRST), known_on=JULY)
    shop = given(devices=drawn.format(day="2025-07-31", seen="2025-07-30", what=second), known_on=AUGUST)
    now = " | ".join(new or old for old, new in zip(*cells(f"{FIRST}\n{second}"), strict=True))
    if change is None:
        assert spans(shop) == cells(f"a | {now} | first seen | | 2024-01-01 | | 2024-01-01")
    else:
        assert spans(shop) == cells(f"""
            a | {FIRST} | first seen | | 2024-01-01 | 2025-07-30 | 2024-01-01
            a | {now}   | {change}   | | 2025-07-30 |            | 2025-08-01
        """)
    for day in ("2025-07-01", "2025-07-31"):  # nothing else was known then
        assert spans(shop.as_known(day)) == cells(f"a | {FIRST} | first seen | | 2024-01-01 | | 2024-01-01")
    assert spans(shop.as_known("2025-08-01")) == spans(shop)
    assert spans(shop.as_known("2023-12-31")) == []


@pytest.mark.parametrize(("seen", "seen_later"), [("2025-06-01", "2025-06-01"), ("", "2025-06-20")])
def test_what_a_newer_export_says_of_the_same_days_was_so_all_the_time(given, seen, seen_later):
    drawn = """
            source | source_id | observed_on | store_id | first_seen_on | last_seen_on
            scan   | a         | {day}       | {store}  | 2024-01-01    | {seen}
    """
    given(devices=drawn.format(day="2025-06-30", store="0001", seen=seen), known_on=JULY)
    shop = given(devices=drawn.format(day="2025-07-31", store="0002", seen=seen_later), known_on=AUGUST)
    assert spans(shop) == cells("a | 0002 | | | | first seen | | 2024-01-01 | | 2024-01-01")


def test_a_box_is_back_where_it_was(given):
    for month, store in ((6, "0001"), (7, ""), (8, "0002"), (9, "0001")):
        shop = given(
            devices=f"source | source_id | observed_on | store_id\nscan | a | 2025-0{month}-20 | {store}",
            known_on=date(2025, month, 21),
        )
    assert spans(shop) == cells("""
        a | 0001 | | | | first seen | | 2025-06-20 | 2025-08-20 | 2025-06-20
        a | 0002 | | | | moved      | | 2025-08-20 | 2025-09-20 | 2025-08-21
        a | 0001 | | | | moved      | | 2025-09-20 |            | 2025-09-21
    """)


@pytest.mark.parametrize(("newest", "name"), [("2025-06-29", "eg-1-old"), ("2025-06-30", "till-1"), ("2025-07-01", "till-1")])
def test_of_two_systems_that_disagree_the_newer_word_counts_and_nothing_has_changed(given, newest, name):
    shop = given(
        devices=f"""
            source | source_id | observed_on | asset_tag | hostname | first_seen_on | last_seen_on
            cmdb   | a         | 2025-07-01  | EG-1      | eg-1-old | 2024-01-01    | 2025-06-30
            scan   | b         | 2025-07-01  | EG-1      | till-1   | 2025-02-01    | {newest}
        """
    )
    assert spans(shop) == cells(f"a | | {name} | | | first seen | | 2024-01-01 | | 2024-01-01")
    assert shop.sql("SELECT hostname FROM devices").item() == name


def test_systems_that_disagree_from_export_to_export_do_not_rename_a_box_each_time(given):
    header = "source | source_id | observed_on | asset_tag | hostname | installed_on\n"
    for month in (1, 2, 3):
        given(devices=header + f"cmdb | a | 2025-0{month}-10 | EG-1 | eg-1-old | 2024-01-01", known_on=date(2025, month, 10), covers={"devices": None})
        shop = given(devices=header + f"scan | b | 2025-0{month}-20 | EG-1 | till-1 | 2024-01-01", known_on=date(2025, month, 20), covers={"devices": None})
    assert spans(shop) == cells("a | | till-1 | | | first seen | | 2024-01-01 | | 2024-01-01")


def test_a_system_that_learns_of_a_change_later_does_not_undo_it(given):
    header = "source | source_id | observed_on | asset_tag | hostname | installed_on\n"
    for day, registered, seen in ((10, "till-1", "till-1"), (17, "till-1", "till-9"), (24, "till-9", "till-9")):
        rows = f"cmdb | a | 2025-01-{day} | EG-1 | {registered} | 2024-01-01\nscan | b | 2025-01-{day + 1} | EG-1 | {seen} | 2024-01-01"
        shop = given(devices=header + rows, known_on=date(2025, 1, day + 2))
    assert spans(shop) == cells("""
        a | | till-1 | | | first seen | | 2024-01-01 | 2025-01-18 | 2024-01-01
        a | | till-9 | | | renamed    | | 2025-01-18 |            | 2025-01-19
    """)


@pytest.mark.parametrize(
    ("second", "replaces"),
    [
        ("cmdb | 0001 | A1 | 1002 | till-1         | 2025-03-08", "a"),
        ("scan | 0001 | a1 | 1002 | TILL-1.example | 2025-03-08", "a"),
        ("cmdb | 0001 | A1 | 1002 | till-1         | 2025-03-02", "a"),
        ("scan | 0001 | A1 | 1002 | till-1         | 2025-03-01", ""),  # both stood there
        ("cmdb | 0002 | A1 | 1002 | till-1         | 2025-03-08", ""),
        ("cmdb |      | A1 | 1002 | till-1         | 2025-03-08", ""),  # nor is it known where the first one stood
        ("cmdb | 0001 | B2 | 1002 | till-1         | 2025-03-08", ""),
        ("cmdb | 0001 |    | 1002 | till-1         | 2025-03-08", ""),
        ("cmdb | 0001 | A1 | 1002 | till-2         | 2025-03-08", ""),
    ],
)
def test_a_box_that_took_the_place_and_the_name_of_one_that_had_gone_replaced_it(given, second, replaces):
    source, store, model, serial, name, came = cells(second)[0]
    first = store and "0001"
    shop = given(
        devices=f"""
            source   | source_id | observed_on | store_id | vendor | model   | serial   | hostname | first_seen_on | last_seen_on
            cmdb     | a         | 2025-06-30  | {first}  | Acme   | {model and "A1"} | 1001 | till-1 | 2024-01-01   | 2025-03-01
            {source} | b         | 2025-06-30  | {store}  | Acme   | {model} | {serial} | {name}   | {came}        | 2025-06-30
        """
    )
    assert spans(shop) == cells(f"""
        a | {first} | till-1 | | | first seen | | 2024-01-01 | 2025-03-02 | 2024-01-01
        b | {store} | {name} | | | {"replaced" if replaces else "first seen"} | {replaces} | {came} | | {came}
    """)


def test_a_box_may_be_the_very_one_that_had_gone_and_has_replaced_it_only_if_a_person_says_so(given):
    devices = """
            source | source_id | observed_on | store_id | vendor | model | serial | asset_tag | hostname | first_seen_on | last_seen_on
            cmdb   | a         | 2025-06-30  | 0001     | Acme   | A1    | 1001   | EG-1      | till-1   | 2024-01-01    | 2025-03-01
            scan   | b         | 2025-06-30  | 0001     | Acme   | A1    | 1002   | EG-1      | till-1   | 2025-03-08    | 2025-06-30
    """
    assert [row[5:7] for row in spans(given(devices=devices))] == [["first seen", ""], ["first seen", ""]]
    shop = given(devices=devices, device_overrides=ruled("scan | b | cmdb | a | different"))
    assert [row[5:7] for row in spans(shop)] == [["first seen", ""], ["replaced", "a"]]


def test_a_box_that_moved_away_is_replaced_too(given):
    drawn = "source | source_id | observed_on | store_id | model | hostname | installed_on\n"
    rows = "cmdb | a | {0} | {1} | A1 | till-1 | 2024-01-01\n", "cmdb | b | {0} | {1} | A1 | till-1 | 2025-07-31\n"
    given(devices=drawn + rows[0].format("2025-06-30", "0001"), known_on=JULY)
    given(devices=drawn + rows[0].format("2025-07-31", "0002") + rows[1].format("2025-07-31", "0001"), known_on=AUGUST)
    both = rows[0].format("2025-08-31", "0002") + rows[1].format("2025-08-31", "0003")
    assert spans(given(devices=drawn + both, known_on=date(2025, 9, 1))) == cells("""
        a | 0001 | till-1 | | | first seen |   | 2024-01-01 | 2025-07-31 | 2024-01-01
        a | 0002 | till-1 | | | moved      |   | 2025-07-31 |            | 2025-08-01
        b | 0001 | till-1 | | | replaced   | a | 2025-07-31 | 2025-08-31 | 2025-08-01
        b | 0003 | till-1 | | | moved      |   | 2025-08-31 |            | 2025-09-01
    """)


def test_a_box_that_moves_to_where_another_one_stood_has_moved_and_replaced_nothing(given):
    drawn = "source | source_id | observed_on | store_id | vendor | model | serial | hostname | installed_on | removed_on\n"
    rows = "cmdb | a | {0} | 0001 | Acme | A1 | 1001 | till-1 | 2024-01-01 | {1}\nscan | b | {0} | {2} | Acme | A1 | 1002 | till-1 | 2024-01-01 |"
    given(devices=drawn + rows.format("2025-06-30", "", "0002"), known_on=JULY)
    shop = given(devices=drawn + rows.format("2025-07-31", "2025-07-10", "0001"), known_on=AUGUST)
    assert spans(shop)[1:] == cells("""
        b | 0002 | till-1 | | | first seen | | 2024-01-01 | 2025-07-31 | 2024-01-01
        b | 0001 | till-1 | | | moved      | | 2025-07-31 |            | 2025-08-01
    """)


def test_no_span_is_known_before_its_device(given):
    header = "source | source_id | observed_on | installed_on | first_seen_on\n"
    shop = given(devices=header + "scan | a | 2025-06-30 | 2024-01-01 | 2025-02-03", known_on=JULY)
    assert spans(shop) == cells("a | | | | | first seen | | 2024-01-01 | | 2025-02-03")
    assert [spans(shop.as_known(f"2025-02-0{day}")) for day in (2, 3)] == [[], spans(shop)]


@pytest.mark.parametrize("listed", ["cmdb | a | 2025-07-31 | 0001 | 2024-01-01 | 2025-07-10", ""])
def test_a_box_that_is_out_of_service_ends_its_last_span(given, listed):
    drawn = "source | source_id | observed_on | store_id | installed_on | removed_on\n"
    other = "\ncmdb | z | 2025-07-31 | 0002 | 2024-01-01 |"
    given(devices=drawn + "cmdb | a | 2025-06-30 | 0001 | 2024-01-01 |" + other, known_on=JULY)
    shop = given(devices=drawn + listed + other, known_on=AUGUST)
    ended = "2025-07-10" if listed else "2025-08-01"  # the day on which an export no longer lists it
    assert spans(shop)[0] == cells(f"a | 0001 | | | | first seen | | 2024-01-01 | {ended} | 2024-01-01")[0]
    assert spans(shop.as_known("2025-07-31"))[0] == cells("a | 0001 | | | | first seen | | 2024-01-01 | | 2024-01-01")[0]


DOUBTED = """
            source | source_id | observed_on | region | vendor | serial | asset_tag | mac               | installed_on
            cmdb   | a         | 2025-06-30  | North  | Acme   | 1001   | EG-1      |                   | 2024-01-01
            scan   | b         | 2025-06-30  | North  | Acme   | 1002   | EG-1      | 00:00:5e:00:53:01 | 2024-01-01
            edr    | c         | 2025-06-30  | South  | Acme   | 1003   |           | 00:00:5e:00:53:01 | 2024-01-01
            edr    | d         | 2025-06-30  | South  | Acme   | 1004   |           |                   | 2024-01-01
            edr    | e         | 2025-06-30  |        | Acme   | 1005   |           |                   | 2024-01-01
            edr    | f         | 2025-06-30  | East   | Acme   | 1006   |           |                   | 2024-01-01
"""
TAG, MAC = "same asset tag, different serials", "same mac, different serials"


@pytest.mark.parametrize(
    ("region", "reasons", "says"),
    [
        ("all", [(TAG, 1, 2, 6), (MAC, 1, 2, 6), ("all reasons", 2, 3, 6)],
         "2 pairs of records may be one device: 50 % of 6 records."),
        ("North", [(TAG, 1, 2, 2), (MAC, 1, 1, 2), ("all reasons", 2, 2, 2)],
         "2 pairs of records may be one device: 100 % of 2 records."),
        ("South", [(MAC, 1, 1, 2), ("all reasons", 1, 1, 2)],
         "1 pair of records may be one device: 50 % of 2 records."),
        ("East", [("all reasons", 0, 0, 1)], "Nothing was left undecided of 1 record."),
    ],
)  # fmt: skip
def test_records_that_could_be_one_device_are_counted_by_what_stands_against_it(given, region, reasons, says):
    found = iot.undecided(given(devices=DOUBTED), last_month="2025-05", months=12, scope=region)
    assert found.rows.drop("metric").rows() == reasons
    shown = charts.table(found).content
    assert shown["title"] == says and (iot.TO_DECIDE in shown["notes"]) == (region != "East")
    assert shown["source"].startswith("device_doubts; data to ") and f"region {region}" in shown["subtitle"] + "region all"


def test_what_is_in_many_records_or_stores_is_one_reason(given):
    drawn = "source | source_id | observed_on | asset_tag\n"
    drawn += "\n".join(f"s | {tag}{n} | 2025-06-30 | EG-{tag}" for tag, number in ((1, 7), (2, 8)) for n in range(number))
    rows = iot.undecided(given(devices=drawn), last_month="2025-05").rows.drop("metric").rows()
    assert rows[:-1] == [("asset tag on many records", 2, 4, 15)]


def test_an_override_that_names_no_record_is_no_pair_that_could_be_one_device(given):
    shop = given(devices=ONE_BOX, device_overrides=ruled("cmdb | a | scan | gone | same", "cmdb | a | cmdb | a | different"))
    assert iot.undecided(shop, last_month="2025-05").rows.drop("metric").rows() == [("all reasons", 0, 0, 2)]


def test_without_devices_there_is_nothing_to_decide(given):
    asked = {"last_month": "2025-05", "scope": "West"}
    shop = given(stores="store_id | region\n0001 | West")
    assert iot.undecided(shop, **asked).not_recorded == "no devices in this warehouse"
    shop = given(devices=DOUBTED)
    assert iot.undecided(shop, **asked).not_recorded == "no devices of region West in this warehouse"
