"""Reports about one store, and the packs that name scopes: real warehouses, a real page."""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from retail_analytics.__main__ import main
from retail_analytics.commands.publishing import reaching
from retail_analytics.errors import ParameterError, SourceError, UnknownName, WarehouseError
from retail_analytics.measure import measure
from retail_analytics.metrics import theft
from retail_analytics.publishing import shelf
from retail_analytics.publishing.pack import read_pack
from retail_analytics.publishing.run import Due, publish, refuse

STORE = "0003"


@pytest.fixture
def scopes_of(retailer, tmp_path):
    """The scopes of the reports that a pack names; call it with what its one line says of them."""

    def scopes(written: str, **asked) -> list[str]:
        path = tmp_path / "pack.yaml"
        path.write_text(f"warehouse: {retailer.path.parent}\nreports:\n  - {{report: theft_trends, scopes: {written}}}\n")
        return [due.parameters["scope"] for due in read_pack(path, tmp_path, **{"reaching": reaching} | asked).due]

    return scopes


def test_a_pack_names_every_region_every_store_or_those_of_a_list(retailer, scopes_of):
    assert scopes_of("every region") == retailer.regions
    assert scopes_of("every format") == [*retailer.formats] and len(retailer.formats) > 1
    assert scopes_of("every store") == [f"{number:04}" for number in range(1, 13)]
    assert scopes_of('[Harbour, "0012", all, Harbour]') == ["Harbour", "0012", "all"]


def test_a_pack_asks_for_its_scopes(scopes_of):
    assert scopes_of("{query: SELECT store_id FROM stores WHERE store_id > '0010' ORDER BY 1 DESC}") == ["0011", "0012"]
    with pytest.raises(SourceError, match="theft_trends: the query gives 2 columns, expected one"):
        scopes_of("{query: 'SELECT store_id, region FROM stores'}")


def test_the_pack_of_readme_is_read(retailer, tmp_path):
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"^```yaml\n(warehouse: .*?)^```", readme, re.MULTILINE | re.DOTALL)
    folder = retailer.path.parent
    (tmp_path / "pack.yaml").write_text(written.replace("data/warehouses/example_grocers", str(folder)))
    due = read_pack(tmp_path / "pack.yaml", tmp_path, reaching=reaching).due
    scopes = [one.parameters.get("scope", "all") for one in due]
    assert scopes[: len(retailer.regions) + 3] == ["all", *retailer.regions, "Harbour", "0012"]
    assert set(scopes[len(retailer.regions) + 3 :]) <= set(retailer.stores)


