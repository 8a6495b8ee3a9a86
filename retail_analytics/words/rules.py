"""The wording rules: which words a page never says, and what must stand beside what it claims.

A text is a title, a sentence or a paragraph of ours. What stands in the data (names, notes of others) is quoted, and
nothing in it breaks a rule.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retail_analytics.language import ENGLISH, phrase, spoken

NOT_A_SHARE = r"""
    (?:80|95|99\.8)\ %\ (?:interval|limits|from|of\ such)  # a level
    | (?:80|95|99\.8)\ %\ (?=[−+$£€]?\d[\d.,]*(?:\ [bm]illion)?\ (?:%\ )?to\ )  # with the interval that follows
    | \d[\d.,]*\ to\ [\d.,]+\ %
    | [+−]\d[\d.,]*\ %  # a change
    | \bby\ [\d.,]+\ %
    | \ba\ change\ of\ [\d.,]+\ %
    | \bthe\ [\d.,]+\ %\ that\ matter\b
    | \btolerance(?:\ of)?\ [\d.,]+\ %
    | \b(?:certain|likely|even|unlikely)\ \((?:over\ |under\ )?\d+\ %\)  # a probability
    | \d\ %\ test\b | \(Benjamini-Hochberg\ at\ \d+\ %
"""


@dataclass(frozen=True)
class Rule:
    """Words that may not be said, unless something else is said too; `rather` is what to do about it.

    The patterns are held against a text in small letters.
    """

    rather: str
    found: re.Pattern
    unless: re.Pattern | None = None  # said in the same text it makes the words right
    less: re.Pattern | None = None  # what looks like the words and is none of them
    once: bool = False  # one text of a page makes it right for those that repeat the claim

    def broken_by(self, text: str) -> bool:
        """Whether a text says the words. A question claims nothing."""
        if not self.found.search(text) or (self.unless and self.unless.search(text)):
            return False
        return not self.less or bool(self.found.search(self.less.sub(" ", text)))


SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[A-Z“…])|\n+")
CLAIM = re.compile(r"\b(?:rose|fell) by [\d.,]+ %")
WITH_INTERVAL = re.compile(r"\b95 % |\bcounted, not sampled\b")


def _words(*alternatives: str) -> re.Pattern:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b")


VOCABULARY = (  # holds in every text
    Rule(
        "loud words are no evidence: write rose or fell by how much (95 % a to b)",
        _words("soar(?:s|ed|ing)?", "plung(?:es?|ed|ing)", "skyrocket(?:s|ed|ing)?", "plummet(?:s|ed|ing)?",
               "epidemics?", "rampant", "dramatic(?:ally)?", "alarming(?:ly)?", "out of control", "explod(?:es?|ed)"),
    ),
    Rule(
        "a change is established or it is not: write no clear change (a to b)",
        _words("(?:slightly|somewhat|marginally|a little|a bit) (?:up|down|higher|lower|more|fewer|less|better|worse)",
               "trending", "(?:up|down)wards? trend"),
    ),
    Rule(
        "risk is never said alone: name the theft rate, the loss, the exposure or the readiness",
        _words("risks?", "risk(?:y|ier|iest)"),
        less=_words("(?:money|value|loss|revenue) at risk", "retail risk workbench", "risk of [a-z]+"),
    ),
    Rule(
        "people are not described, and nobody is called an offender: write what was recorded, by which role",
        _words("offenders?", "shoplifters?", "thie(?:f|ves)", "criminals?", "gangs?", "(?:fe)?males?", "wom[ae]n",
               "m[ae]n", "teenagers?", "juveniles?", "youths?", "ethnic\\w*", "nationalit(?:y|ies)", "(?:im)?migrants?",
               "foreigners?"),
    ),
)  # fmt: skip
EVERYTHING = VOCABULARY + (  # holds where something is claimed
    Rule(
        "a cause needs tier T3 or T4 and the assumption it rests on: write was associated with, or coincided with",
        _words("caus(?:ed|es|ing)", "due to", "thanks to", "drove", "driven by", "because of", "le(?:d|ads) to",
               "result(?:s|ed) in", "as a result of", "owing to", "attributable to", "reduc(?:ed|es)",
               "prevent(?:ed|s)", "deter(?:red|s)"),
        unless=re.compile(r"(?s)(?=.*\bt[34]\b)(?=.*\bassum)"),
    ),
    Rule(
        "nothing seen is not nothing there: write cannot tell, and the change that could only have been seen",
        _words("no (?:[a-z]+ )?(?:effect|impact)", "(?:had|without|has) no effect", "made no difference"),
        unless=re.compile(r"\bcould (?:only )?have seen\b"),
    ),
    Rule(
        "probably is said with: not established",
        _words("probably (?:rose|fell)"),
        unless=re.compile(r"\bnot established\b"),
    ),
    Rule(
        "what rose or fell says by how much, with its 95 % interval, or that it was counted",
        _words("rose", "fell", "increased", "decreased", "declined", "dropped", "climbed", "doubled", "halved"),
        unless=WITH_INTERVAL,
        less=_words("rose or fell", "probably (?:rose|fell)"),
        once=True,
    ),
    Rule(
        "what was not recorded is not known: write recorded theft, or reported incidents",
        re.compile(
            r"(?<!recorded )(?<!reported )\bthefts?(?: rates?)? (?:rose|fell|grew|increased|decreased|declined|shows?|"
            r"stands?|stood|is|are|was|were|has|have|costs?)\b|\d (?:million |billion )?thefts?\b"),
    ),
    Rule(
        "a percentage of things stands beside n of N",
        re.compile(r"\d %"),
        unless=re.compile(r"\d of (?:all )?\d|\bn = \d|% of \d"),
        less=re.compile(NOT_A_SHARE, re.VERBOSE),
    ),
    Rule(
        "a percentage of fewer than 100 has no decimals",
        re.compile(r"\d\.\d+ % \([\d,]+ of \d{1,2}\b(?![\d,])"),
    ),
    Rule(
        "an amount of money has two significant digits",
        re.compile(r"(?:[$£€]|\b(?:usd|gbp|eur|chf) )(?:0[.,]0*)?[1-9][.,]?\d[\d.,]*[1-9]"),
    ),
    Rule(
        "a benchmark is said with its passport: (source, year, population, type)",
        _words("benchmarks?", "(?:industry|sector|market|national) average"),
        unless=re.compile(r"\((?=[^()]*\b(?:19|20)\d\d\b)(?:[^(),]+,){3}[^()]+\)"),
    ),
    Rule(
        "what is only possible has a number: write how likely it is, like unlikely (20 %)",
        _words("could", "might", "may"),
        unless=re.compile(r"\d"),
        less=re.compile(r"\b(?:could only have seen|may still change)\b"),
    ),
)  # fmt: skip


GERMAN = (  # numbers stand beside each other as in English: the same calls write both
    Rule(
        "loud words are no evidence: write Anstieg or Rückgang um how much (95 % a bis b)",
        _words("explodier\\w*", "dramatisch\\w*", "drastisch\\w*", "alarmierend\\w*", "epidemie\\w*", "außer kontrolle",
               "sprunghaft\\w*"),
    ),
    Rule(
        "a change is established or it is not: write keine klare Veränderung (a bis b)",
        _words("(?:etwas|leicht|geringfügig) (?:höher|niedriger|mehr|weniger|besser|schlechter|gestiegen|gefallen)",
               "(?:aufwärts|abwärts)trend\\w*"),
    ),
    Rule(
        "risk is never said alone: name the theft rate, the loss, the exposure or the readiness",
        _words("risik\\w+"), less=_words("retail risk workbench"),
    ),
    Rule(
        "people are not described, and nobody is called an offender: write what was recorded, by which role",
        _words("täter\\w*", "(?:laden)?dieb(?:e|en|in|innen)?", "kriminelle\\w*", "bande[n]?", "männer\\w*", "frauen",
               "jugendliche\\w*", "ausländer\\w*", "migrant\\w*", "nationalität\\w*"),
    ),
)  # fmt: skip
GERMAN_CLAIMS = GERMAN + (
    Rule(
        "a cause needs tier T3 or T4 and the assumption it rests on: write ging einher mit, or fiel zusammen mit",
        _words("verursacht\\w*", "wegen", "aufgrund", "infolge", "dank", "führ(?:t|te|ten) zu", "verhinder(?:t|te|n)",
               "reduzier(?:t|te|en)"),
        unless=re.compile(r"(?s)(?=.*\bt[34]\b)(?=.*\bannahme)"),
    ),
)  # fmt: skip
OF_LANGUAGE = {ENGLISH: (VOCABULARY, EVERYTHING), "de": (GERMAN, GERMAN_CLAIMS)}


def breaches(claims: Iterable[str], labels: Iterable[str] = (), quoted: Iterable[str] = ()) -> Iterator[str]:
    """The rules of the language that is spoken which texts of one page break, each as a sentence that names the words
    and what to write.

    Labels (subtitles, questions, definitions) claim nothing: only the vocabulary holds for them. A claim that another
    text of the page makes with its interval may be repeated without it.
    """
    claims, labels = ([text.replace("\u00a0", " ") for text in texts] for texts in (claims, labels))
    shown = {claim for text in claims if WITH_INTERVAL.search(text) for claim in CLAIM.findall(text)}
    said = "\n".join([*labels, *claims]).lower()
    of_language = OF_LANGUAGE.get(spoken(), ((), ()))
    vocabulary, everything = ([rule for rule in rules if rule.found.search(said)] for rules in of_language)
    for text, rules in (dict.fromkeys(labels, vocabulary) | dict.fromkeys(claims, everything)).items():
        small = text.lower()
        for rule in rules:
            if rule.broken_by(small) and (sentence := _breaking(rule, text, quoted, shown if rule.once else ())):
                yield f"“{_short(sentence)}” breaks a wording rule: {rule.rather}."


def provisional(text: str, periods: Iterable[str]) -> str | None:
    """The rule that a text breaks which names a period that may still change, and does not say so."""
    named = next((period for period in periods if period in text), None)
    if named and phrase("provisional") not in text:
        return f"“{_short(text)}” breaks a wording rule: {named} may still change; say that it is provisional."
    return None


def _breaking(rule: Rule, text: str, quoted: Iterable[str], shown: Iterable[str]) -> str | None:
    """The sentence of a text that breaks a rule; of what is quoted, or shown elsewhere, nothing does."""
    ours = _unquoted(text, quoted, shown)
    if not rule.broken_by(ours.lower()):
        return None
    said = [one.strip() for one in SENTENCES.split(ours) if not one.rstrip().endswith("?")]
    return next((one for one in said if rule.broken_by(one.lower())), None)


def _unquoted(text: str, quoted: Iterable[str], shown: Iterable[str]) -> str:
    """A text with … for the words of others, and for what another text claims with its interval."""
    for name in sorted({*quoted} - OURS, key=len, reverse=True):
        for form in (name, name[:1].lower() + name[1:], name[:1].upper() + name[1:]):
            if form in text:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "…", text)
    for claim in shown:
        text = text.replace(claim, "…")
    return text


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= MOST_SHOWN else sentence[:MOST_SHOWN] + "…"


OURS = {"", "theft"}  # a kind of incident is a name in the data, and the word that a rule is about
MOST_SHOWN = 300  # characters of a sentence that breaks a rule
