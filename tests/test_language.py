"""Reports in another language: numbers, days, words; a page of its own; a catalogue without a hole."""

import re
import subprocess
import sys
from datetime import date

import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner
from lxml import etree

from retail_analytics import words
from retail_analytics.__main__ import main
from retail_analytics.errors import UnknownName
from retail_analytics.language import FOLDER, languages, speak, speaking, spoken
from retail_analytics.messages import updated
from retail_analytics.publishing import numbers
from retail_analytics.publishing.parameters import reports
from retail_analytics.publishing.run import publish
from retail_analytics.publishing.shelf import index
from retail_analytics.words import rules


@pytest.fixture
def german():
    with speaking("de"):
        yield


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (lambda: words.number(11304), "11.304"),
        (lambda: words.number(-3.5), "−3,5"),
        (lambda: words.rate(4.06), "4,1"),
        (lambda: words.rate(0.0041), "0,0041"),
        (lambda: words.percent(0.34), "34 %"),
        (lambda: words.percent(0.0341, 2000), "3,4 %"),
        (lambda: words.percent(0.001), "unter 1 %"),
        (lambda: words.change(0.14), "+14 %"),
        (lambda: words.change(-0.004), "−0,4 %"),
        (lambda: words.n_of_n(2079, 9806), "2.079 von 9.806"),
        (lambda: words.about(21_900_000), "22 Millionen"),
        (lambda: words.money(1_234_000, "GBP"), "1,2 Millionen £"),
        (lambda: words.money(35, "CHF"), "35 CHF"),
        (lambda: words.interval(0.2, 0.22, words.percent), "20 bis 22 %"),
        (lambda: words.month(date(2026, 3, 1)), "März 2026"),
        (lambda: words.day(date(2026, 10, 14)), "14. Okt. 2026"),
        (lambda: words.period(date(2026, 10, 1), "36 months"), "36 Monate bis Oktober 2026"),
        (lambda: words.named("weekday", 3), "Mittwoch"),
        (lambda: words.listed(["A", "B", "C"]), "A, B und C"),
        (lambda: words.probability(0.72), "wahrscheinlich (72 %)"),
        (lambda: words.plural(1, "store") + ", " + words.plural(2, "store"), "1 Filiale, 2 Filialen"),
        (lambda: words.named("region", "of the north"), "of the north"),
    ],
)  # fmt: skip
def test_numbers_days_and_words_in_german(german, said, expected):
    assert said() == expected


def test_a_number_is_rounded_alike_in_every_language(german):
    for x in (0.25, 2.675, 0.125, 1234.5, 99.949, 0.0945, 0.00995):
        german = words.rate(x).replace(".", "").replace(",", ".")
        with speaking("en"):
            assert words.rate(x).replace(",", "") == german


def test_a_language_that_there_is_not_is_refused_with_those_there_are():
    assert languages() == ["de", "en"]
    with pytest.raises(UnknownName, match="Unknown language 'fr'.*Known: de, en."):
        speak("fr")
    assert spoken() == "en"


def test_english_waits_for_no_catalogue():
    imports = "import sys, retail_analytics.words as w; w.month(w.date(2026, 10, 1)); print('babel' in sys.modules)"
    imports = imports.replace("w.date", "__import__('datetime').date")
    said = subprocess.run([sys.executable, "-c", imports], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"


def test_a_page_of_another_language_stands_beside_the_english_one(retailer, tmp_path):
    asked = {"warehouse": retailer.path.parent, "reports_dir": tmp_path}
    values = {"months": "6", "filters": "none"}
    english = publish("theft_trends", values, **asked)
    german = publish("theft_trends", values | {"language": "de"}, **asked)
    assert (english.end, german.end) == ("published", "published"), german.reason
    assert german.page == english.page.replace(".html", ".de.html")
    assert '<html lang="de">' in (tmp_path / german.page).read_text(encoding="utf-8")
    assert '<html lang="en">' in (tmp_path / english.page).read_text(encoding="utf-8")
    assert publish("theft_trends", values, **asked).end == "unchanged"


def test_a_pack_asks_for_a_language_and_a_command_for_another(retailer, tmp_path):
    (tmp_path / "pack.yaml").write_text(
        f"warehouse: {retailer.path.parent}\nreports:\n  - {{report: theft_trends, parameters: {{language: de}}}}\n"
    )
    asked = ["run", str(tmp_path / "pack.yaml"), "--dry-run", "--reports", str(tmp_path / "shelf")]
    assert "theft_trends · example_grocers · de: never published" in CliRunner().invoke(main, asked).output
    assert "theft_trends · example_grocers: never" in CliRunner().invoke(main, [*asked, "--language", "en"]).output
    where = ["--warehouse", str(retailer.path.parent), "--reports", str(tmp_path / "shelf")]
    refused = CliRunner().invoke(main, ["publish", "theft_trends", "--language", "fr", *where])
    assert refused.exit_code == 2 and "Unknown language 'fr'." in refused.output and "Known: de, en." in refused.output


# German


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda p: p.stem)
def test_a_catalogue_translates_every_message_and_fills_only_places_there_are(path):
    assert path.read_bytes() == updated(path), "Run: python -m retail_analytics.messages"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    assert len(catalogue) > 500
    for one in catalogue:
        if one.id:
            ids, strings = ([text] if isinstance(text, str) else [*text] for text in (one.id, one.string))
            assert all(strings) and not one.fuzzy, one.id
            places = [set(re.findall(r"{(\w+)}", text)) for text in (" ".join(ids), " ".join(strings))]
            assert places[1] <= places[0] | {"label", "n"}, one.id  # what is given beside, for languages that decline


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("Die Diebstähle explodieren.", "loud words"),
        ("Die Rate ist leicht gestiegen.", "established or it is not"),
        ("Das Risiko ist hoch.", "risk is never said alone"),
        ("Zwei Täter wurden gesehen.", "people are not described"),
        ("Die Rate fiel aufgrund der Schulungen.", "a cause needs tier"),
    ],
)
def test_what_a_german_page_never_says(german, said, rule):
    assert any(rule in broken for broken in rules.breaches([said]))
    with speaking("en"):
        assert not list(rules.breaches([said]))


