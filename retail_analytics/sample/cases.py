"""The export of the loss-prevention case system, with its slips: bad rows, repeats, names in notes."""

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import CASE_TYPES_CHANGED_ON, day_number

TYPES = {
    "theft": "External Theft", "fraud": "Refund Fraud", "violence": "Assault", "threat": "Verbal Threat",
    "robbery": "Robbery", "burglary": "Burglary", "damage": "Vandalism", "disorder": "Anti-Social Behaviour",
    "other": "Other", "employee": "Employee Theft",
}  # fmt: skip
PEOPLE = (  # invented; a report must never show one
    "Dana Quill", "Marek Oyelund", "Tessa Brandvold", "Ivo Harkness", "Lena Sorrowby", "Paul Ettrick",
    "Nadia Fennimore", "Colm Vasser", "Greta Ashlund", "Tom Wexley", "Rhea Calloway", "Bas Lindqvist",
    "Orla Penhale", "Sami Drax", "June Thackeray", "Viktor Moyle",
)  # fmt: skip
NOTES = (
    "Subject known to staff as {} left by the east exit.",
    "{} (associate) saw the items go into a bag, manager told.",
    "Items recovered at the door by {}.",
    'Subject said "I paid already"; {} checked the till roll.',
    "Found on camera review by {}, no description.",
    "Two people, one may be {}. Police not called.",
    "Reported by {} at close,\nentered from the paper book.",
    "Self-checkout, unscanned meat and spirits, {} attended.",
)
BAD_ROWS = 0.003  # share of rows that no loader can keep
REPEATED_ROWS = 0.004  # share of rows that stand twice, as the export was paged while people worked
LONG_NOTE = 10_240


def export(rng: np.random.Generator, cases: pl.DataFrame, shops: pl.DataFrame) -> pl.DataFrame:
    """One row per line of the export, all text; what is blank in the system is empty."""
    n = len(cases)
    ids = shops["store_id"].to_numpy()[cases["store"].to_numpy()]
    hour, minute = cases["hour"].to_numpy(), cases["minute"].to_numpy()
    times = np.array([f"{h:02d}:{m:02d}" for h in range(24) for m in range(60)])[np.maximum(hour, 0) * 60 + minute]
    midnight = rng.random(n) < 0.3  # the form's default, left as it was
    times = np.where(hour < 0, np.where(midnight, "00:00", ""), times)
    dollars = rng.random(n) < 0.6
    rows = pl.DataFrame(
        {
            "Case Number": case_numbers(cases),
            "Store": ids,
            "Incident Date": _day(cases["occurred"]),
            "Incident Time": times,
            "Incident Type": _types(rng, cases),
            "Attempted": np.where(cases["attempted"].to_numpy(), "Y", np.where(rng.random(n) < 0.5, "N", "")),
            "Amount Stolen": _money(cases["amount"], dollars),
            "Amount Recovered": _money(cases["recovered"], dollars),
            "Price Basis": cases["basis"],
            "Entered Date": _day(cases["entered"]),
            "Notes": _notes(rng, n),
        }
    )
    return _with_slips(rng, rows)


def case_numbers(cases: pl.DataFrame) -> pl.Series:
    """LP-2026-004711: the year of entry and a number that runs on."""
    year = cases["entered"].cast(pl.Int32).cast(pl.Date).dt.strftime("%Y")
    return ("LP-" + year + "-" + cases["case"].cast(pl.String).str.zfill(6)).alias("Case Number")


def _day(days: pl.Series) -> pl.Series:
    return days.cast(pl.Int32).cast(pl.Date).dt.strftime("%m/%d/%Y")


def _types(rng: np.random.Generator, cases: pl.DataFrame) -> np.ndarray:
    words = cases["kind"].replace_strict(TYPES).to_numpy()
    split = (cases["entered"] >= day_number(CASE_TYPES_CHANGED_ON)).to_numpy()
    draw = rng.random(len(cases))
    words = np.where(
        split & (words == TYPES["theft"]),
        np.where(draw < 0.82, "Shoplifting", "Self-Checkout Non-Scan"),
        words,
    )
    return np.where((words == TYPES["employee"]) & (draw < 0.3), "Test Entry", words)


def _money(values: pl.Series, dollars: np.ndarray) -> list[str]:
    return [
        "" if value != value else f"${value:,.2f}" if sign else f"{value:.2f}"
        for value, sign in zip(values.to_list(), dollars.tolist(), strict=True)
    ]


def _notes(rng: np.random.Generator, number: int) -> np.ndarray:
    texts = np.array(["", *(note.format(person) for note in NOTES for person in PEOPLE)])
    notes = texts[np.where(rng.random(number) < 0.42, rng.integers(1, len(texts), number), 0)].tolist()
    notes[number // 2] = ("Statement of " + PEOPLE[0] + ". " + "The subject came in again and again. " * 400)[
        :LONG_NOTE
    ]
    return notes


def _with_slips(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds rows to be refused (unknown store, a day that does not exist, a mistyped type) and repeats."""
    n = len(rows)
    bad = rng.permutation(n)[: max(3, round(BAD_ROWS * n))]
    slip = np.full(n, -1)
    slip[bad] = np.arange(len(bad)) % 3
    slip = pl.Series(slip)
    rows = rows.with_columns(
        pl.when(slip == 0).then(pl.lit("9999")).otherwise("Store").alias("Store"),
        pl.when(slip == 1)
        .then("02/30/" + pl.col("Incident Date").str.slice(6))
        .otherwise("Incident Date")
        .alias("Incident Date"),
        pl.when(slip == 2).then(pl.lit("Shopliftng")).otherwise("Incident Type").alias("Incident Type"),
        line=pl.int_range(pl.len()).cast(pl.Float64),
    )
    again = rows.filter(pl.Series(rng.random(n) < REPEATED_ROWS) & (slip < 0)).with_columns(pl.col("line") + 25.5)
    return pl.concat([rows, again]).sort("line").drop("line")
