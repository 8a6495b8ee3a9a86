"""When records of several systems are one device, what the merge log says of them, and what is left as a doubt."""

import pytest

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