def test_a_german_text_says_that_a_month_is_provisional(german):
    assert rules.provisional("Diebstähle: 12 im Oktober 2026.", ["Oktober 2026"])
    assert not rules.provisional("Diebstähle: 12. Oktober 2026 ist vorläufig.", ["Oktober 2026"])


@pytest.fixture(scope="module")
def shelf(retailer, tmp_path_factory):
    """The four reports for all, and one for a region, in German: path of each page by report and scope."""
    folder = tmp_path_factory.mktemp("german")
    asked = [*((name, "all") for name in reports()), ("theft_trends", "Harbour")]
    values = {"language": "de", "months": "24"}
    filters = {"theft_trends": "store_format", "iot_growth": "none", "security_readiness": "none"}  # a run for each choice
    filtered = {name: {"filters": filters[name]} if name in filters else {} for name, _ in asked}
    ended = {
        (name, scope): publish(name, values | filtered[name] | {"scope": scope}, warehouse=retailer.path.parent, reports_dir=folder)
        for name, scope in asked
    }
    assert {run.end for run in ended.values()} == {"published"}, [run.reason for run in ended.values()]
    index(folder)
    return {key: folder / run.page for key, run in ended.items()}


ENGLISH_WORDS = re.compile(
    r"\b(?:the|The|of|and|not|Not|known|were|with|is|are|by|By|from|which|than|share|month|months|stores?|devices?|"
    r"thefts?|Thefts?|Theft|recorded|Recorded|rate|settled|interval|cannot|Cannot|to|To|on|at|There|Nothing|Exhibit)\b"
)
OWN_WORDS = "self::script or self::style or self::code or ancestor::code or ancestor::*[@class='files']"


def said_on(path, quoted) -> list[str]:
    """The texts of a page, without what stands in the data, in code and in names of tables."""
    page = etree.fromstring(path.read_bytes(), etree.HTMLParser(encoding="utf-8", huge_tree=True))
    texts = page.xpath(f"//body//*[not({OWN_WORDS})]/text() | //@aria-label | //title/text()")
    sources = set(page.xpath("//p[@class='source']/text()"))
    found = []
    for text in (str(text).replace("\u00a0", " ").strip() for text in texts if text not in sources):
        for name in quoted:
            text = text.replace(name, "…")
        found.append(text)
    return [text for text in found if text]


def test_no_english_is_left_on_a_german_page(shelf, retailer):
    quoted = [text.rstrip(".") for text in retailer.whole("annotations")["text"]]
    quoted += [*retailer.whole("tolerances")["owner"], *(one.label for one in retailer.stores.values()), *retailer.regions]
    quoted = sorted({*quoted, retailer.title}, key=len, reverse=True)
    for path in shelf.values():
        assert '<html lang="de">' in path.read_text(encoding="utf-8")
        texts = said_on(path, quoted)
        assert len(texts) > 200
        assert [text for text in texts if ENGLISH_WORDS.search(text)] == [], path.name


def test_numbers_on_a_german_page_have_a_decimal_comma(shelf):
    cells = []
    for path in shelf.values():
        page = etree.fromstring(path.read_bytes(), etree.HTMLParser(encoding="utf-8", huge_tree=True))
        cells += page.xpath("//table[@class='data']//td[not(@class)]/text() | //p[@class='number']//text()")
    assert len(cells) > 1000
    assert [cell for cell in cells if re.search(r"\d\.\d{1,2}(?!\d)|[1-9]\d*,\d{3}\b", cell)] == []
    assert [cell for cell in cells if re.search(r"\d,\d", cell)] and [cell for cell in cells if re.search(r"\d\.\d{3}", cell)]


def test_both_languages_tell_the_same_numbers(shelf, retailer, tmp_path):
    asked = {"months": "24", "filters": "none"}
    english = publish("theft_trends", asked, warehouse=retailer.path.parent, reports_dir=tmp_path)
    here, there = (numbers.read(path) for path in (shelf["theft_trends", "all"], tmp_path / english.page))
    assert here["parameters"]["language"] == "de" and there["parameters"]["language"] == "en"
    for german, other in zip(here["exhibits"], there["exhibits"], strict=True):
        for one, two in zip(german["table"]["columns"], other["table"]["columns"], strict=True):
            assert (one["name"], one["values"]) == (two["name"], two["values"])
    assert [row["status"] for row in here["verdicts"]] == [row["status"] for row in there["verdicts"]]
    assert "Anstieg" in here["headline"]["text"] or "Diebstähle" in here["headline"]["text"]


def test_charts_of_a_german_page_write_german_months(shelf, browser):
    page = browser.new_page()
    page.goto(shelf["theft_trends", "all"].as_uri())
    page.wait_for_selector("html[data-charts=done]", timeout=20_000, state="attached")
    ticks = " ".join(page.locator("#chart-1 .xtick text, #chart-1 .xaxislayer-above text").all_text_contents())
    page.close()
    assert re.search("Okt|Dez|Mai|März", ticks) and not re.search("Oct|Dec|May|Mar", ticks)


def test_the_shelf_shows_pages_of_another_language_as_such(shelf):
    said = (next(iter(shelf.values())).parents[2] / "index.html").read_text(encoding="utf-8")
    assert "all regions, Deutsch" in said and "Harbour, Deutsch" in said and "Entwicklung der Diebstähle" in said
