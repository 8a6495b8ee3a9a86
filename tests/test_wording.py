"""The wording rules: what a page may not say, what must stand beside a claim, and that words of others are no claim."""

import pytest

from retail_analytics.words import rules


def broken(text, *others, quoted=()):
    """The rules that a text breaks, as what to do about it."""
    told = [one.split("breaks a wording rule: ")[1] for one in rules.breaches([text, *others], quoted=quoted)]
    return [one.split(":")[0].rstrip(".") for one in told]


LOUD = "loud words are no evidence"
VAGUE = "a change is established or it is not"
RISK = "risk is never said alone"
PEOPLE = "people are not described, and nobody is called an offender"
CAUSE = "a cause needs tier T3 or T4 and the assumption it rests on"
NOTHING = "nothing seen is not nothing there"
PROBABLY = "probably is said with"
CHANGE = "what rose or fell says by how much, with its 95 % interval, or that it was counted"
THEFT = "what was not recorded is not known"
SHARE = "a percentage of things stands beside n of N"
DECIMALS = "a percentage of fewer than 100 has no decimals"
MONEY = "an amount of money has two significant digits"
BENCHMARK = "a benchmark is said with its passport"
POSSIBLE = "what is only possible has a number"


@pytest.mark.parametrize(
    ("wrong", "rule", "right"),
    [
        ("Recorded theft soared by 9 % (95 % 5 to 14 %).", LOUD, "Recorded theft rose by 9 % (95 % +5 to +14 %)."),
        ("An epidemic of recorded theft.", LOUD, "Recorded theft, 9,133 in October 2026."),
        ("The recorded theft rate is slightly up.", VAGUE, "Recorded theft rate: no clear change (−2 to +5 %)."),
        ("Recorded theft is trending.", VAGUE, "Theft trends"),
        ("The risk of a store is high. Risk rose.", RISK, "Money at risk, and the risk of fire."),
        ("A risky store.", RISK, "Made by the Retail Risk Workbench."),
        ("Offenders took 12 devices.", PEOPLE, "12 devices were recorded as stolen."),
        ("Recorded by gender: 3 men, 2 women.", PEOPLE, "Recorded by managers of 12 stores."),
        ("Gates caused fewer recorded thefts.", CAUSE, "Gates were associated with fewer recorded thefts."),
        ("Fewer recorded thefts, thanks to gates.", CAUSE, "Fewer recorded thefts coincided with gates."),
        (
            "Gates reduced recorded theft by 18 %, 95 % 9 to 26 %.",
            CAUSE,
            "Gates reduced recorded theft by 18 % (95 % 9 to 26 %, tier T3), assuming that stores without them stayed alike.",
        ),
        ("Gates reduced recorded theft (tier T3).", CAUSE, "Gates were compared with none (tier T2)."),
        ("Locked cases had no effect.", NOTHING, "Cannot tell: we could only have seen a change of 30 % or more."),
        ("There is no theft effect.", NOTHING, "No effect was seen; we could only have seen a change of 30 % or more."),
        ("Recorded theft probably rose by 7 %.", PROBABLY, "Recorded theft probably rose by 7 % (95 % −2 to +17 %); not established."),
        ("Recorded theft rose.", CHANGE, "Whether recorded theft rose or fell: too few events."),
        ("Recorded theft fell by 9 %.", CHANGE, "Devices rose by 9 % (counted, not sampled)."),
        ("Theft is at 4.1.", THEFT, "Recorded theft is at 4.1."),
        ("The theft rate rose by 9 % (95 % 5 to 14 %).", THEFT, "The recorded theft rate rose by 9 % (95 % +5 to +14 %)."),
        ("There were 9,133 thefts.", THEFT, "There were 9,133 recorded thefts."),
        ("50 % of stores.", SHARE, "1 of 2 stores."),
        ("Not protected: 34 %.", SHARE, "Not protected: 34 % (3,857 of 11,304)."),
        ("Still open after 30 days: 13 %.", SHARE, "13 % of 500 still open after 30 days."),
        ("12.5 % (1 of 8).", DECIMALS, "12.5 % (125 of 1,000)."),
        ("Known loss: $1,234,567.89.", MONEY, "Known loss: $1.2 million."),
        ("Known loss: £1,234.", MONEY, "Known loss: £1,200 and £0.45 and $12 and $1,000,000."),
        ("Known loss: CHF 1.25.", MONEY, "Known loss: CHF 1.2."),
        ("Loss is above the industry average.", BENCHMARK, "Loss is 1.6, the benchmark 1.4 (NRF, 2023, 177 US retailers, survey)."),
        ("It is twice the benchmark (2023).", BENCHMARK, "It is twice what it was in 2023."),
        ("The camera could fail.", POSSIBLE, "The camera fails: unlikely (20 %)."),
        ("It might rain.", POSSIBLE, "Later entries may still change it."),
    ],
)  # fmt: skip
def test_a_rule_finds_its_breach_and_lets_what_is_right_pass(wrong, rule, right):
    assert rule in broken(wrong), broken(wrong)
    assert broken(right) == []


