"""Every connected device that really stood in a store: bought in projects, replaced in waves, failing."""

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import LAST_DAY, NEVER, REGIONS, first_day

SIZE = {"hypermarket": 1.85, "supermarket": 1.0, "express": 0.36}  # devices compared with a supermarket
CLASSES = {  # devices of a supermarket today, growth a year, years until replaced, runs agents, host name
    "till": (9.5, 0.03, 8, True, "till"),
    "payment_terminal": (12.0, 0.08, 6, False, "ped"),
    "self_checkout": (6.5, 0.27, 7, True, "sco"),
    "kiosk": (1.5, 0.12, 6, True, "kiosk"),
    "camera": (24.0, 0.21, 9, False, "cam"),
    "handheld": (14.0, 0.20, 5, True, "hh"),
    "scale": (7.5, 0.03, 10, False, "scale"),
    "sensor": (19.0, 0.38, 8, False, "sen"),
    "access_point": (7.0, 0.13, 7, False, "ap"),
    "label_gateway": (4.0, 0.30, 8, False, "esl"),
    "gate": (2.2, 0.08, 9, False, "gate"),
    "signage": (3.0, 0.18, 6, True, "sign"),
    "printer": (3.0, 0.00, 7, False, "prn"),
    "server": (1.1, 0.00, 7, True, "srv"),
    "workstation": (3.0, 0.02, 6, True, "pc"),
    "unmanaged": (3.2, 0.15, 4, False, "unk"),  # plugged in by somebody; no system knows what it is
}
POSREADY = "Windows Embedded POSReady 7", "6.1"
WINDOWS_81 = "Windows Embedded 8.1 Industry", "8.1"
LTSB_2016 = "Windows 10 Enterprise LTSB 2016", "1607"
LTSC_2019 = "Windows 10 Enterprise LTSC 2019", "1809"
LTSC_2021 = "Windows 10 IoT Enterprise LTSC 2021", "21H2"
LTSC_2024 = "Windows 11 IoT Enterprise LTSC 2024", "24H2"
WINDOWS_10 = "Windows 10 Pro", "22H2"
WINDOWS_11 = "Windows 11 Enterprise", "24H2"
MODELS = {  # class: vendor, model, operating system, its version, bought from, bought until, weight
    "till": [
        ("Tillmark", "T5", *POSREADY, 2012, 2017, 3),
        ("Tillmark", "T7", *LTSB_2016, 2016, 2019, 4),
        ("Tillmark", "T8", *LTSC_2019, 2019, 2022, 4),
        ("Cornerpoint", "C1", *WINDOWS_10, 2021, 2024, 2),
        ("Tillmark", "T9", *LTSC_2021, 2022, 2025, 4),
        ("Tillmark", "T10", *LTSC_2024, 2025, 2030, 5),
    ],
    "payment_terminal": [
        ("Paylode", "P200", "Paylode OS", "2.8", 2012, 2020, 3),
        ("Paylode", "P300", "Paylode OS", "3.4", 2019, 2030, 4),
        ("Tapwell", "TW-1", "Tapwell firmware", "4.10", 2022, 2030, 2),
    ],
    "self_checkout": [
        ("Kioskade", "S1", *LTSB_2016, 2012, 2019, 2),
        ("Kioskade", "S2", *LTSC_2019, 2019, 2022, 4),
        ("Lanefree", "L20", "Ubuntu Linux", "20.04", 2020, 2023, 2),
        ("Kioskade", "S3", *LTSC_2021, 2022, 2025, 4),
        ("Lanefree", "L22", "Ubuntu Linux", "22.04", 2023, 2025, 3),
        ("Lanefree", "L24", "Ubuntu Linux", "24.04", 2025, 2030, 3),
        ("Kioskade", "S4", *LTSC_2024, 2025, 2030, 4),
    ],
    "kiosk": [
        ("Kioskade", "K8", *WINDOWS_81, 2012, 2019, 3),
        ("Kioskade", "K10", *WINDOWS_10, 2019, 2024, 3),
        ("Signalia", "SK-2", "Android", "12", 2022, 2030, 2),
        ("Kioskade", "K11", *LTSC_2024, 2025, 2030, 3),
    ],
    "camera": [
        ("Optivue", "OV-110", "Optivue firmware", "3.2", 2012, 2019, 4),
        ("Optivue", "OV-220", "Optivue firmware", "4.10", 2018, 2030, 5),
        ("Lenscape", "LC-4", "Lenscape firmware", "7.1", 2020, 2030, 3),
        ("Blinkcam <script>alert(1)</script> Ltd", "B-1", "Blinkcam firmware", "1.0", 2012, 2030, 0.5),
    ],
    "handheld": [
        ("Handex", "H40", "Android", "9", 2012, 2019, 3),
        ("Handex", "H50", "Android", "10", 2020, 2021, 4),
        ("Handex", "H51", "Android", "11", 2021, 2022, 4),
        ("Handex", "H60", "Android", "12", 2022, 2023, 4),
        ("Handex", "H61", "Android", "13", 2023, 2024, 4),
        ("Handex", "H70", "Android", "14", 2024, 2025, 4),
        ("Handex", "H71", "Android", "15", 2025, 2030, 5),
    ],
    "scale": [
        ("Weighwell", "W2", "Weighwell firmware", "2.0", 2012, 2021, 4),
        ("Weighwell", "W3", "Weighwell firmware", "3.1", 2021, 2030, 4),
    ],
    "sensor": [
        ("Sensora", "TH-1", "Sensora firmware", "1.4", 2012, 2030, 4),
        ("Coldeye", "CE-2", "Coldeye firmware", "0.9", 2021, 2030, 3),
    ],
    "access_point": [
        ("Airmesh", "AM-5", "Airmesh OS", "8.6", 2012, 2021, 4),
        ("Airmesh", "AM-6", "Airmesh OS", "10.2", 2021, 2030, 5),
    ],
    "label_gateway": [
        ("Labelight", "LG-1", "Debian GNU/Linux", "10", 2012, 2022, 4),
        ("Labelight", "LG-2", "Debian GNU/Linux", "12", 2023, 2030, 5),
    ],
    "gate": [
        ("Gatewise", "G1", "Gatewise firmware", "5.0", 2012, 2030, 1),
    ],
    "signage": [
        ("Signalia", "SD-1", "Android", "10", 2012, 2021, 3),
        ("Signalia", "SD-2", "Android", "11", 2021, 2023, 3),
        ("Signalia", "SD-3", "Android", "13", 2023, 2030, 4),
    ],
    "printer": [
        ("Printwell", "PW-3", "Printwell firmware", "6.2", 2012, 2030, 1),
    ],
    "server": [
        ("Rackmoor", "R1", "Windows Server 2016", "1607", 2012, 2019, 3),
        ("Rackmoor", "R2", "Windows Server 2019", "1809", 2019, 2022, 3),
        ("Rackmoor", "R3", "Windows Server 2022", "21H2", 2022, 2030, 3),
    ],
    "workstation": [
        ("Deskford", "D2", *WINDOWS_10, 2012, 2024, 4),
        ("Deskford", "D3", "Windows 11 Pro", "23H2", 2023, 2025, 3),
        ("Deskford", "D4", *WINDOWS_11, 2025, 2030, 4),
    ],
    "unmanaged": [
        ("", "", "", "", 2012, 2030, 1),
    ],
}  # fmt: skip


