"""What people wrote down: annotations, tolerances and the assessments of safeguards."""

from datetime import date

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import (
    APP_ROLLOUTS,
    CASE_TYPES_CHANGED_ON,
    DISCOVERY_STARTED,
    LAST_DAY,
    PRICES_RAISED_ON,
    day_number,
)

TOLERANCES = [  # metric, scope, limit, owner, agreed on
    ("theft_rate", "all", 4.5, "Chief operating officer", "2025-01-15"),
    ("theft_rate", "all", 4.2, "Chief operating officer", "2026-01-20"),
    ("unidentified_share", "all", 0.08, "Chief information security officer", "2025-03-03"),
    ("past_support_share", "all", 0.10, "Chief technology officer", "2025-03-03"),
    ("unprotected_share", "all", 0.20, "Chief information security officer", "2025-03-03"),
    ("known_exploited_clock", "internet", 3, "Chief information security officer", "2025-03-03"),
    ("known_exploited_clock", "store-lan", 14, "Chief information security officer", "2025-03-03"),
    ("known_exploited_clock", "isolated", 30, "Chief information security officer", "2025-03-03"),
    ("training_current", "all", 0.90, "Chief people officer", "2025-01-15"),
    ("uplink_availability", "all", 0.998, "Head of networks", "2025-06-10"),
    ("uplink_in_agreement", "all", 0.95, "Head of networks", "2025-06-10"),
    ("time_to_contain", "all", 5, "Chief information security officer", "2025-03-03"),
    ("remediation_half_life", "all", 45, "Chief technology officer", "2025-03-03"),
]
STORE_CONTROLS = {  # domain, usual level
    "4.1": ("R3", 2.3), "4.6": ("R3", 2.0), "4.7": ("R3", 1.6), "4.10": ("R3", 1.9),
    "8.2": ("R6", 2.4), "13.1": ("R6", 1.8), "13.6": ("R6", 1.5),
}  # fmt: skip
COMPANY_CONTROLS = {
    "8.11": ("R6", 2.0), "GV.RR-02": ("R9", 3.0), "GV.RM-02": ("R9", 2.2), "GV.OV-01": ("R9", 1.6),
    "17.1": ("R9", 2.6),
}  # fmt: skip
EVIDENCE = ["telemetry", "sample_test", "document", "self_statement"]


def annotations() -> pl.DataFrame:
    """One row per thing that a reader of a trend must know; the true change in thefts is not among them."""
    split = "The case system split external theft into shoplifting and self-checkout non-scan."
    raised = "Selling prices rose by 6 % on average; losses are valued at the new prices."
    rows = [
        (CASE_TYPES_CHANGED_ON, "all", "incidents", "recording change", split, "Case system release note 24.7"),
        (PRICES_RAISED_ON, "all", "incidents", "price", raised, "Pricing committee minutes"),
    ]
    for region, day in APP_ROLLOUTS.items():
        text = f"Staff in {region} report incidents with an app; small ones are reported more."
        rows.append((day, region, "incidents", "recording change", text, "Loss prevention programme plan"))
    for region, day in DISCOVERY_STARTED.items():
        if day.year > 2023:
            text = f"Network discovery started in {region}; devices first seen in these days are not new."
            rows.append((day, region, "devices", "caveat", text, "Network team change log"))
    rows.sort()
    return pl.DataFrame(
        [(f"A-{i}", day, None, *rest) for i, (day, *rest) in enumerate(rows, 1)],
        schema={
            "annotation_id": pl.String, "from_on": pl.Date, "to_on": pl.Date, "scope": pl.String,
            "concerns": pl.String, "kind": pl.String, "text": pl.String, "source": pl.String,
        },
        orient="row",
    )  # fmt: skip


def tolerances() -> pl.DataFrame:
    return pl.DataFrame(TOLERANCES, schema=["metric", "scope", "limit", "owner", "agreed_on"], orient="row")


def controls(rng: np.random.Generator, shops: pl.DataFrame, first_day: int) -> pl.DataFrame:
    """One row per assessment: a third of the stores a year, the company once a year; R10 was never assessed."""
    ends = range(day_number(date(2026, 9, 30)), first_day, -365)
    quality = rng.normal(0, 0.5, len(shops))
    parts = []
    for control, (domain, usual) in (STORE_CONTROLS | COMPANY_CONTROLS).items():
        for end in reversed(ends):
            if control in STORE_CONTROLS:
                store = np.flatnonzero(rng.random(len(shops)) < 0.35)
                ids, extra = shops["store_id"].to_numpy()[store], quality[store]
            else:
                ids, extra = np.array([""]), np.zeros(1)
            n = len(ids)
            assessed = end - rng.integers(0, 45, n)
            evidence = rng.choice(4, n, p=[0.30, 0.25, 0.25, 0.20])
            level = np.clip(np.round(usual + extra + rng.normal(0, 0.6, n)), 0, 4).astype(int)
            parts.append(
                pl.DataFrame(
                    {
                        "control_id": [control] * n,
                        "store_id": ids.tolist(),
                        "domain": [domain] * n,
                        "level": np.minimum(level, np.array([4, 4, 3, 2])[evidence]),
                        "evidence": np.array(EVIDENCE)[evidence],
                        "assessed_on": assessed,
                        "expires_on": assessed + np.where(evidence == 3, 180, 365),
                    },
                    schema_overrides={"store_id": pl.String, "control_id": pl.String, "domain": pl.String},
                )
            )
    rows = pl.concat(parts).filter(pl.col("assessed_on") <= LAST_DAY)
    return rows.sort("assessed_on", "control_id", "store_id")
