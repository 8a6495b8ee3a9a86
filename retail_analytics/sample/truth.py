"""What is true about Example Grocers, gathered in one value."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from retail_analytics.sample import cyber, devices, network, people, retailer, theft
from retail_analytics.sample import stores as shop
from retail_analytics.sample.retailer import stream


@dataclass(frozen=True)
class Truth:
    """The real retailer; day columns are day numbers, `store` is the row of the store in `stores`."""

    years: int
    first_day: int
    stores: pl.DataFrame
    visits: np.ndarray  # store × day
    incidents: pl.DataFrame
    devices: pl.DataFrame
    weaknesses: pl.DataFrame
    break_ins: pl.DataFrame
    training: pl.DataFrame
    uplink_days: pl.DataFrame


def build(*, stores: int, years: int, seed: int) -> Truth:
    """The truth for a seed; every table draws from a stream of its own."""
    first_day = retailer.first_day(years)
    shops = shop.stores(stream(seed, "stores"), stores, first_day)
    visits = shop.visits(stream(seed, "visits"), shops, first_day)
    estate = devices.devices(stream(seed, "devices"), shops, years)
    staff = people.people(stream(seed, "people"), shops)
    links = network.circuits(stream(seed, "circuits"), shops)
    return Truth(
        years=years,
        first_day=first_day,
        stores=shops,
        visits=visits,
        incidents=theft.incidents(stream(seed, "incidents"), shops, visits, first_day),
        devices=estate,
        weaknesses=cyber.weaknesses(stream(seed, "weaknesses"), estate, first_day),
        break_ins=cyber.break_ins(stream(seed, "break_ins"), shops, years, first_day),
        training=people.training(stream(seed, "training"), staff, shops),
        uplink_days=network.uplink_days(stream(seed, "uplink_days"), links, shops, first_day),
    )
