"""What may be said of a number: rose, fell, no clear change, cannot tell; within tolerance or not."""

import re
from dataclasses import dataclass, field

from retail_analytics import compare
from retail_analytics.measure import Measured, Stock
from retail_analytics.words.formats import (
    MINUS,
    change,
    day,
    interval,
    limit,
    listed,
    month,
    n_of_n,
    not_known,
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
    whole claim; reason, if there is one, is a sentence for the list of what we cannot say; row is the measured row
    that it is about, with the tolerance that it was held against.
    """

    status: str
    word: str
    sentence: str
    number: str = ""
    interval: str = ""
    reason: str | None = None
    row: dict = field(default_factory=dict, compare=False)

    @property
    def claim(self) -> str:
        """The first sentence: what is claimed, without the amounts behind it."""
        return self.sentence.split(". ")[0].rstrip(".") + "."


def verdict(compared: Measured) -> Verdict:
    """The verdict on a change made by statistics.rates.year_on_year, of one group.

    Rose or fell if the 95 % interval leaves out 0 and the change is material (a counted stock needs no
    interval); probably, if only the 80 % interval does; cannot tell if there is a reason, or if only a
    change of five times the material one could have been seen; else no clear change.
    """
    metric = compared.metric
    if compared.not_recorded:
        return _not_recorded(compared)
    whether = f"Whether {the(metric.label)} rose or fell"
    if compared.rows.height != 1:
        sentence = f"{metric.label}: cannot tell; there is no one change to judge."
        return Verdict("cannot_tell", "Cannot tell", sentence, reason=f"{whether}: there is no one change.")
    row = compared.rows.row(0, named=True)
    number = "" if row["change"] is None or row["reason"] else change(row["change"])
    counted = row["low"] is None
    ends = "counted, not sampled" if counted else interval(row["low"], row["high"], change)
    between = ends if counted else f"95 % {ends}"

    def say(status, word, claim, unsure=None):
        reason = f"{whether}: {unsure}." if unsure else None
        sentence = f"{claim}. {_against(compared, row)}"
        return Verdict(status, word, sentence, number, "" if row["reason"] else ends, reason, row)

    if row["reason"]:
        why = _why(compared, row)
        return say("cannot_tell", "Cannot tell", f"{metric.label}: cannot tell; {why}", why)
    direction = "rose" if row["change"] > 0 else "fell"
    where = " where recording did not change" * bool(compared.left_out)
    by = f"{direction} by {number.lstrip('+' + MINUS)}{where} ({between})"
    material = abs(row["change"]) >= metric.materiality
    established = counted or _leaves_out_zero(row["low"], row["high"])
    if established and material:
        return say(_status(metric, direction), direction.capitalize(), f"{_subject(metric)} {by}")
    if established:
        little = f"{number} ({between}), less than the {percent(metric.materiality)} that matter"
        return say("no_clear", "No clear change", f"{metric.label}: no clear change, {little}")
    if material and _leaves_out_zero(row["low80"], row["high80"]):
        unsure = f"{number} ({between}) is not established"
        claim = f"{_subject(metric)} probably {by}; not established"
        return say("no_clear", f"Probably {direction}", claim, unsure)
    if row["smallest_detectable"] > WIDE * metric.materiality:
        seen = f"we could only have seen a change of {percent(row['smallest_detectable'])} or more"
        return say("cannot_tell", "Cannot tell", f"{metric.label}: cannot tell; {seen} ({between})", seen)
    return say("no_clear", "No clear change", f"{metric.label}: no clear change ({between})")


def judged(measured: Measured) -> Verdict:
    """The last settled period against the tolerance that an owner agreed; without one it is not judged.

    Outside or within only if the whole 95 % interval is, where there is one; else at tolerance.
    """
    metric, tolerance = measured.metric, measured.tolerance
    if measured.not_recorded:
        return _not_recorded(measured)
    rows = compare.latest(measured).rows
    if rows.height != 1:
        return Verdict("not_judged", "Not judged", f"{metric.label}: not judged; there is no one value to judge.")
    row = rows.row(0, named=True)
    whether = f"Whether {the(metric.label)} is within tolerance"
    when = period(row["period"], measured.every) if "period" in row else window(measured)
    if row["value"] is None:
        unknown = f"no value is known for {when}"
        sentence = f"{metric.label}: cannot tell; {unknown}."
        return Verdict("cannot_tell", "Cannot tell", sentence, reason=f"{whether}: {unknown}.", row=row)
    n = row.get("denominator")
    bound = limit(tolerance["limit"], metric) if tolerance else ""
    note = "; ".join(part for part in (limits(row, metric), bound and f"tolerance {bound}") if part)

    def say(status, word, claim, unsure=None):
        unit = f" {metric.unit}" if metric.estimate == "rate" else ""
        sentence = f"{metric.label}: {value(row['value'], metric, n)}{unit}{beside(row, metric)} in {when}"
        reason = f"{whether}: {unsure}." if unsure else None
        held = row | {f"tolerance_{name}": fact for name, fact in (tolerance or {}).items()}
        return Verdict(status, word, f"{sentence}{claim}.", value(row["value"], metric, n), note, reason, held)

    if tolerance is None or metric.better is None:
        why = "no tolerance agreed" if tolerance is None else "neither higher nor lower is better"
        return say("not_judged", "Not judged", f"; not judged, {why}", why)
    agreed = f"the tolerance of {bound} agreed by the {inside(tolerance['owner'])} on {day(tolerance['agreed_on'])}"
    if _too_few_to_judge(row, metric, tolerance["limit"]):
        return say("cannot_tell", "Cannot tell", f"; cannot tell, too few to judge against {agreed}", "too few")
    # Turned round where higher is better, so that outside is always above.
    turn = 1 if metric.better == "lower" else -1
    ends = [turn * (row["value"] if row.get(end) is None else row[end]) for end in ("low", "high")]
    if min(ends) > turn * tolerance["limit"]:
        side = "above" if turn == 1 else "below"
        return say("worse", f"{side.capitalize()} tolerance", f", {side} {agreed}")
    if max(ends) <= turn * tolerance["limit"]:
        return say("better", "Within tolerance", f", within {agreed}")
    return say("no_clear", "At tolerance", f", which cannot be separated from {agreed}", "its interval holds the limit")


def grown(measured: Measured) -> Verdict:
    """What may be said of a stock's net growth in 12 months (metrics.iot.growth): it is counted, not sampled."""
    if measured.not_recorded:
        return _not_recorded(measured)
    row = measured.rows.row(0, named=True)
    if row["value"] is None:
        why = "the data do not cover 12 months" if row["left"] is not None else "no source says what left"
        sentence = f"{measured.metric.label}: cannot tell; {why}."
        return Verdict("cannot_tell", "Cannot tell", sentence, reason=f"Growth: {why}.", row=row)
    word = "Grew" if row["numerator"] > 0 else "Shrank" if row["numerator"] < 0 else "Did not grow"
    by = f" by {change(row['value']).lstrip('+' + MINUS)}" if row["numerator"] else ""
    sentence = (
        f"The estate {inside(word)}{by} in the 12 months to {month(measured.last_month)}. It stood at "
        f"{number(row['denominator'])} devices; {number(row['arrived'])} arrived and {number(row['left'])} left."
    )
    if row["newly_visible"]:
        sentence += f" {plural(row['newly_visible'], 'device')} became visible, which is not growth."
    return Verdict("not_judged", word, sentence, change(row["value"]), "counted, not sampled", row=row)


def scored(index: Measured) -> Verdict:
    """What may be said of a readiness index (statistics.scorecard): its value, limits and weakest domain."""
    row, domains = index.rows.row(0, named=True), index.rows.filter(index.rows["domain"] != "index")
    who = "the company" if index.scope == "all" else str(index.place)
    between = "" if row["low"] is None else interval(row["low"], row["high"], whole)
    missing = domains.filter(domains["indicators"] == 0)["label"].to_list()
    if row["value"] is None:
        measured = f"only {domains.height - len(missing)} of {domains.height} domains are measured against a tolerance"
        sentence = f"Readiness: cannot tell; {measured}."
        return Verdict("cannot_tell", "Cannot tell", sentence, reason=f"How ready {who} is: {measured}.", row=row)
    said = f" (95 % {between})" if between else ""
    sentence = f"Readiness is {whole(row['value'])} of 100{said}. {opening(weakest(index))}."
    reason = f"Readiness in {listed(inside(name) for name in missing)}: nothing is measured there." if missing else None
    of_100 = between and f"of 100; {between}"
    return Verdict("not_judged", "Scored", sentence, whole(row["value"]), of_100, reason, row)


def counted(index: Measured) -> str:
    """How much of a readiness index is measured: 17 indicators measured, 4 missing."""
    row = index.rows.row(0, named=True)
    return f"{plural(row['indicators'], 'indicator')} earned a level, {row['missing']} missing. T1 described."


def headline(*verdicts: Verdict) -> str:
    """The claims of a summary in one sentence, without their intervals."""
    claims = [one.claim.replace("; not established", ", not established") for one in verdicts]
    said = [re.sub(r" \([^)]*\)", "", claim).split(";")[0].rstrip(".") for claim in claims]
    return "; ".join([said[0], *(inside(one) for one in said[1:])]) + "."


def watched(watch_list: Measured, ranked: Measured) -> str:
    """How many groups are on a watch list (statistics.ranking.watch_list), of how many that were compared."""
    if ranked.not_recorded:
        return ranked.metric.label
    if set(ranked.by) & set(ranked.place.alone):
        return f"Watch list by {inside(ranked.metric.label)}"
    on_list = watch_list.rows.height
    have = "has more than 1.5 times its" if on_list < 2 else "have more than 1.5 times their"
    return f"{some(on_list, ranked.rows['value'].count(), ranked)} very likely {have} peers' rate."


def _why(compared, row):
    unit = compared.every
    match row["reason"]:
        case "too few months":
            if isinstance(compared.metric.numerator, Stock):
                return f"the same {unit} a year before is not in the window"
            return "24 settled months are needed and fewer were measured"
        case "months not covered":
            return f"no value is known for {listed(period(one, unit) for one in row['missing_periods'])}"
        case "recording changed":
            days = listed(day(note["from_on"]) for note in row["recording_changes"])
            return f"recording changed inside the two windows, on {days}"
        case "no interval for amounts":
            return "no interval is made for amounts of money"
        case "none a year before":
            return "there were none a year before"
        case "too few events":
            return f"too few events, {number(row['numerator'])} against {number(row['numerator_before'])}"
        case "too few members":
            return f"too few to compare, {number(row['denominator'])} and {number(row['denominator_before'])} in all"
    return row["reason"]


def _against(compared, row):
    """What changed in recording, and the raw numbers: '4.1 … in the 12 months to October 2026 against 3.6 a year
    before.'
    """
    metric, months = compared.metric, compared.months
    last = period(row["period"], compared.every)
    when = f"in {last}" if months == 1 else f"in the {months} months to {last}"
    when = f"at the end of {last}" if isinstance(metric.numerator, Stock) else when
    now = _with_parts(row["value"], row["numerator"], row["denominator"], metric)
    before = _with_parts(row["before"], row["numerator_before"], row["denominator_before"], metric)
    unit = f" {metric.unit}" if metric.estimate == "rate" and row["value"] is not None else ""
    then = f"; {not_known()} a year before" if row["before"] is None else f" against {before} a year before"
    changes = "".join(f"{note['text'].rstrip('.')}. " for note in row["recording_changes"])
    said = f"{changes}{now}{unit} {when}{then}."
    if compared.left_out:
        said += f" Left out, as recording changed or is not complete there: {listed(compared.left_out)}."
    return opening(f"{said}{late(compared, ' and left out')}")


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
    return f"{metric.label}, as a share," if is_share else opening(the(metric.label))


def _status(metric, direction):
    if metric.better is None:
        return "no_clear"
    return "worse" if (metric.better == "lower") == (direction == "rose") else "better"


def _leaves_out_zero(low, high):
    return low > 0 or high < 0


def _not_recorded(measured):
    sentence = f"Not recorded: {measured.not_recorded}."
    reason = f"{measured.metric.label}: {measured.not_recorded}."
    return Verdict("cannot_tell", "Not recorded", sentence, reason=reason)