def devices(rng: np.random.Generator, shops: pl.DataFrame, years: int) -> pl.DataFrame:
    """One row per real device: where, what, from when to when, and how it is protected."""
    store, device_class, installed, removed = (
        np.concatenate(parts)
        for parts in zip(*(_of_class(rng, shops, years, i, name) for i, name in enumerate(CLASSES)), strict=True)
    )
    closed = shops["closed"].to_numpy()[store]
    kept = (installed < closed) & (installed <= LAST_DAY) & (removed > installed)
    store, device_class, installed, removed, closed = (
        a[kept] for a in (store, device_class, installed, removed, closed)
    )
    removed = np.minimum(removed, closed)
    removed[removed > LAST_DAY] = NEVER
    order = np.lexsort((installed, device_class, store))
    return _described(rng, shops, store[order], device_class[order], installed[order], removed[order])


def network_cards(number: np.ndarray, card: int) -> list[str]:
    """A hardware address for each number; a device has up to four cards.

    The maker's part is the one that the IEEE's own examples use: no maker's, yet not one drawn at random.
    """
    scattered = (number.astype(np.uint64) * np.uint64(4) + np.uint64(card)) * np.uint64(0x9E3779) % np.uint64(2**24)
    return [f"ac:de:48:{m >> 16:02x}:{m >> 8 & 255:02x}:{m & 255:02x}" for m in scattered.tolist()]


