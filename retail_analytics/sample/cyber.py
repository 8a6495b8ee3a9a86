"""Weaknesses of devices and the break-ins that followed: when each really began, was found and was ended."""

from datetime import date

import numpy as np
import polars as pl

from retail_analytics.sample.retailer import LAST_DAY, NEVER, day_number

# In CISA's catalogue of known exploited vulnerabilities, with the day each was added.
EXPLOITED = {
    "windows": {
        "CVE-2017-0144": "2022-02-10", "CVE-2019-0708": "2021-11-03", "CVE-2021-34527": "2021-11-03",
        "CVE-2023-36884": "2023-07-17", "CVE-2024-30051": "2024-05-14", "CVE-2024-38112": "2024-07-09",
        "CVE-2024-43451": "2024-11-12", "CVE-2025-21418": "2025-02-11", "CVE-2025-24985": "2025-03-11",
        "CVE-2025-29824": "2025-04-08", "CVE-2025-33053": "2025-06-10",
    },
    "android": {
        "CVE-2023-4211": "2023-10-03", "CVE-2023-20963": "2023-04-13", "CVE-2023-35674": "2023-09-13",
        "CVE-2024-36971": "2024-08-07", "CVE-2024-43047": "2024-10-08", "CVE-2024-43093": "2024-11-07",
    },
    "linux": {
        "CVE-2021-4034": "2022-06-27", "CVE-2023-0386": "2025-06-17", "CVE-2024-1086": "2024-05-30",
        "CVE-2024-53104": "2025-02-05",
    },
    "camera": {
        "CVE-2016-11021": "2022-03-25", "CVE-2020-25078": "2025-08-05", "CVE-2021-33044": "2024-08-21",
        "CVE-2021-36260": "2022-01-10",
    },
}  # fmt: skip
OTHERS_PER_PLATFORM = 9  # invented numbers (from 90000), in no catalogue
WEAKNESSES_A_YEAR = {"windows": 0.75, "android": 0.55, "linux": 0.5, "camera": 0.25, "other": 0.09}
SEVERITIES, SEVERITY_SHARES = ("low", "medium", "high", "critical"), (0.14, 0.44, 0.30, 0.12)
HALF_LIFE = {"internet": 16, "store-lan": 42, "isolated": 95}  # days, of what is repaired at all


def platforms(devices: pl.DataFrame) -> pl.Series:
    """windows, android, linux, camera or other: what decides which weaknesses a device can have."""
    os = pl.col("os")
    return devices.select(
        pl.when(os.str.starts_with("Windows")).then(pl.lit("windows"))
        .when(os == "Android").then(pl.lit("android"))
        .when(os.str.contains("Linux")).then(pl.lit("linux"))
        .when(pl.col("device_class") == "camera").then(pl.lit("camera"))
        .otherwise(pl.lit("other")).alias("platform")
    )["platform"]  # fmt: skip


def weaknesses(rng: np.random.Generator, devices: pl.DataFrame, first_day: int) -> pl.DataFrame:
    """One row per weakness of a device: device, cve, severity, found (first day it can be), repaired."""
    platform = platforms(devices)
    a_year = platform.replace_strict(WEAKNESSES_A_YEAR, return_dtype=pl.Float64).to_numpy()
    begins = np.maximum(devices["installed"].to_numpy(), first_day)
    ends = np.minimum(devices["removed"].to_numpy(), LAST_DAY + 1)
    device = np.repeat(np.arange(len(devices)), rng.poisson(a_year * np.maximum(ends - begins, 0) / 365))
    n = len(device)
    begins, ends = begins[device], ends[device]
    found = begins + (rng.random(n) * (ends - begins)).astype(int)
    cve, added = _numbers(rng, platform.to_numpy()[device])
    early = (found < added) & (added < NEVER)  # most are found about when they are listed, some before
    found = np.where(early, added + rng.integers(-90, 40, n), found)
    exposure = devices["exposure"][device]
    half_life = exposure.replace_strict(HALF_LIFE, return_dtype=pl.Float64).to_numpy()
    lasting = half_life * np.exp(rng.normal(0, 1.3, n))
    never = rng.random(n) < np.where((exposure == "internet").to_numpy(), 0.06, 0.20)
    repaired = np.where(never, NEVER, found + np.clip(lasting, 1, 5000).astype(int))
    repaired = np.minimum(repaired, np.where(ends > LAST_DAY, NEVER, ends))  # a box that is gone is no open door
    repaired[repaired > LAST_DAY] = NEVER
    severity = rng.choice(4, n, p=SEVERITY_SHARES)
    severity = np.where(added < NEVER, np.maximum(severity, 2), severity)
    rows = pl.DataFrame(
        {
            "device": device,
            "cve": cve,
            "severity": np.array(SEVERITIES)[severity],
            "exposure": exposure,
            "found": found,
            "repaired": repaired,
        }
    )
    return rows.filter(
        pl.col("found").is_between(first_day, LAST_DAY - 1)
        & (pl.col("repaired") > pl.col("found"))
        & pl.Series(found < ends)
        & pl.Series(found >= begins)
    ).unique(["device", "cve"], keep="first", maintain_order=True)


def break_ins(rng: np.random.Generator, shops: pl.DataFrame, years: int, first_day: int) -> pl.DataFrame:
    """One row per real security incident: store (-1: whole company), began, detected, contained, loss."""
    n = max(60, round(26 * years))
    detected = np.sort(rng.integers(first_day + 30, LAST_DAY - 1, n), kind="stable")
    began = np.maximum(detected - np.exp(rng.normal(1.9, 1.4, n)).astype(int), first_day)
    contained = detected + np.exp(rng.normal(1.5, 1.25, n)).astype(int)
    recent = detected > LAST_DAY - 180
    contained = np.where((recent & (rng.random(n) < 0.27)) | (contained > LAST_DAY), NEVER, contained)
    lost = np.round(np.exp(rng.normal(8.0, 1.3, n)), 2)
    return pl.DataFrame(
        {
            "event": np.arange(n),
            "store": np.where(rng.random(n) < 0.3, -1, rng.integers(0, len(shops), n)),
            "began": began,
            "began_known": rng.random(n) < 0.4,
            "detected": detected,
            "contained": contained,
            "loss": np.where(rng.random(n) < 0.25, lost, np.nan),
        }
    )


def _numbers(rng: np.random.Generator, platform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A CVE number for each ("" for a bad setting) and the day it was listed as exploited, or NEVER."""
    cve, added = np.full(len(platform), "", dtype="U16"), np.full(len(platform), NEVER)
    for i, name in enumerate(WEAKNESSES_A_YEAR):
        listed = EXPLOITED.get(name, {})
        others = [f"CVE-{2019 + j % 4}-{90000 + 100 * i + j}" for j in range(OTHERS_PER_PLATFORM)]
        numbers = [*listed, *others, ""]
        days = [*(day_number(date.fromisoformat(d)) for d in listed.values()), *[NEVER] * (len(others) + 1)]
        weights = np.array([1.0] * len(listed) + [2.0] * len(others) + [3.0])
        these = platform == name
        chosen = rng.choice(len(numbers), these.sum(), p=weights / weights.sum())
        cve[these], added[these] = np.array(numbers)[chosen], np.array(days)[chosen]
    return cve, added
