"""The circuits of the stores and how each of their days really went."""

from datetime import date

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import FIBRE_CUT, LAST_DAY, day_number, month_and_day
from retail_analytics.sample.stores import trading

LINKS = {  # share of the first circuits, usual latency, agreed latency, outages a year
    "fibre": (0.42, 14.0, 30, 6),
    "cable": (0.22, 24.0, 50, 14),
    "dsl": (0.10, 38.0, 70, 22),
    "fixed_wireless": (0.24, 52.0, 80, 18),
    "satellite": (0.02, 95.0, 140, 30),
    "lte": (0.0, 62.0, 120, 20),  # only as a second circuit
}
SAMPLED_FROM = day_number(date(2025, 9, 1))  # older samples were not kept


def circuits(rng: np.random.Generator, shops: pl.DataFrame) -> pl.DataFrame:
    """One row per circuit: uplink_id, store, link_type; every third store has a second one, over LTE."""
    first = rng.choice(len(LINKS), len(shops), p=[share for share, *_ in LINKS.values()])
    second = np.flatnonzero(rng.random(len(shops)) < 0.33)
    return pl.DataFrame(
        {
            "uplink_id": [f"UP-{s}-1" for s in shops["store_id"]]
            + [f"UP-{shops['store_id'][i]}-2" for i in second.tolist()],
            "store": np.concatenate([shops["store"].to_numpy(), second]),
            "link_type": np.array(list(LINKS))[np.concatenate([first, np.full(len(second), list(LINKS).index("lte"))])],
        }
    ).sort("uplink_id")


def uplink_days(rng: np.random.Generator, links: pl.DataFrame, shops: pl.DataFrame, first_day: int) -> pl.DataFrame:
    """One row per circuit and trading day: uplink_id, store, link_type, day, minutes open, down, latency."""
    days = np.arange(max(SAMPLED_FROM, first_day), LAST_DAY + 1)
    store = links["store"].to_numpy()
    code = links["link_type"].replace_strict({k: i for i, k in enumerate(LINKS)}, return_dtype=pl.Int64).to_numpy()
    facts = np.array([f[1:] for f in LINKS.values()])[code]
    minutes_open = shops["open_minutes"].to_numpy()[store][:, None] + np.zeros(len(days), dtype=int)
    shape = minutes_open.shape
    quality = np.exp(rng.normal(0, 0.4, len(links)))[:, None]
    out = rng.random(shape) < facts[:, 2:3] / 365 * quality
    down = np.where(out, np.minimum(np.exp(rng.normal(2.9, 1.4, shape)).astype(int) + 1, minutes_open), 0)
    region, cut_on = FIBRE_CUT
    cut = ((shops["region"] == region).to_numpy()[store] & (links["link_type"] == "fibre").to_numpy())[:, None]
    down = np.where(cut & (days == day_number(cut_on)), (0.7 * minutes_open).astype(int), down)
    level, noise = np.zeros(len(links)), np.empty(shape)
    shocks = rng.normal(0, 0.09, shape)
    for i in range(len(days)):
        level = 0.7 * level + shocks[:, i]
        noise[:, i] = level
    of_year = month_and_day(days)
    summer = np.where((of_year >= 601) & (of_year < 901), 1.18, 1.0)
    wireless = (links["link_type"] == "fixed_wireless").to_numpy()[:, None]
    latency = facts[:, :1] * quality**0.35 * np.exp(noise) * np.where(wireless, summer, 1.0) * 1.15
    row, column = np.nonzero(trading(shops, days)[store])
    return links[row].with_columns(
        day=days[column],
        minutes_open=minutes_open[row, column],
        minutes_down=down[row, column],
        latency=np.round(latency[row, column], 1),
        agreed_latency=facts[row, 1].astype(int),
    )
