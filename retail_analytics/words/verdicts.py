"""What may be said of a number: rose, fell, no clear change, cannot tell; within tolerance or not."""

import re
from dataclasses import dataclass, field

from retail_analytics import compare
from retail_analytics.language import phrase, phrase_for
from retail_analytics.measure import Measured, Stock
from retail_analytics.words.formats import (
    MINUS,
    about,
    change,
    day,
    interval,
    limit,
    listed,
    month,
    n_of_n,
    number,
    opening,
    percent,
    period,
    plural,
    value,
    whole,
)
from retail_analytics.words.parts import beside, inside, late, limits, some, the, weakest, window

WIDE = 5  # times the materiality: if only a larger change could have been seen, silence proves nothing


@dataclass(frozen=True)
class Verdict:
    """What may be said of a number.

    status: "worse" or "better" (judged), "no_clear", "cannot_tell" or "not_judged". sentence is the
    whole claim, behind what of it gives the amounts; reason, if there is one, is a sentence for the list of what we
    cannot say; row is the measured row that it is about, with the tolerance that it was held against.
    """

    status: str
    word: str
    sentence: str
    number: str = ""
    interval: str = ""
    reason: str | None = None
    row: dict = field(default_factory=dict, compare=False)
    behind: str = field(default="", compare=False)

    @property
    def claim(self) -> str:
        """The first sentence: what is claimed, without the amounts behind it."""
        return self.sentence.removesuffix(self.behind).rstrip()


def verdict(compared: Measured) -> Verdict:
    """The verdict on a change made by statistics.rates.year_on_year, of one group.

    Rose or fell if the 95 % interval leaves out 0 and the change is material (a counted stock needs no
    interval); probably, if only the 80 % interval does; cannot tell if there is a reason, or if only a
    change of five times the material one could have been seen; else no clear change.
    """
    metric = compared.metric
    if compared.not_recorded:
        return _not_recorded(compared)

    def whether(why):
        return phrase("Whether {the} rose or fell: {why}.", the=the(metric.label), label=metric.label, why=why)

    if compared.rows.height != 1:
        sentence = _cannot_tell(metric, phrase("there is no one change to judge"))
        reason = whether(phrase("there is no one change"))
        return Verdict("cannot_tell", phrase("Cannot tell"), f"{sentence}.", reason=reason)
    row = compared.rows.row(0, named=True)
    number = "" if row["change"] is None or row["reason"] else change(row["change"])
    counted = row["low"] is None
    ends = phrase("counted, not sampled") if counted else interval(row["low"], row["high"], change)
    between = ends if counted else f"95 % {ends}"

    def say(status, word, claim, unsure=None):
        reason = whether(unsure) if unsure else None
        behind = _against(compared, row)
        within = "" if row["reason"] else ends
        return Verdict(status, word, f"{claim}. {behind}", number, within, reason, row, behind)

    if row["reason"]:
        why = _why(compared, row)
        return say("cannot_tell", phrase("Cannot tell"), _cannot_tell(metric, why), why)
    rose = row["change"] > 0
    where = phrase(" where recording did not change") if compared.left_out else ""
    told = {"subject": _subject(metric), "label": metric.label, "change": number.lstrip("+" + MINUS)}
    told |= {"where": where, "between": between}
    material = abs(row["change"]) >= metric.materiality
    established = counted or _leaves_out_zero(row["low"], row["high"])
    if established and material:
        if rose:
            claim = phrase("{subject} rose by {change}{where} ({between})", **told)
            return say(_status(metric, rose), phrase("Rose"), claim)
        claim = phrase("{subject} fell by {change}{where} ({between})", **told)
        return say(_status(metric, rose), phrase("Fell"), claim)
    told |= {"change": number, "matter": percent(metric.materiality)}
    if established:
        little = phrase("{label}: no clear change, {change} ({between}), less than the {matter} that matter", **told)
        return say("no_clear", phrase("No clear change"), little)
    if material and _leaves_out_zero(row["low80"], row["high80"]):
        unsure = phrase("{change} ({between}) is not established", **told)
        told |= {"change": number.lstrip("+" + MINUS)}
        if rose:
            claim = phrase("{subject} probably rose by {change}{where} ({between}); not established", **told)
            return say("no_clear", phrase("Probably rose"), claim, unsure)
        claim = phrase("{subject} probably fell by {change}{where} ({between}); not established", **told)
        return say("no_clear", phrase("Probably fell"), claim, unsure)
    if row["smallest_detectable"] > WIDE * metric.materiality:
        least = percent(row["smallest_detectable"])
        seen = phrase("we could only have seen a change of {least} or more", least=least)
        return say("cannot_tell", phrase("Cannot tell"), f"{_cannot_tell(metric, seen)} ({between})", seen)
    return say("no_clear", phrase("No clear change"), phrase("{label}: no clear change ({between})", **told))