@pytest.mark.parametrize(("by", "months"), [("store_id", 12), ("store_id", 3), ("region", 12), ("store_format", 12)])
def test_a_pack_names_the_groups_that_reach_a_value(retailer, scopes_of, by, months):
    thefts = measure(retailer, theft.recorded_thefts, last_month="2026-10", months=months, by=by).rows
    sums = {group: rows["numerator"].sum() for (group,), rows in thefts.partition_by(by, as_dict=True).items()}
    limit = int(sorted(sums.values())[len(sums) // 2])
    expected = sorted(group for group, total in sums.items() if total >= limit)
    assert 0 < len(expected) < len(sums)
    assert scopes_of(f"{{metric: recorded_thefts, by: {by}, at_least: {limit}, months: {months}}}") == expected


def test_of_what_is_counted_at_one_moment_the_last_month_counts(retailer, scopes_of):
    stock = dict(retailer.sql("""
        SELECT store_id, count(*) FROM devices WHERE store_id IS NOT NULL AND in_service_from <= '2026-10-31'
        AND (in_service_to IS NULL OR in_service_to > '2026-10-31') GROUP BY ALL""").iter_rows())  # fmt: skip
    limit = sorted(stock.values())[6]
    found = scopes_of(f"{{metric: active_devices, by: store_id, at_least: {limit}}}")
    assert found == sorted(store for store, devices in stock.items() if devices >= limit)


def test_groups_that_cannot_be_told_are_one_sentence(retailer, scopes_of, given):
    with pytest.raises(UnknownName, match="Unknown metric with a value for each month 'recorded_theft'. Did you mean"):
        scopes_of("{metric: recorded_theft, by: store_id, at_least: 20}")
    with pytest.raises(ParameterError, match="months is 0, expected"):
        scopes_of("{metric: recorded_thefts, by: store_id, at_least: 20, months: 0}")
    with pytest.raises(SourceError, match="scopes: unknown key 'atleast'. Did you mean 'at_least'"):
        scopes_of("{metric: recorded_thefts, by: store_id, at_least: 20, atleast: 2}")
    with pytest.raises(SourceError, match="theft_trends: scopes are 'every region'"):
        scopes_of("{metric: recorded_thefts, by: store_id, at_least: 20}", reaching=None)
    stores = "store_id | region\n0001 | Kent"
    with pytest.raises(WarehouseError, match="not recorded: no incidents in this warehouse"):
        reaching(given(stores=stores), metric="recorded_thefts", by="store_id", at_least=1)
    losses = "incident_id | store_id | kind | occurred_on | loss | price_basis | currency\n"
    losses += "I1 | 0001 | theft | 2049-12-01 | 5 | cost | GBP\nI2 | 0001 | theft | 2049-12-01 | 5 | cost | USD"
    with pytest.raises(WarehouseError, match="not recorded: known loss in one currency"):
        reaching(given(stores=stores, incidents=losses), metric="known_loss", by="store_id", at_least=1)


def test_a_report_of_a_store_is_published_says_so_and_stays_while_its_own_rows_do(retailer, tmp_path):
    asked = {"warehouse": retailer.path.parent, "reports_dir": tmp_path}
    label = retailer.scope(STORE).label
    assert label.startswith(f"{STORE} ")
    run = publish("theft_trends", {"scope": STORE, "months": 12}, **asked)
    assert (run.end, run.reason, run.scope, run.scope_name) == ("published", None, STORE, label)
    assert run.page == f"{retailer.path.parent.name}/theft_trends/2026-10-store-{STORE}.html"
    page = BeautifulSoup((tmp_path / run.page).read_text(encoding="utf-8"), "html.parser")
    assert page.select_one(".edition").get_text().startswith(f"October 2026 · {label} · as known")
    assert page.title.get_text() == f"Theft trends, October 2026, {label}: Example Grocers"
    text = page.get_text(" ", strip=True)
    assert f"store {label}; 95 % interval" in text.replace("\u00a0", " ")
    alone = "recorded theft rate by region, recorded theft rate by store, watch list by recorded theft rate"
    assert f"Recorded thefts by region, {alone} Nothing to compare: this is about store {label} alone." in text
    assert not [one.label for one in retailer.stores.values() if one.label != label and one.label in text]
    exhibits = json.loads(page.select_one("#report-record").string)["exhibits"]
    (thefts,) = (one["table"]["columns"] for one in exhibits if one["title"].startswith("Recorded thefts:"))
    own = measure(retailer, theft.recorded_thefts, scope=STORE, last_month="2026-10", months=12).rows["value"]
    assert thefts[1]["values"] == own.to_list()
    assert publish("theft_trends", {"scope": STORE, "months": 12}, **asked).end == "unchanged"
    index = BeautifulSoup(shelf.index(tmp_path).read_text(encoding="utf-8"), "html.parser")
    assert label in index.get_text(" ", strip=True)


def test_an_unknown_scope_is_refused_in_one_sentence_and_has_a_page_when_a_pack_asked(retailer, tmp_path):
    asked = ["theft_trends", "-p", "scope=0O12", "--warehouse", retailer.path.parent, "--reports", tmp_path / "shelf"]
    done = CliRunner().invoke(main, ["publish", *map(str, asked)])
    known = ", ".join(sorted([*retailer.regions, *retailer.formats, "all"]))
    sentence = f"Unknown scope '0O12'. Did you mean '0012'? Known: {known} and 12 stores by id."
    assert (done.exit_code, done.output) == (2, f"Error: {sentence}\n")
    due = Due("theft_trends", retailer.path.parent, {"scope": "0O12"})
    run = refuse(due, sentence, tmp_path, opened=retailer)
    assert (run.end, run.scope, run.scope_name) == ("refused", "0O12", "0O12")
    page = (tmp_path / run.failure_page).read_text(encoding="utf-8")
    assert re.search(r"Did you mean (&#39;|')0012", page) and run.failure_page.endswith("2026-10-0o12.failed.html")


def test_a_store_whose_id_yaml_takes_for_a_number_is_refused(retailer, tmp_path):
    with pytest.raises(ParameterError, match='scope is 10, expected text. Write it in quotes, like "0012"'):
        publish("theft_trends", {"scope": 0o12}, warehouse=retailer.path.parent, reports_dir=tmp_path)
