"""Parts of sentences that verdicts, titles and descriptions share."""

from retail_analytics.words.formats import (
    about,
    column,
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
    span = f"{month(late)} is" if late == end else f"{month(late)} to {month(end)} are"
    return f" {span} provisional{what}."


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
    """A label inside a sentence: its first letter small, unless the word is a name such as IoT or POS."""
    return label if any(letter.isupper() for letter in label.split()[0][1:]) else label[:1].lower() + label[1:]


def the(label):
    """A label as the subject of a sentence: the recorded theft rate rose, recorded thefts rose."""
    return f"the {inside(label)}" if label.split()[-1] in ("rate", "index", "lag") else inside(label)


def window(measured):
    """'the 36 months to October 2026'; 'October 2026'."""
    last = month(measured.last_month)
    return last if measured.months == 1 else f"the {measured.months} months to {last}"


def some(n, of, measured):
    """'6 of 120 stores', 'none of 6 regions', 'all 4 store formats'."""
    groups = plural(of, column(measured.by[0]) if len(measured.by) == 1 else "group", groups_of(measured.by))
    return f"All {groups}" if n == of > 1 else f"{number(n) if n else 'None'} of {groups}"


def weakest(index):
    """'the weakest domain is people: likely (72 %)', on a scorecard; or that it cannot be told."""
    domains = index.rows.filter(index.rows["domain"] != "index")
    row = domains.sort("weakest", descending=True).row(0, named=True)
    if row["weakest"] < SURE:
        return "which domain is the weakest cannot be told"
    return f"the weakest domain is {inside(row['label'])}: {probability(row['weakest'])}"


def groups_of(by):
    """stores; device classes; groups, if they are those of several columns."""
    group = column(by[0]) if len(by) == 1 else "group"
    return f"{group}es" if group.endswith("s") else f"{group}s"


def open_after(rows, time):
    """The share still open after so many days or months, on a curve of statistics.survival."""
    return rows.filter(rows["waited"] <= time)["value"][-1]