def _of_class(rng: np.random.Generator, shops: pl.DataFrame, years: int, code: int, name: str) -> tuple:
    """store, class code, installed, removed of one class: what stood there, projects, waves and failures."""
    today, growth, life, *_ = CLASSES[name]
    begin, number = first_day(years), len(shops)
    region = shops["region"].replace_strict({r: i for i, r in enumerate(REGIONS)}, return_dtype=pl.Int64).to_numpy()
    size = shops["store_format"].replace_strict(SIZE, return_dtype=pl.Float64).to_numpy()
    start = today * size * (1 + growth) ** -years
    opened = shops["opened"].to_numpy()
    late = opened > begin

    def batch(expected: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = rng.poisson(expected)
        where = np.repeat(np.arange(number), count)
        return where, np.repeat(days, count) + rng.integers(0, 9, len(where))

    batches = []
    for _ in range(4):  # the estate of the first day was bought in four projects
        project = begin - rng.integers(20, int(life * 330), len(REGIONS))
        batches.append(batch(start / 4, np.where(late, opened - 12, project[region])))
    for year in range(years + 1):
        added = start * ((1 + growth) ** (year + 1) - (1 + growth) ** year)
        project = begin + 365 * year + rng.integers(15, 320, len(REGIONS))
        days = project[region] + rng.integers(0, 40, number)
        batches.append(batch(np.where(opened < days, added, 0), days))
    store = np.concatenate([s for s, _ in batches])
    installed = np.concatenate([d for _, d in batches])

    wave = begin + (rng.uniform(0.15, 0.9, len(REGIONS)) * 365 * years).astype(int)
    wave = wave[region][store] + rng.integers(0, 25, number)[store]
    old = (wave - installed > 0.7 * life * 365) & (rng.random(len(store)) < 0.8)
    failed = installed + (rng.exponential(365 / 0.03, len(store))).astype(int)
    failed[failed < begin] = NEVER  # what failed before the history was replaced before it, too
    removed = np.minimum(np.where(old, wave, NEVER), failed)
    gone = removed <= LAST_DAY
    again = gone & (rng.random(len(store)) < 0.93)
    replaced_on = removed + np.where(old & (removed == wave), 0, rng.integers(2, 20, len(store)))
    store = np.concatenate([store, store[again]])
    installed = np.concatenate([installed, replaced_on[again]])
    removed = np.concatenate([removed, np.full(again.sum(), NEVER)])
    return store, np.full(len(store), code), installed, removed


def _described(rng, shops, store, device_class, installed, removed) -> pl.DataFrame:
    n = len(store)
    model = _models(rng, device_class, installed)
    names = list(CLASSES)
    capable = np.array([c[3] for c in CLASSES.values()])[device_class]
    isolated = rng.random(n) < np.where(capable, 0.35, 0.62)
    monitored = rng.random(n) < np.where(isolated, 0.78, 0.35)
    exposed = rng.random(n) < np.where(
        np.isin(device_class, [names.index("signage"), names.index("kiosk")]), 0.06, 0.012
    )
    upgraded = (rng.random(n) < 0.35) & (device_class == names.index("handheld"))
    position = np.arange(n)
    starts = np.r_[True, (np.diff(store) != 0) | (np.diff(device_class) != 0)]
    in_store = position - np.maximum.accumulate(np.where(starts, position, 0)) + 1
    cloned = (device_class == names.index("till")) & (rng.random(n) < 0.12)
    frame = pl.DataFrame(
        {
            "device": position,
            "store": store,
            "device_class": np.array(names)[device_class],
            "in_store": in_store,
            "cloned": cloned,
            "mac": network_cards(position, 0),
            "installed": installed,
            "removed": removed,
            "upgraded": upgraded,
            "agent_capable": capable,
            "agent_runs": capable & (rng.random(n) < 0.86),
            "isolated": isolated,
            "monitored": monitored,
            "exposure": np.where(exposed, "internet", np.where(isolated, "isolated", "store-lan")),
        }
    ).hstack(model)
    number = pl.col("device").cast(pl.String).str.zfill(6)
    sequence = pl.col("in_store").cast(pl.String).str.zfill(2)
    upgraded = pl.col("upgraded") & (pl.col("os") == "Android") & (pl.col("os_version") != "9")
    prefix = pl.col("device_class").replace_strict({k: v[4] for k, v in CLASSES.items()})
    frame = frame.join(shops.select("store", "store_id", "region"), on="store", how="left", maintain_order="left")
    return frame.with_columns(
        serial="SN-" + pl.col("vendor").str.slice(0, 2).str.to_uppercase() + number,
        asset_tag="EG-" + (pl.col("device") + 10_000).cast(pl.String),
        hostname=pl.when(pl.col("cloned"))
        .then(pl.lit("POS01"))
        .otherwise(prefix + "-" + pl.col("store_id") + "-" + sequence),
        os_version_bought=pl.col("os_version"),
        os_version=pl.when(upgraded)
        .then((pl.col("os_version").cast(pl.Int64, strict=False) + 1).clip(upper_bound=15).cast(pl.String))
        .otherwise(pl.col("os_version")),
    )  # fmt: skip


def _models(rng: np.random.Generator, device_class: np.ndarray, installed: np.ndarray) -> pl.DataFrame:
    """vendor, model, os, os_version: what was on sale for the class in the year of purchase."""
    flat = [m[:4] for models in MODELS.values() for m in models]
    year = installed.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    chosen = np.zeros(len(installed), dtype=int)
    offset = 0
    for code, models in enumerate(MODELS.values()):
        for bought in range(year.min(), year.max() + 1):
            these = (device_class == code) & (year == bought)
            weights = np.array(
                [w * (since <= max(bought, 2012) <= until) for *_, since, until, w in models], dtype=float
            )
            chosen[these] = offset + rng.choice(len(models), these.sum(), p=weights / weights.sum())
        offset += len(models)
    columns = zip(("vendor", "model", "os", "os_version"), zip(*flat, strict=True), strict=True)
    return pl.DataFrame({name: np.array(values)[chosen] for name, values in columns})
