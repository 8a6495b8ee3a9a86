"""Who records what of the truth, when, and how wrongly. What nobody records is in no export."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from retail_analytics.sample.devices import network_cards
from retail_analytics.sample.retailer import (
    APP_ROLLOUTS,
    DISCOVERY_STARTED,
    LAST_DAY,
    NEVER,
    day_number,
    stream,
    weekday,
)
from retail_analytics.sample.truth import Truth

SERIOUS_REPORTED = 0.85
APP_ADDS = 0.15  # to the share of minor incidents that staff report
RETAIL_OVER_COST = 1.35
SEEN_BY_RUNZERO = {  # gateways hide sensors and scales; what is identified poorly is named below
    "till": 0.93, "payment_terminal": 0.84, "self_checkout": 0.94, "kiosk": 0.90, "camera": 0.93,
    "handheld": 0.82, "scale": 0.62, "sensor": 0.45, "access_point": 0.96, "label_gateway": 0.88, "gate": 0.70,
    "signage": 0.90, "printer": 0.95, "server": 0.97, "workstation": 0.93, "unmanaged": 0.90,
}  # fmt: skip
IN_CMDB = {
    "till": 0.98, "payment_terminal": 0.97, "self_checkout": 0.96, "kiosk": 0.90, "camera": 0.88,
    "handheld": 0.93, "scale": 0.90, "sensor": 0.82, "access_point": 0.96, "label_gateway": 0.85, "gate": 0.85,
    "signage": 0.80, "printer": 0.93, "server": 0.99, "workstation": 0.97, "unmanaged": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """What the retailer's systems hold on the day of the export; day columns are day numbers."""

    counter_ok: np.ndarray  # store × day
    cases: pl.DataFrame
    runzero: pl.DataFrame
    cmdb: pl.DataFrame
    findings: pl.DataFrame


def of(true: Truth, *, seed: int) -> Recorded:
    """What each system holds; every system draws from a stream of its own."""
    scanned = _runzero(stream(seed, "runzero"), true)
    return Recorded(
        counter_ok=_counter_ok(stream(seed, "counters"), true),
        cases=_cases(stream(seed, "cases"), true),
        runzero=scanned,
        cmdb=_cmdb(stream(seed, "cmdb"), true),
        findings=_findings(stream(seed, "findings"), true, scanned),
    )


def _counter_ok(rng: np.random.Generator, true: Truth) -> np.ndarray:
    """Door counters fail for whole weeks, some stores' more often."""
    days = np.arange(true.first_day, LAST_DAY + 1)
    week = (days + 3) // 7 - (days[0] + 3) // 7
    risk = 0.008 * true.stores["counter_fails"].to_numpy()[:, None]
    failed = rng.random((len(true.stores), week[-1] + 1)) < risk
    failed[:, 1:] |= failed[:, :-1] & (rng.random(failed[:, 1:].shape) < 0.4)
    return ~failed[:, week]


def _cases(rng: np.random.Generator, true: Truth) -> pl.DataFrame:
    """The case system: what staff reported, when they entered it, and the value they wrote."""
    real = true.incidents
    store, occurred = real["store"].to_numpy(), real["occurred"].to_numpy()
    app = true.stores["region"].replace_strict(
        {r: day_number(d) for r, d in APP_ROLLOUTS.items()}, default=NEVER, return_dtype=pl.Int64
    ).to_numpy()[store]  # fmt: skip
    has_app = occurred >= app
    reporting = true.stores["reporting"].to_numpy()[store]
    chance = np.where(real["serious"].to_numpy(), SERIOUS_REPORTED, reporting + np.where(has_app, APP_ADDS, 0))
    reported = rng.random(len(real)) < np.where(reporting == 0, 0, chance)
    entered = occurred + _lag(rng, occurred, has_app)
    first = real.with_columns(entered=entered, twice=pl.lit(False)).filter(pl.Series(reported))
    again = first.filter(pl.Series(rng.random(len(first)) < 0.008))  # by the associate, then by loss prevention
    again = again.with_columns(pl.col("entered") + rng.integers(0, 4, len(again)), twice=pl.lit(True))
    internal = first.filter(pl.Series(rng.random(len(first)) < 0.004)).with_columns(
        event=pl.lit(-1, dtype=pl.Int64), kind=pl.lit("employee")
    )
    cases = pl.concat([first, again, internal]).filter(pl.col("entered") <= LAST_DAY)
    cases = cases.sort("entered", "event", "twice", "store", "occurred", "hour", maintain_order=True)
    return _valued(rng, cases).with_columns(case=pl.int_range(1, pl.len() + 1))