def judged(measured: Measured) -> Verdict:
    """The last settled period against the tolerance that an owner agreed; without one it is not judged.

    Outside or within only if the whole 95 % interval is, where there is one; else at tolerance.
    """
    metric, tolerance = measured.metric, measured.tolerance
    if measured.not_recorded:
        return _not_recorded(measured)
    rows = compare.latest(measured).rows
    if rows.height != 1:
        sentence = phrase("{label}: not judged; there is no one value to judge.", label=metric.label)
        return Verdict("not_judged", phrase("Not judged"), sentence)
    row = rows.row(0, named=True)

    def whether(why):
        return phrase("Whether {the} is within tolerance: {why}.", the=the(metric.label), label=metric.label, why=why)

    when = period(row["period"], measured.every) if "period" in row else window(measured)
    if row["value"] is None:
        unknown = phrase("no value is known for {when}", when=when)
        sentence = f"{_cannot_tell(metric, unknown)}."
        return Verdict("cannot_tell", phrase("Cannot tell"), sentence, reason=whether(unknown), row=row)
    n = row.get("denominator")
    bound = limit(tolerance["limit"], metric) if tolerance else ""
    note = "; ".join(part for part in (limits(row, metric), _tolerated(bound)) if part)

    def say(status, word, claim, unsure=None):
        unit = f" {metric.unit}" if metric.estimate == "rate" else ""
        said = f"{value(row['value'], metric, n)}{unit}{beside(row, metric)}"
        sentence = phrase("{label}: {value} in {when}{claim}.", label=metric.label, value=said, when=when, claim=claim)
        reason = whether(unsure) if unsure else None
        held = row | {f"tolerance_{name}": fact for name, fact in (tolerance or {}).items()}
        return Verdict(status, word, sentence, value(row["value"], metric, n), note, reason, held)

    if tolerance is None or metric.better is None:
        none = tolerance is None
        why = phrase("no tolerance agreed") if none else phrase("neither higher nor lower is better")
        return say("not_judged", phrase("Not judged"), phrase("; not judged, {why}", why=why), why)
    told = {"limit": bound, "owner": inside(tolerance["owner"]), "day": day(tolerance["agreed_on"])}
    agreed = phrase("the tolerance of {limit} agreed by the {owner} on {day}", **told)
    if _too_few_to_judge(row, metric, tolerance["limit"]):
        claim = phrase("; cannot tell, too few to judge against {agreed}", agreed=agreed)
        return say("cannot_tell", phrase("Cannot tell"), claim, phrase("too few"))
    # Turned round where higher is better, so that outside is always above.
    turn = 1 if metric.better == "lower" else -1
    ends = [turn * (row["value"] if row.get(end) is None else row[end]) for end in ("low", "high")]
    if min(ends) > turn * tolerance["limit"]:
        if turn == 1:
            return say("worse", phrase("Above tolerance"), phrase(", above {agreed}", agreed=agreed))
        return say("worse", phrase("Below tolerance"), phrase(", below {agreed}", agreed=agreed))
    if max(ends) <= turn * tolerance["limit"]:
        return say("better", phrase("Within tolerance"), phrase(", within {agreed}", agreed=agreed))
    claim = phrase(", which cannot be separated from {agreed}", agreed=agreed)
    return say("no_clear", phrase("At tolerance"), claim, phrase("its interval holds the limit"))


