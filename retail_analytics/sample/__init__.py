"""A fictional retailer with known truth, written as other systems' exports.

Three layers, kept apart: what is true (truth.py and the subjects it gathers), who records what of it, when
and how wrongly (observation.py), and how each system writes it down (exports.py and the formats it gathers).
answers.py writes the truth down for tests; nothing else may read it. This package knows nothing of the rest
of the workbench.
"""

from pathlib import Path

from retail_analytics.sample import answers, exports, observation, truth


def write(folder: str | Path, *, stores: int = 120, years: int = 3, seed: int = 1) -> Path:
    """Write Example Grocers to `folder`: exports/ (with a load.yaml) and truth/. Gives the exports folder.

    History ends on 2026-11-14 and begins on 1 November, `years` years before. The same seed, stores and years
    give the same bytes. Raises ValueError for fewer than 6 stores (one per region) or less than a year.
    """
    if stores < 6 or years < 1:
        raise ValueError(f"Expected at least 6 stores and 1 year, found {stores} stores and {years} years.")
    true = truth.build(stores=stores, years=years, seed=seed)
    recorded = observation.of(true, seed=seed)
    folder = Path(folder)
    answers.write(true, recorded, folder / "truth")
    exports.write(true, recorded, folder / "exports", seed=seed)
    return folder / "exports"
