"""Parts of sentences that verdicts, titles and descriptions share."""

from retail_analytics.language import ENGLISH, phrase, phrase_for, spoken
from retail_analytics.words.formats import (
    about,
    interval,
    month,
    n_of_n,
    named,
    not_known,
    number,
    plural,
    probability,
    value,
)

SURE = 0.66  # from here on a probability is called likely, and a sentence names the one thing
MARKS = {"day": (7, 30, 90, 180, 365), "month": (1, 3, 6, 12, 24)}  # when the share still open is said


def late(measured, what=""):
    """' October 2026 is provisional.', or nothing."""
    late, end = measured.provisional_from, measured.last_month
    if late is None or end is None or late > end:
        return ""
    if late == end:
        return phrase(" {month} is provisional{what}.", month=month(late), what=what)
    return phrase(" {first} to {last} are provisional{what}.", first=month(late), last=month(end), what=what)


def beside(row, metric):
    """' (2,079 of 9,806; 95 % 20 to 22 %)': what belongs in brackets after a value."""
    parts = [n_of_n(row["numerator"], row["denominator"])] if metric.estimate == "share" else []
    parts += [f"n = {about(row['denominator'])}"] if metric.estimate == "ratio" else []
    parts += [f"95 % {limits(row, metric)}"] if limits(row, metric) else []
    return f" ({'; '.join(parts)})" if parts else ""


def with_limits(row, metric):
    if row["value"] is None:
        return not_known()
    return value(row["value"], metric, row.get("denominator")) + beside(row, metric)


def limits(row, metric):
    if row.get("low") is None or row.get("high") is None:
        return ""
    return interval(row["low"], row["high"], lambda x: value(x, metric, row.get("denominator")))


def naming(measured):
    """The columns that name a row beside its period."""
    parts = ("band", "label", "weekday", "hour")
    # The label of a domain of the scorecard stands for its id.
    return [
        *(name for name in measured.by if name not in ("band", "domain")),
        *(part for part in parts if part in measured.rows.columns),
    ]


def row_name(row, names):
    return " ".join(named(name, row[name]) for name in names)


def inside(label):
    """A label inside a sentence: its first letter small, unless the word is a name such as IoT or POS.

    Only in English: sentences of another language have their labels at the beginning, or behind a colon.
    """
    if spoken() != ENGLISH:
        return label
    return label if any(letter.isupper() for letter in label.split()[0][1:]) else label[:1].lower() + label[1:]


def the(label):
    """A label as the subject of a sentence: the recorded theft rate rose, recorded thefts rose."""
    if spoken() != ENGLISH:
        return label
    return f"the {inside(label)}" if label.split()[-1] in ("rate", "index", "lag") else inside(label)


def window(measured):
    """'the 36 months to October 2026'; 'October 2026'."""
    last = month(measured.last_month)
    return last if measured.months == 1 else phrase("the {n} months to {month}", n=measured.months, month=last)


def some(n, of, measured):
    """'6 of 120 stores', 'none of 6 regions', 'all 4 store formats'."""
    groups = plural(of, _group(measured.by), _groups(measured.by))
    if n == of > 1:
        return phrase("All {groups}", groups=groups)
    return phrase("{n} of {groups}", n=number(n), groups=groups) if n else phrase("None of {groups}", groups=groups)


def weakest(index):
    """'the weakest domain is people: likely (72 %)', on a scorecard; or that it cannot be told."""
    domains = index.rows.filter(index.rows["domain"] != "index")
    row = domains.sort("weakest", descending=True).row(0, named=True)
    if row["weakest"] < SURE:
        return phrase("which domain is the weakest cannot be told")
    told = {"label": inside(phrase(row["label"])), "probability": probability(row["weakest"])}
    return phrase("the weakest domain is {label}: {probability}", **told)


def groups_of(by):
    """stores; device classes; groups, if they are those of several columns."""
    return phrase_for(2, _group(by), _groups(by))


def _group(by):
    return by[0].removesuffix("_id").replace("_", " ") if len(by) == 1 else "group"


def _groups(by):
    return f"{_group(by)}es" if _group(by).endswith("s") else f"{_group(by)}s"


def after_time(time, every):
    """'after 30 days'."""
    if every == "month":
        return phrase_for(time, "after {n} month", "after {n} months", n=about(time))
    return phrase_for(time, "after {n} day", "after {n} days", n=about(time))


def open_after(rows, time):
    """The share still open after so many days or months, on a curve of statistics.survival."""
    return rows.filter(rows["waited"] <= time)["value"][-1]
