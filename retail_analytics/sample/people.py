"""Who works in the stores, who left, and which courses each of them completed."""

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import LAST_DAY, NEVER

POSITIONS = {"hypermarket": 26, "supermarket": 14, "express": 6}
ROLES = {  # share of the positions, share that leaves in a year
    "front line": (0.74, 0.60),
    "department lead": (0.14, 0.25),
    "store manager": (0.07, 0.15),
    "security": (0.05, 0.40),
}
COURSES = {  # who must take it
    "security awareness": tuple(ROLES),
    "payment terminal checks": ("front line", "department lead"),
    "incident response basics": ("store manager", "security", "department lead"),
}
LEAVERS_KEPT = 1.5  # years that the learning system keeps people who left


def people(rng: np.random.Generator, shops: pl.DataFrame) -> pl.DataFrame:
    """One row per person on staff now or in the last 18 months: person, store, role, joined, left."""
    staff = shops["store_format"].replace_strict(POSITIONS, return_dtype=pl.Int64).to_numpy()
    place = np.repeat(np.arange(len(shops)), np.maximum(staff + rng.integers(-2, 3, len(shops)), 3))
    role = rng.choice(len(ROLES), len(place), p=[share for share, _ in ROLES.values()])
    turnover = np.array([t for _, t in ROLES.values()])[role]
    leavers = rng.poisson(turnover * LEAVERS_KEPT)
    store = np.concatenate([place, np.repeat(place, leavers)])
    roles = np.concatenate([role, np.repeat(role, leavers)])
    left = np.concatenate(
        [np.full(len(place), NEVER), LAST_DAY - rng.integers(1, int(365 * LEAVERS_KEPT), leavers.sum())]
    )
    tenure = rng.exponential(365 / np.array([t for _, t in ROLES.values()])[roles])
    joined = np.minimum(left, LAST_DAY) - np.clip(tenure, 3, 4500).astype(int)
    opened, closed = shops["opened"].to_numpy()[store], shops["closed"].to_numpy()[store]
    left = np.where(left > closed, closed, left)
    joined = np.maximum(joined, opened)
    kept = (joined < left) & (joined <= LAST_DAY)
    return pl.DataFrame(
        {
            "person_id": [f"{h:012x}" for h in rng.integers(0, 2**48, len(store)).tolist()],
            "store": store,
            "role": np.array(list(ROLES))[roles],
            "joined": joined,
            "left": left,
        }
    ).filter(kept)


def training(rng: np.random.Generator, staff: pl.DataFrame, shops: pl.DataFrame) -> pl.DataFrame:
    """One row per person and required course, with the newest completion (NEVER when there is none)."""
    rows = pl.concat([staff.filter(pl.col("role").is_in(r)).with_columns(course=pl.lit(c)) for c, r in COURSES.items()])
    rows = rows.sort("store", "person_id", "course")
    discipline = rng.beta(8.0, 2.0, len(shops))[rows["store"].to_numpy()]
    joined, left = rows["joined"].to_numpy(), np.minimum(rows["left"].to_numpy(), LAST_DAY)
    draw = rng.random(len(rows))
    recent = left - rng.integers(0, 364, len(rows))
    expired = left - rng.integers(366, 800, len(rows))
    on_joining = joined + np.minimum(rng.exponential(14, len(rows)).astype(int), 120)
    completed = np.where(draw < discipline, recent, np.where(draw < discipline + 0.12, expired, NEVER))
    completed = np.where((completed < joined) & (draw < discipline + 0.12), on_joining, completed)
    completed = np.where(completed > left, NEVER, completed)
    whole_team = np.isin(rows["store"].to_numpy(), np.arange(len(shops))[5::31])  # a manager clicked for everybody
    click_day = LAST_DAY - 75
    clicked = whole_team & (joined <= click_day) & (rows["left"].to_numpy() > click_day)
    return rows.with_columns(completed=np.where(clicked, click_day, completed))