def _lag(rng: np.random.Generator, occurred: np.ndarray, has_app: np.ndarray) -> np.ndarray:
    """Days until entry: mostly the same day, some within weeks, some at the month's end, few later."""
    n = len(occurred)
    draw = rng.random(n)
    month = occurred.astype("datetime64[D]").astype("datetime64[M]")
    month_end = (month + 1).astype("datetime64[D]").astype(int) - 1 - occurred
    days = 1 + np.floor(rng.exponential(6.0, n)).astype(int)
    late = rng.integers(91, 240, n)
    same = np.where(has_app, 0.82, 0.60)
    return np.select([draw < same, draw < same + 0.75 * (0.98 - same), draw < 0.98], [0, days, month_end], late)


def _valued(rng: np.random.Generator, cases: pl.DataFrame) -> pl.DataFrame:
    """Adds hour as written (-1 when not), amount and recovered (NaN when blank), and the price basis."""
    n = len(cases)
    kind = cases["kind"].to_numpy()
    nothing_taken = np.isin(kind, ["violence", "threat", "disorder", "other"])
    basis = rng.choice(np.array(["Cost", "Retail", ""]), n, p=[0.80, 0.10, 0.10])
    amount = cases["loss_cost"].to_numpy() * np.where(basis == "Retail", RETAIL_OVER_COST, 1.0)
    step = np.where(amount < 100, 10, 50)
    amount = np.where(rng.random(n) < 0.35, np.maximum(np.round(amount / step), 1) * step, amount)
    draw = rng.random(n)
    amount = np.where(draw < 0.20, np.nan, np.where(draw < 0.25, 0.0, amount))
    amount = np.where(cases["attempted"].to_numpy(), np.where(draw < 0.5, np.nan, 0.0), amount)
    amount = np.where(nothing_taken, np.nan, amount)
    back = rng.random(n)
    share = np.where(back < 0.22, 1.0, np.where(back < 0.34, rng.uniform(0.1, 0.9, n), 0.0))
    recovered = np.where(np.isnan(amount) | (rng.random(n) < 0.3), np.nan, np.round(amount * share, 2))
    clock = rng.random(n)
    return cases.with_columns(
        hour=np.where(clock < 0.08, -1, cases["hour"].to_numpy()),
        minute=np.where(clock < 0.35, 0, rng.integers(0, 60, n)),
        amount=np.round(amount, 2),
        recovered=recovered,
        basis=basis,
    )


