"""Who Example Grocers is: its regions, and the days on which something happened to many stores at once.

Days are whole numbers (days since 1970-01-01) wherever arrays hold them; NEVER stands for no day.
"""

from datetime import date

import numpy as np

NEVER = 99_999  # later than every day there is; written as an empty field
EXPORTED_ON = date(2026, 11, 15)
REGIONS = {  # share of the stores
    "Harbour": 0.22, "Midlands": 0.20, "Northfield": 0.18, "Lakeside": 0.15, "Eastmoor": 0.14,
    "Westvale": 0.11,
}  # fmt: skip
CHANGE_REGION, CHANGE_ON, CHANGE_FACTOR = "Harbour", date(2025, 12, 8), 1.30  # thefts really rise, here only
APP_ROLLOUTS = {"Lakeside": date(2025, 3, 10), "Eastmoor": date(2025, 9, 15)}  # minor incidents reported more
CASE_TYPES_CHANGED_ON = date(2024, 7, 1)  # the case system splits one type in two
PRICES_RAISED_ON, PRICES_RAISED_BY = date(2026, 2, 1), 0.06
DISCOVERY_STARTED = {region: date(2022, 6, 1) for region in REGIONS} | {
    "Midlands": date(2025, 2, 3),  # devices first seen then are not arrivals
    "Westvale": date(2025, 6, 2),
}
FIBRE_CUT = "Northfield", date(2026, 4, 22)  # one digger, a whole region


def day_number(day: date) -> int:
    """A day as the number of days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


LAST_DAY = day_number(EXPORTED_ON) - 1


def first_day(years: int) -> int:
    return day_number(date(EXPORTED_ON.year - years, 11, 1))


def weekday(days: np.ndarray) -> np.ndarray:
    """0 for Monday to 6 for Sunday."""
    return (np.asarray(days) + 3) % 7


def month_and_day(days: np.ndarray) -> np.ndarray:
    """1225 for 25 December."""
    moments = np.asarray(days).astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    return (months.astype(int) % 12 + 1) * 100 + (moments - months.astype("datetime64[D]")).astype(int) + 1


def stream(seed: int, table: str) -> np.random.Generator:
    """The table's own random numbers: another table's draws never move them."""
    return np.random.default_rng([seed, *table.encode()])