@pytest.mark.parametrize(
    "text",
    [
        "Recorded theft rate: no clear change (95 % −3 to +13 %).",
        "Whether the recorded theft rate rose or fell: −11 % (95 % −24 to +4 %) is not established.",
        "Why anything rose or fell: these are descriptions, and nothing here was tested as a cause.",
        "Devices without protection: 34 % (3,857 of 11,304; 95 % 33 to 53 %) in October 2026, above the tolerance of 20 %.",
        "Readiness is 48 of 100; the weakest domain is people: likely (72 %).",
        "6 of 9 differ from their peers (Benjamini-Hochberg at 5 %: about 1 of them by chance).",
        "1 of 120 stores lies outside the 99.8 % limits.",
        "Recorded theft rate: no clear change, +2 % (95 % +1 to +3 %), less than the 5 % that matter.",
        "September 2026, recorded thefts: 1,707 as known on 14 Oct 2026, 1,712 now (+0.3 %), by late entries.",
        "Is theft rising?",
        "Could it be less?",
        "",
    ],
)
def test_what_our_reports_say_breaks_nothing(text):
    assert broken(text) == []


def test_a_headline_may_repeat_a_change_that_the_page_shows_with_its_interval():
    shown = "The recorded theft rate rose by 9 % (95 % +5 to +14 %)."
    assert broken("The recorded theft rate rose by 9 %; readiness is 48 of 100.", shown) == []
    assert broken("The recorded theft rate rose by 8 %; readiness is 48 of 100.", shown) == [CHANGE]
    assert broken("The recorded theft rate fell by 9 %; readiness is 48 of 100.", shown) == [CHANGE]


@pytest.mark.parametrize("name", ["Risky Soaring Gifts", "50 % Off", "Caused Ltd", "$1,234,567.89 Store", "5", "Theft is us", "a*b("])
def test_a_name_in_the_data_breaks_nothing_and_hides_nothing(name):
    assert broken(f"Recorded theft in October 2026: highest {name} 5.6.", quoted=[name]) == []
    assert LOUD in broken(f"Recorded theft soared in {name} by 5.6 (95 % 5 to 6).", quoted=[name])


def test_a_note_of_others_is_quoted_inside_our_sentence_and_small_letters_are_the_same_name():
    note = "Selling prices rose by 6 % on average"
    assert broken(f"1 Feb 2026: {note}.") == [CHANGE]
    assert broken(f"1 Feb 2026: {note}.", quoted=[note]) == []
    assert broken("Tolerance agreed by the risk owner.", quoted=["Risk owner"]) == []


def test_a_kind_of_incident_called_theft_is_no_excuse_for_the_word():
    assert broken("Theft is at 4.1.", quoted=["theft"]) == [THEFT]


def test_labels_claim_nothing_and_their_words_count_all_the_same():
    assert [*rules.breaches([], ["Share of theft, 50 %", "What fell"])] == []
    assert [*rules.breaches([], ["Risk by store"])] == [
        "“Risk by store” breaks a wording rule: risk is never said alone: name the theft rate, the loss, the exposure or "
        "the readiness."
    ]


def test_only_the_sentence_that_breaks_a_rule_is_shown_and_a_long_one_is_cut():
    (told,) = rules.breaches(["All is well. Theft is at 4.1. Is it? Yes."])
    assert told.startswith("“Theft is at 4.1.” breaks")
    (told,) = rules.breaches(["A risk " + "x" * 1000])
    assert len(told) < 500


def test_a_period_that_may_still_change_is_called_provisional():
    late = ["October 2026"]
    assert rules.provisional("4.4 in September 2026.", late) is None
    assert rules.provisional("4.4 in October 2026. October 2026 is provisional.", late) is None
    assert rules.provisional("4.4 in October 2026.", late) == (
        "“4.4 in October 2026.” breaks a wording rule: October 2026 may still change; say that it is provisional."
    )