def _runzero(rng: np.random.Generator, true: Truth) -> pl.DataFrame:
    """One row per asset that the network scanner knows; a swapped network card makes a second asset."""
    estate = true.devices
    started = estate["region"].replace_strict(
        {r: day_number(d) for r, d in DISCOVERY_STARTED.items()}, return_dtype=pl.Int64
    ).to_numpy()  # fmt: skip
    installed, removed = estate["installed"].to_numpy(), estate["removed"].to_numpy()
    chance = estate["device_class"].replace_strict(SEEN_BY_RUNZERO, return_dtype=pl.Float64).to_numpy()
    n = len(estate)
    first = np.maximum(installed + rng.integers(0, 7, n), started + rng.integers(0, 3, n))
    draw, quiet = rng.random(n), rng.integers(15, 120, n)
    newest = np.where(draw < 0.86, LAST_DAY - rng.integers(0, 2, n), LAST_DAY - rng.integers(0, 8, n))
    newest = np.where(draw > 0.955, LAST_DAY - quiet, newest)
    last = np.where(removed < NEVER, removed - 1 - rng.integers(0, 3, n), newest)
    # The scanner forgets an asset after 400 days of silence.
    seen = (rng.random(n) < chance) & (first <= last) & (last > LAST_DAY - 400)
    assets = estate.with_columns(first=first, last=last, second=pl.lit(False)).filter(pl.Series(seen))
    m = len(assets)
    swapped = (rng.random(m) < 0.03) & (assets["last"].to_numpy() - assets["first"].to_numpy() > 60)
    swap_on = (
        assets["first"].to_numpy() + rng.uniform(0.3, 0.9, m) * (assets["last"] - assets["first"]).to_numpy()
    ).astype(int)
    card = pl.Series(network_cards(assets["device"].to_numpy(), 1))
    new_card = assets.with_columns(first=swap_on, second=pl.lit(True), mac=card)
    old_card = assets.with_columns(last=pl.when(pl.Series(swapped)).then(swap_on - 1).otherwise(pl.col("last")))
    assets = pl.concat([old_card, new_card.filter(pl.Series(swapped))]).sort("device", "second", maintain_order=True)
    m = len(assets)
    poor = np.where(
        assets["device_class"].is_in(["camera", "scale", "sensor", "gate", "payment_terminal"]).to_numpy(),
        0.28,
        0.07,
    )
    return assets.with_columns(
        source_id=_ids(rng, m),
        knows_type=rng.random(m) > poor * 0.5,
        knows_os=rng.random(m) > poor,
        knows_hw=rng.random(m) > poor * 0.8,
        shows_serial=rng.random(m) < 0.45,
        shows_tag=rng.random(m) < 0.40,
        two_macs=rng.random(m) < 0.05,
        second_of_day=rng.integers(6 * 3600, 20 * 3600, m),
    )


def _cmdb(rng: np.random.Generator, true: Truth) -> pl.DataFrame:
    """One row per record of the register: late, with ghosts, partly blank, some devices not in it at all."""
    estate = true.devices
    chance = estate["device_class"].replace_strict(IN_CMDB, return_dtype=pl.Float64).to_numpy()
    rows = estate.filter(pl.Series(rng.random(len(estate)) < chance))
    n = len(rows)
    removed, installed = rows["removed"].to_numpy(), rows["installed"].to_numpy()
    gone = removed < NEVER
    ghost = gone & (rng.random(n) < 0.16)  # gone, but nobody told the register
    retired_on = removed + np.where(rng.random(n) < 0.6, 0, rng.integers(1, 45, n))
    retired = gone & ~ghost & (retired_on <= LAST_DAY)
    draw = rng.random(n)
    status = np.where(retired, 6, np.where(ghost, np.where(draw < 0.1, 8, 1), np.select(
        [draw < 0.965, draw < 0.985, draw < 0.990, draw < 0.995], [1, 2, 4, 7], 8)))  # fmt: skip
    newest = np.where(gone, removed - rng.integers(1, 10, n), LAST_DAY - rng.integers(0, 12, n))
    newest = np.where(~gone & (rng.random(n) < 0.07), LAST_DAY - rng.integers(30, 500, n), newest)
    newest = np.where((rng.random(n) < 0.06) | (newest < installed), NEVER, newest)
    agent = np.where(
        rows["agent_runs"].to_numpy() & ~gone,
        LAST_DAY - np.where(rng.random(n) < 0.9, rng.integers(0, 3, n), rng.integers(8, 200, n)),
        NEVER,
    )
    agent = np.where(agent < installed, NEVER, agent)
    other = rng.integers(0, len(true.stores), n)
    moved = rng.random(n) < 0.01
    in_use = rows.with_columns(
        status=status,
        recorded_store=pl.Series(
            np.array(true.stores["store_id"].to_list())[np.where(moved, other, rows["store"].to_numpy())]
        ),
        retired_on=np.where(retired & (rng.random(n) > 0.04), retired_on, NEVER),
        installed_on=np.where(
            rng.random(n) < 0.05, NEVER, installed + np.where(rng.random(n) < 0.15, rng.integers(0, 20, n), 0)
        ),
        first=installed + rng.integers(0, 12, n),
        last=newest,
        agent_seen=agent,
    )
    stock = _in_stock(rng, in_use, true)
    rows = pl.concat([in_use, stock])
    n = len(rows)
    # A record whose dates contradict each other is corrected by whoever retires the device.
    rows = rows.with_columns(
        installed_on=pl.when(pl.col("installed_on") > pl.col("retired_on"))
        .then(pl.col("installed"))
        .otherwise("installed_on"),
        first=pl.when(pl.col("first") > pl.col("last")).then(pl.col("installed")).otherwise("first"),
    )
    return rows.with_columns(
        source_id=_ids(rng, n),
        knows_class=rng.random(n) > 0.03,
        knows_model=rng.random(n) > 0.04,
        knows_os=rng.random(n) > 0.08,
        shows_serial=rng.random(n) < 0.88,
        shows_mac=(rng.random(n) < 0.86) & (rows["status"] != 100).to_numpy(),
        shows_tag=rng.random(n) < 0.92,
        renamed=rng.random(n) < 0.08,
        dashed=rng.random(n) < 0.3,
        no_install_day=rng.random(n) < 0.004,  # written as 1970-01-01
        knows_protection=rng.random(n) > 0.08,
        second_of_day=rng.integers(6 * 3600, 20 * 3600, n),
        updated=np.where((rows["status"] == 1).to_numpy(), LAST_DAY, LAST_DAY - rng.integers(1, 300, n)),
    ).sort("source_id")


