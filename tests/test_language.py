"""Reports in another language: numbers, days, words; a page of its own; a catalogue without a hole."""

import subprocess
import sys
from datetime import date

import pytest

from retail_analytics import words
from retail_analytics.errors import UnknownName
from retail_analytics.language import languages, speak, speaking, spoken
from retail_analytics.publishing.run import publish


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
    english = publish("theft_trends", {"months": "6"}, **asked)
    german = publish("theft_trends", {"months": "6", "language": "de"}, **asked)
    assert (english.end, german.end) == ("published", "published"), german.reason
    assert german.page == english.page.replace(".html", ".de.html")
    assert '<html lang="de">' in (tmp_path / german.page).read_text(encoding="utf-8")
    assert '<html lang="en">' in (tmp_path / english.page).read_text(encoding="utf-8")
    assert publish("theft_trends", {"months": "6"}, **asked).end == "unchanged"
