"""Why a report is due: what its page depends on, and what of it has changed since the page was made."""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from retail_analytics.errors import WorkbenchError
from retail_analytics.publishing import chromium
from retail_analytics.publishing.assets import shares
from retail_analytics.publishing.brand import Brand, brand_of
from retail_analytics.publishing.forms import Form
from retail_analytics.warehouse import Warehouse

PACKAGES = ("duckdb", "ibis-framework", "nbconvert", "papermill", "plotly", "polars", "statsmodels")
LIBRARY = Path(__file__).parents[1]
RECKONING = ("sources", "tables", "warehouse", "months", "coverage", "measure", "metrics", "compare", "statistics")
CODE = {".py", ".sql", ".yaml", ".j2", ".css", ".js", ".json", ".woff2", ".po"}


def inputs(notebook: Path, brand: Brand) -> dict:
    """What a page of a notebook depends on beside its parameters and its data, as fingerprints."""
    own = sha256(notebook.read_bytes()).hexdigest()[:16]
    return {"notebook": own, "brand": brand.key, "code": _code(), "reckoning": _reckoning(), "packages": _packages()}


@cache
def _code() -> str:
    return _fingerprint(LIBRARY.rglob("*"))


@cache
def _reckoning() -> str:
    """Of the code that makes the numbers alone: what shows them may change and leave them as they are."""
    return _fingerprint(path for name in RECKONING for path in (LIBRARY / f"{name}.py", *LIBRARY.glob(f"{name}/**/*")))


def _fingerprint(paths: Iterable[Path]) -> str:
    parts = [path.read_bytes() for path in sorted(paths) if path.suffix in CODE and path.is_file()]
    return sha256(b"\0".join(parts)).hexdigest()[:16]


@cache
def _packages() -> dict[str, str]:
    return {name: version(name) for name in ("retail-analytics", *PACKAGES)}


def why_due(before: dict | None, facts: dict, opened: Warehouse, reports_dir: Path) -> list[str]:
    """Why a page must be made again; nothing when the one that is there shows the same."""
    if before is None:
        return ["never published"]
    page = reports_dir / before["page"]
    if not page.is_file():
        return ["page missing"]
    if sha256(page.read_bytes()).hexdigest() != before["page_hash"]:
        return ["page altered"]
    form, was = facts["form"], before.get("form") or {}
    forms = [name for name in ("static", "shared") if getattr(form, name) != was.get(name, False)]
    if forms:
        return [f"form changed ({', '.join(forms)})"]
    if form.shared and not shares(reports_dir, brand_of(reports_dir)):
        return ["shared file missing"]
    if form.pdf and not (_has_pdf(before, reports_dir) or _no_chromium()):
        return ["PDF missing"]
    then, now = before["inputs"], facts["inputs"]
    method = [name for name in ("notebook", "brand", "code", "packages") if then.get(name) != now[name]]
    parameters = [n for n, value in facts["parameters"].items() if before["parameters"].get(n) != value]
    data = [name for name, content in then["data"].items() if opened.fingerprint(name, facts["scope"]) != content]
    changed = {"data": data, "method": method, "parameters": parameters}
    return [f"{what} changed ({', '.join(names)})" for what, names in changed.items() if names]


def no_pdf(before: dict, form: Form, reports_dir: Path) -> str | None:
    """Why a PDF that is asked for is not beside the page that is there, and cannot be made; None if all is well."""
    return None if not form.pdf or _has_pdf(before, reports_dir) else _no_chromium()


def _has_pdf(before: dict, reports_dir: Path) -> bool:
    """Whether the PDF of a page is there as it was made."""
    path = before.get("pdf") and reports_dir / before["pdf"]
    return bool(path and path.is_file() and sha256(path.read_bytes()).hexdigest() == before["pdf_hash"])


def _no_chromium() -> str | None:
    try:
        chromium.needed()
    except WorkbenchError as error:
        return f"No PDF: {error}"
    return None
