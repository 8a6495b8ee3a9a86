"""The true stores, their latent levels, and how many people really came in on each day."""

from datetime import date

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import (
    LAST_DAY,
    NEVER,
    REGIONS,
    day_number,
    month_and_day,
    weekday,
)

FORMATS = {  # share of the stores, median sales area, visits a day of a typical store, open minutes a day
    "hypermarket": (0.10, 6500, 3000, 960),
    "supermarket": (0.60, 1900, 1200, 900),
    "express": (0.30, 320, 410, 1020),
}
PLACES = [
    "Harbour",
    "Mill",
    "Station",
    "Abbey",
    "Orchard",
    "Bridge",
    "Castle",
    "Market",
    "Willow",
    "Cedar",
    "Chapel",
    "Foundry",
    "Meadow",
    "Quarry",
    "River",
    "Saddler",
    "Tanner",
    "Weaver",
    "Cooper",
    "Fountain",
    "Granary",
    "Hazel",
    "Juniper",
    "Kestrel",
    "Linden",
    "Maple",
    "North",
    "South",
    "Oak",
    "Pine",
    "Rowan",
    "Sycamore",
    "Thistle",
    "Union",
    "Victory",
    "Walnut",
    "Yarrow",
    "Falcon",
    "Heron",
    "Beacon",
]
WAYS = [
    "Street",
    "Road",
    "Square",
    "Lane",
    "Park",
    "Gate",
    "Green",
    "Hill",
    "Quay",
    "Court",
    "Row",
    "Cross",
    "Parade",
    "Wharf",
    "Field",
]
QUIET, BUSY, HOSTILE = 1, 2, 3  # the store that records nothing, the one with very many thefts, the odd name
BUSY_FACTOR = 6.0
PEAK = day_number(date(2023, 12, 15))
WEEKDAYS = np.array([0.92, 0.90, 0.93, 0.98, 1.12, 1.20, 0.95])


def stores(rng: np.random.Generator, number: int, first_day: int) -> pl.DataFrame:
    """One row per store: what the register says of it and the latent levels that nobody sees."""
    n = np.arange(number)
    names = list(FORMATS)
    store_format = rng.choice(3, number, p=[share for share, *_ in FORMATS.values()])
    store_format[QUIET], store_format[BUSY] = 2, 1
    region = np.where(n < len(REGIONS), n % len(REGIONS), rng.choice(len(REGIONS), number, p=list(REGIONS.values())))
    size = np.exp(rng.normal(0, 0.25, number))
    typical = np.array(list(FORMATS.values()))[store_format]
    span = LAST_DAY - first_day
    years = span / 365
    opened = first_day - rng.integers(400, 9000, number)
    opens_late = rng.random(number) < 0.02 * years
    opens_late[: HOSTILE + 1] = False
    opened = np.where(opens_late, first_day + rng.integers(60, span - 60, number), opened)
    closes = ~opens_late & (rng.random(number) < 0.012 * years) & (n > HOSTILE)
    remodelled = ~opens_late & ~closes & (rng.random(number) < 0.06)
    theft_level = rng.gamma(3.0, 1 / 3.0, number) * np.array([0.9, 1.0, 1.25])[store_format]
    theft_level[BUSY] = BUSY_FACTOR
    reporting = rng.beta(7.2, 12.8, number)
    reporting[QUIET] = 0.0
    places = rng.permutation(len(PLACES) * len(WAYS))
    pick = places[n % len(places)]
    store_names = [
        f"{PLACES[p // len(WAYS)]} {WAYS[p % len(WAYS)]}" + (f" {i // len(places) + 1}" if i >= len(places) else "")
        for i, p in zip(n.tolist(), pick.tolist(), strict=True)
    ]
    store_names[HOSTILE] = "<img src=x onerror=alert(1)>"
    return pl.DataFrame(
        {
            "store": n,
            "store_id": [f"{i + 1:04d}" for i in n.tolist()],
            "store_name": store_names,
            "region": [list(REGIONS)[i] for i in region.tolist()],
            "store_format": [names[i] for i in store_format.tolist()],
            "opened": opened,
            "closed": np.where(closes, first_day + rng.integers(120, span - 30, number), NEVER),
            "area_sqm": np.round(typical[:, 1] * size, 0),
            "open_minutes": typical[:, 3].astype(int),
            "visits_a_day": np.round(typical[:, 2] * size**0.7 * np.exp(rng.normal(0, 0.18, number)), 1),
            "remodelled": np.where(remodelled, first_day + rng.integers(60, span - 60, number), NEVER),
            "theft_level": np.round(theft_level, 4),
            "reporting": np.round(reporting, 4),
            "theft_trend": np.round(np.where(n == BUSY, 0.0, rng.normal(0.0, 0.06, number)), 4),
            "counter_fails": np.round(rng.gamma(0.8, 1.0, number), 4),
        }
    )


def visits(rng: np.random.Generator, shops: pl.DataFrame, first_day: int) -> np.ndarray:
    """True visits, one row per store and one column per day; 0 when it was closed."""
    days = np.arange(first_day, LAST_DAY + 1)
    of_year = month_and_day(days)
    season = 1 + 0.03 * np.cos((days - _peak(days)) * 2 * np.pi / 365.25)
    season = season * np.where(of_year >= 1101, 1.0 + 0.16 * np.minimum((of_year - 1101) / 123, 1), 1.0)
    noise = np.empty((len(shops), len(days)))
    shocks = rng.normal(0, 0.05, noise.shape)
    level = np.zeros(len(shops))
    for i in range(len(days)):
        level = 0.6 * level + shocks[:, i]
        noise[:, i] = level
    trend = rng.normal(0.005, 0.02, len(shops))[:, None] * (days - first_day)[None, :] / 365
    expected = shops["visits_a_day"].to_numpy()[:, None] * season * WEEKDAYS[weekday(days)]
    return np.where(trading(shops, days), np.maximum(np.round(expected * np.exp(noise + trend)), 1), 0).astype(int)


def trading(shops: pl.DataFrame, days: np.ndarray) -> np.ndarray:
    """Was the store open that day? None is on 25 December, nor in the four weeks of its remodelling."""
    opened, closed, remodelled = (shops[c].to_numpy()[:, None] for c in ("opened", "closed", "remodelled"))
    running = (days >= opened) & (days < closed)
    return running & ~((days >= remodelled) & (days < remodelled + 28)) & (month_and_day(days) != 1225)


def _peak(days: np.ndarray) -> np.ndarray:
    """The season's peak, which drifts by four days a year: a fixed season never fits quite."""
    return PEAK + 4 * (days - PEAK) / 365.25
