"""Every incident that really happened, recorded or not.

Not the model that we fit: thefts grow with visits to the power of 0.9, weeks carry Student-t shocks with
memory, the season drifts, stores have trends of their own.
"""

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import (
    CHANGE_FACTOR,
    CHANGE_ON,
    CHANGE_REGION,
    LAST_DAY,
    PRICES_RAISED_BY,
    PRICES_RAISED_ON,
    day_number,
    month_and_day,
    weekday,
)

LEVEL = 2.02e-3  # makes about four recorded thefts per 10,000 visits
KINDS = {  # share of all incidents, share that is serious, typical loss at cost (0: nothing is taken)
    "theft": (0.874, 0.12, 38.0),
    "fraud": (0.030, 0.30, 90.0),
    "violence": (0.018, 0.80, 0.0),
    "threat": (0.024, 0.45, 0.0),
    "robbery": (0.004, 1.00, 260.0),
    "burglary": (0.004, 1.00, 620.0),
    "damage": (0.012, 0.30, 110.0),
    "disorder": (0.026, 0.20, 0.0),
    "other": (0.008, 0.20, 0.0),
}
BY_DAY = [0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 9, 9, 9, 11, 13, 14, 12, 9, 6, 3, 1, 0]
BY_DAY_WEEKEND = [0, 0, 0, 0, 0, 0, 0, 1, 2, 5, 9, 12, 13, 13, 13, 12, 11, 9, 7, 5, 3, 2, 1, 0]
BY_NIGHT = [9, 11, 13, 14, 10, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 5, 7]
WEEKDAYS = np.array([0.95, 0.94, 0.97, 1.02, 1.12, 1.08, 0.92])  # on top of the visits


def incidents(rng: np.random.Generator, shops: pl.DataFrame, visits: np.ndarray, first_day: int) -> pl.DataFrame:
    """One row per real incident: event, store, occurred, hour, kind, serious, attempted, loss_cost."""
    days = np.arange(first_day, LAST_DAY + 1)
    counts = rng.poisson(_expected(rng, shops, visits, days))
    store, column = np.nonzero(counts)
    number = counts[store, column]
    store, occurred = np.repeat(store, number), np.repeat(days[column], number)
    n = len(store)
    shares = np.array([share for share, *_ in KINDS.values()])
    kind = rng.choice(len(KINDS), n, p=shares)
    serious = rng.random(n) < np.array([s for _, s, _ in KINDS.values()])[kind]
    attempted = (rng.random(n) < 0.11) & (kind == 0)
    return pl.DataFrame(
        {
            "event": np.arange(n),
            "store": store,
            "occurred": occurred,
            "hour": _hours(rng, occurred, kind == list(KINDS).index("burglary")),
            "kind": np.array(list(KINDS))[kind],
            "serious": serious,
            "attempted": attempted,
            "loss_cost": np.where(attempted, 0.0, _losses(rng, kind, serious, occurred)),
        }
    )


def _expected(rng: np.random.Generator, shops: pl.DataFrame, visits: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Expected incidents per store and day."""
    of_year = month_and_day(days)
    season = np.where(of_year >= 1101, 1.22, 1.0) * np.where((of_year >= 701) & (of_year < 901), 0.96, 1.0)
    week = (days + 3) // 7 - (days[0] + 3) // 7
    years = (days - days[0]) / 365
    level, trend = (shops[c].to_numpy()[:, None] for c in ("theft_level", "theft_trend"))
    changed = (shops["region"] == CHANGE_REGION).to_numpy()[:, None] & (days >= day_number(CHANGE_ON))
    common = _with_memory(rng.normal(0, 0.025, (1, week[-1] + 1)), 0.7)
    own = _with_memory(0.30 * rng.standard_t(5, (len(shops), week[-1] + 1)), 0.3)
    return (
        LEVEL
        * visits**0.9
        * level
        * season
        * WEEKDAYS[weekday(days)]
        * np.exp(trend * years + (common + np.clip(own, -2, 2))[:, week])
        * np.where(changed, CHANGE_FACTOR, 1.0)
    )


def _with_memory(shocks: np.ndarray, memory: float) -> np.ndarray:
    """An AR(1) along the columns."""
    for i in range(1, shocks.shape[1]):
        shocks[:, i] += memory * shocks[:, i - 1]
    return shocks


def _hours(rng: np.random.Generator, occurred: np.ndarray, at_night: np.ndarray) -> np.ndarray:
    weekend = weekday(occurred) >= 5
    hours = np.zeros(len(occurred), dtype=int)
    for chosen, weights in (
        (~at_night & ~weekend, BY_DAY), (~at_night & weekend, BY_DAY_WEEKEND), (at_night, BY_NIGHT),
    ):  # fmt: skip
        hours[chosen] = rng.choice(24, chosen.sum(), p=np.array(weights) / sum(weights))
    return hours


def _losses(rng: np.random.Generator, kind: np.ndarray, serious: np.ndarray, occurred: np.ndarray) -> np.ndarray:
    """Value gone at cost: a lognormal body, a Pareto tail in 1.5 % of cases, and prices that move."""
    typical = np.array([loss for *_, loss in KINDS.values()])[kind] * np.where(serious, 1.8, 1.0)
    body = typical * np.exp(rng.normal(0, 1.1, len(kind)))
    tail = np.where(rng.random(len(kind)) < 0.015, 4 + 8 * rng.pareto(2.2, len(kind)), 1.0)
    prices = 1.025 ** ((occurred - LAST_DAY) / 365)
    prices = prices * np.where(occurred >= day_number(PRICES_RAISED_ON), 1 + PRICES_RAISED_BY, 1.0)
    return np.round(np.minimum(body * tail * prices, 250_000), 2)