def grown(measured: Measured) -> Verdict:
    """What may be said of a stock's net growth in 12 months (metrics.iot.growth): it is counted, not sampled."""
    if measured.not_recorded:
        return _not_recorded(measured)
    row = measured.rows.row(0, named=True)
    if row["value"] is None:
        unsaid = row["left"] is None
        why = phrase("no source says what left") if unsaid else phrase("the data do not cover 12 months")
        sentence, reason = f"{_cannot_tell(measured.metric, why)}.", phrase("Growth: {why}.", why=why)
        return Verdict("cannot_tell", phrase("Cannot tell"), sentence, reason=reason, row=row)
    told = {"change": change(row["value"]).lstrip("+" + MINUS), "month": month(measured.last_month)}
    if row["numerator"] > 0:
        word, claim = phrase("Grew"), phrase("The estate grew by {change} in the 12 months to {month}.", **told)
    elif row["numerator"] < 0:
        word, claim = phrase("Shrank"), phrase("The estate shrank by {change} in the 12 months to {month}.", **told)
    else:
        word, claim = phrase("Did not grow"), phrase("The estate did not grow in the 12 months to {month}.", **told)
    told = {"stock": number(row["denominator"]), "arrived": number(row["arrived"]), "left": number(row["left"])}
    behind = phrase("It stood at {stock} devices; {arrived} arrived and {left} left.", **told)
    if visible := row["newly_visible"]:
        behind += " " + phrase_for(
            visible, "{n} device became visible, which is not growth.",
            "{n} devices became visible, which is not growth.", n=about(visible),
        )  # fmt: skip
    within = phrase("counted, not sampled")
    return Verdict("not_judged", word, f"{claim} {behind}", change(row["value"]), within, row=row, behind=behind)


def scored(index: Measured) -> Verdict:
    """What may be said of a readiness index (statistics.scorecard): its value, limits and weakest domain."""
    row, domains = index.rows.row(0, named=True), index.rows.filter(index.rows["domain"] != "index")
    who = phrase("the company") if index.scope == "all" else str(index.place)
    between = "" if row["low"] is None else interval(row["low"], row["high"], whole)
    missing = domains.filter(domains["indicators"] == 0)["label"].to_list()
    if row["value"] is None:
        told = {"n": domains.height - len(missing), "all": domains.height}
        why = phrase("only {n} of {all} domains are measured against a tolerance", **told)
        sentence = phrase("Readiness: cannot tell; {why}.", why=why)
        reason = phrase("How ready {who} is: {why}.", who=who, why=why)
        return Verdict("cannot_tell", phrase("Cannot tell"), sentence, reason=reason, row=row)
    said = f" (95 % {between})" if between else ""
    claim = phrase("Readiness is {value} of 100{said}.", value=whole(row["value"]), said=said)
    behind = f"{opening(weakest(index))}."
    names = listed(inside(phrase(name)) for name in missing) if missing else ""
    reason = phrase("Readiness in {names}: nothing is measured there.", names=names) if missing else None
    within = between and phrase("of 100; {between}", between=between)
    sentence = f"{claim} {behind}"
    return Verdict("not_judged", phrase("Scored"), sentence, whole(row["value"]), within, reason, row, behind)


def counted(index: Measured) -> str:
    """How much of a readiness index is measured: 17 indicators measured, 4 missing."""
    row = index.rows.row(0, named=True)
    told = {"indicators": plural(row["indicators"], "indicator"), "missing": row["missing"]}
    return phrase("{indicators} earned a level, {missing} missing. T1 described.", **told)


def headline(*verdicts: Verdict) -> str:
    """The claims of a summary in one sentence, without their intervals."""
    claims = [one.claim.replace(phrase("; not established"), phrase(", not established")) for one in verdicts]
    said = [re.sub(r" \([^)]*\)", "", claim).split(";")[0].rstrip(".") for claim in claims]
    return phrase("; ").join([said[0], *(inside(one) for one in said[1:])]) + "."


def watched(watch_list: Measured, ranked: Measured) -> str:
    """How many groups are on a watch list (statistics.ranking.watch_list), of how many that were compared."""
    if ranked.not_recorded:
        return ranked.metric.label
    if set(ranked.by) & set(ranked.place.alone):
        return phrase("Watch list by {label}", label=inside(ranked.metric.label))
    on_list = some(watch_list.rows.height, ranked.rows["value"].count(), ranked)
    if watch_list.rows.height < 2:
        return phrase("{some} very likely has more than 1.5 times its peers' rate.", some=on_list)
    return phrase("{some} very likely have more than 1.5 times their peers' rate.", some=on_list)


