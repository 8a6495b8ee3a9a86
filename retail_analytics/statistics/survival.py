"""How long things stay open, with what is still open counted as still open (Kaplan-Meier)."""

import numpy as np
import polars as pl
from scipy.stats import norm
from statsmodels.duration.survfunc import SurvfuncRight

from retail_analytics.compare import groups
from retail_analytics.language import decimal, phrase
from retail_analytics.measure import Measured

FEWEST_CLOSED = 10  # below this a median moves by weeks with every new closure


def curve(durations: Measured) -> Measured:
    """The share still open by how long they have waited; a step at each closure, one row at 0 and one at the end.

    Rows: *by, waited (in days or months, as `every` says), value, low, high, at_risk. 95 % limits are log-log
    Greenwood; high is null where nothing is open any more. With fewer than ten closed in a group its value, low
    and high are null.
    """
    schema = {**_columns(durations), "waited": pl.Float64, "value": pl.Float64, "low": pl.Float64}
    schema |= {"high": pl.Float64, "at_risk": pl.Int64}
    if durations.rows.is_empty():
        return durations.with_rows(pl.DataFrame(schema=schema))
    rows, notes = [], []
    for key, group in groups(durations):
        n, closed = group.height, int(group["closed"].sum())
        name = _name(key)
        told = {"part": decimal(n - closed), "whole": decimal(n), "open": durations.metric.is_open, "name": name}
        notes.append(phrase("{name}{part} of {whole} are {open} and count for as long as they have waited.", **told))
        if closed < FEWEST_CLOSED:
            told = {"name": name, "closed": closed, "needed": FEWEST_CLOSED}
            notes.append(phrase("{name}too few closed ({closed}) for a curve; at least {needed} are needed.", **told))
        for step in _steps(group):
            known = step if closed >= FEWEST_CLOSED else {**step, "value": None, "low": None, "high": None}
            rows.append(dict(zip(durations.by, key, strict=True)) | known)
    return durations.with_rows(pl.DataFrame(rows, schema=schema), notes=durations.notes + tuple(notes))


def median(durations: Measured) -> Measured:
    """The days (or months) by which half were closed, one row per group: *by, n, closed, value, low, high.

    The first on which the curve is at or below one half; low and high are where its 95 % limits
    get there. Null means not reached yet, or fewer than ten closed (then `notes` says so).
    """
    schema = {**_columns(durations), "n": pl.Int64, "closed": pl.Int64, "value": pl.Float64}
    schema |= {"low": pl.Float64, "high": pl.Float64}
    if durations.rows.is_empty():
        return durations.with_rows(pl.DataFrame(schema=schema))
    rows, notes = [], []
    for key, group in groups(durations):
        closed = int(group["closed"].sum())
        row = dict(zip(durations.by, key, strict=True)) | {"n": group.height, "closed": closed}
        if closed >= FEWEST_CLOSED:
            steps = _steps(group)
            row |= {limit: _reaches_half(steps, limit) for limit in ("value", "low", "high")}
        else:
            told = {"name": _name(key), "closed": closed, "needed": FEWEST_CLOSED}
            notes.append(phrase("{name}too few closed ({closed}) for a median; at least {needed} are needed.", **told))
        rows.append(row)
    return durations.with_rows(pl.DataFrame(rows, schema=schema), notes=durations.notes + tuple(notes))


def _steps(group):
    waited, closed = group["waited"].to_numpy(), group["closed"].to_numpy()
    fit, width = SurvfuncRight(waited, closed.astype(int)), norm.ppf(0.975)
    steps = [{"waited": 0.0, "value": 1.0, "low": 1.0, "high": 1.0, "at_risk": len(waited)}]
    for time, share, error, at_risk in zip(fit.surv_times, fit.surv_prob, fit.surv_prob_se, fit.n_risk, strict=True):
        low, high = 0.0, None  # nothing is open any more: no upper limit can be given
        if share > 0:
            reach = width * error / (share * abs(np.log(share)))
            low, high = share ** np.exp(reach), share ** np.exp(-reach)
        steps.append({"waited": float(time), "value": float(share), "low": low, "high": high, "at_risk": int(at_risk)})
    if waited.max() > steps[-1]["waited"]:
        steps.append({**steps[-1], "waited": float(waited.max()), "at_risk": int((waited == waited.max()).sum())})
    return steps


def _reaches_half(steps, limit):
    # The slack is for a half that is a product of fractions.
    return next((s["waited"] for s in steps if s[limit] is not None and s[limit] <= 0.5 + 1e-9), None)


def _name(key):
    return ", ".join(map(str, key)).replace("_", " ") + ": " if key else ""


def _columns(durations):
    return {name: durations.rows.schema.get(name, pl.String) for name in durations.by}