def _in_stock(rng: np.random.Generator, rows: pl.DataFrame, true: Truth) -> pl.DataFrame:
    """Boxes that are ordered, pending or on the shelf: never connected, so no dates and no agent."""
    like = rows.filter((pl.col("installed") > LAST_DAY - 700) & (pl.col("status") == 1))
    like = like[rng.integers(0, len(like), 2 + len(true.stores) * 5 // 2)]
    number = 900_000 + np.arange(len(like))
    return like.with_columns(
        device=pl.lit(-1, dtype=pl.Int64),
        status=rng.choice(np.array([5, 100, 3]), len(like), p=[0.6, 0.3, 0.1]),
        mac=pl.Series(network_cards(number, 3)),
        serial="SN-ST" + pl.Series(number).cast(pl.String),
        asset_tag="EG-" + pl.Series(number).cast(pl.String),
        hostname=pl.lit(""),
        installed_on=pl.lit(NEVER, dtype=pl.Int64),
        first=pl.lit(NEVER, dtype=pl.Int64),
        last=pl.lit(NEVER, dtype=pl.Int64),
        agent_seen=pl.lit(NEVER, dtype=pl.Int64),
    )


def _findings(rng: np.random.Generator, true: Truth, assets: pl.DataFrame) -> pl.DataFrame:
    """What the weekly scan found on the assets it knows; found again after a repair, it gets a new number."""
    known = assets.unique("device", keep="last", maintain_order=True).select("device", "source_id", "first", "last")
    rows = true.weaknesses.join(known, on="device", how="inner", maintain_order="left")
    n = len(rows)
    found = np.maximum(rows["found"].to_numpy(), rows["first"].to_numpy()) + rng.integers(0, 7, n)
    repaired = rows["repaired"].to_numpy()
    fixed = np.where(repaired < NEVER, repaired + (6 - weekday(repaired)), NEVER)  # found fixed by Sunday's scan
    fixed[fixed > LAST_DAY] = NEVER
    rows = rows.with_columns(found=found, fixed=fixed).filter(
        (pl.col("found") < pl.col("fixed")) & (pl.col("found") <= LAST_DAY)
    )
    back = rows.filter(
        (pl.col("fixed") < LAST_DAY - 40) & pl.Series(rng.random(len(rows)) < 0.05) & (pl.col("last") > LAST_DAY - 9)
    )
    back = back.with_columns(
        found=pl.col("fixed") + rng.integers(7, 35, len(back)), fixed=pl.lit(NEVER, dtype=pl.Int64)
    )
    rows = pl.concat([rows, back]).sort("found", "source_id", "cve", maintain_order=True)
    last_scan = (LAST_DAY - (LAST_DAY + 3) % 7 - 1) - 7 * rng.integers(0, 2, len(rows))
    newest = np.where(rows["fixed"].to_numpy() < NEVER, rows["fixed"].to_numpy() - 7, last_scan)
    return rows.with_columns(seen=np.maximum(newest, rows["found"].to_numpy()))


def _ids(rng: np.random.Generator, number: int) -> pl.Series:
    return pl.Series([rng.bytes(16).hex() for _ in range(number)])