def _why(compared, row):
    unit = compared.every
    match row["reason"]:
        case "too few months":
            if isinstance(compared.metric.numerator, Stock):
                return phrase("the same {unit} a year before is not in the window", unit=phrase(unit))
            return phrase("24 settled months are needed and fewer were measured")
        case "months not covered":
            when = listed(period(one, unit) for one in row["missing_periods"])
            return phrase("no value is known for {when}", when=when)
        case "recording changed":
            days = listed(day(note["from_on"]) for note in row["recording_changes"])
            return phrase("recording changed inside the two windows, on {days}", days=days)
        case "no interval for amounts":
            return phrase("no interval is made for amounts of money")
        case "none a year before":
            return phrase("there were none a year before")
        case "too few events":
            told = {"now": number(row["numerator"]), "before": number(row["numerator_before"])}
            return phrase("too few events, {now} against {before}", **told)
        case "too few members":
            told = {"now": number(row["denominator"]), "before": number(row["denominator_before"])}
            return phrase("too few to compare, {now} and {before} in all", **told)
    return row["reason"]


def _against(compared, row):
    """What changed in recording, and the raw numbers: '4.1 … in the 12 months to October 2026 against 3.6 a year
    before.'
    """
    metric, months = compared.metric, compared.months
    last = period(row["period"], compared.every)
    if isinstance(metric.numerator, Stock):
        when = phrase("at the end of {period}", period=last)
    elif months == 1:
        when = phrase("in {period}", period=last)
    else:
        when = phrase("in the {n} months to {last}", n=months, last=last)
    now = _with_parts(row["value"], row["numerator"], row["denominator"], metric)
    before = _with_parts(row["before"], row["numerator_before"], row["denominator_before"], metric)
    unit = f" {metric.unit}" if metric.estimate == "rate" and row["value"] is not None else ""
    unknown = row["before"] is None
    then = phrase("; not known a year before") if unknown else phrase(" against {before} a year before", before=before)
    changes = "".join(f"{note['text'].rstrip('.')}. " for note in row["recording_changes"])
    said = f"{changes}{now}{unit} {when}{then}."
    if compared.left_out:
        groups = listed(compared.left_out)
        said += phrase(" Left out, as recording changed or is not complete there: {groups}.", groups=groups)
    return opening(f"{said}{late(compared, phrase(' and left out'))}")


def _with_parts(x, numerator, denominator, metric):
    said = value(x, metric, denominator)
    return f"{said} ({n_of_n(numerator, denominator)})" if metric.estimate == "share" and x is not None else said


def _too_few_to_judge(row, metric, limit):
    if metric.estimate == "share":
        return row["denominator"] < compare.FEWEST_MEMBERS
    if metric.estimate != "rate" or row["denominator"] is None:
        return False
    expected = limit * row["denominator"] / metric.per
    return max(row["numerator"], expected) < compare.FEWEST_EVENTS


def _subject(metric):
    """What rose or fell: of a share it must be clear that it is not the number that did."""
    is_share = metric.estimate == "share" and "share" not in metric.label.lower()
    return phrase("{label}, as a share,", label=metric.label) if is_share else opening(the(metric.label))


def _cannot_tell(metric, why):
    return phrase("{label}: cannot tell; {why}", label=metric.label, why=why)


def _tolerated(bound):
    return phrase("tolerance {limit}", limit=bound) if bound else ""


def _status(metric, rose):
    if metric.better is None:
        return "no_clear"
    return "worse" if (metric.better == "lower") == rose else "better"


def _leaves_out_zero(low, high):
    return low > 0 or high < 0


def _not_recorded(measured):
    sentence = phrase("Not recorded: {why}.", why=measured.not_recorded)
    reason = f"{measured.metric.label}: {measured.not_recorded}."
    return Verdict("cannot_tell", phrase("Not recorded"), sentence, reason=reason)
