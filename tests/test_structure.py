"""The house rules, kept true."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from retail_analytics.__main__ import main
from retail_analytics.measure import Duration, Metric, durations, measure
from retail_analytics.metrics import every_metric
from retail_analytics.warehouse import TABLES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "retail_analytics"
MODULES = sorted(PACKAGE.rglob("*.py"))
REPORTS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

# A room may import the rooms before it, and itself.
ROOMS = ["errors", "language", "sources", "months", "warehouse", "coverage", "measure", "metrics", "messages", "tolerances", "compare", "statistics", "words", "tokens", "exhibits", "charts",
         "provenance", "publishing", "__init__", "commands", "__main__"]  # fmt: skip
PUBLISHING_KNOWS = {"errors", "language", "sources", "months", "warehouse", "measure", "words", "tokens", "exhibits", "publishing"}
HOMES = {
    "babel": {"language", "messages"},
    "duckdb": {"warehouse"},
    "fastexcel": {"sources"},
    "filelock": {"warehouse", "publishing"},
    "plotly": {"charts"},
    "papermill": {"publishing"},
    "psycopg": {"sources"},
    "nbclient": {"publishing"},
    "nbconvert": {"publishing"},
    "statsmodels": {"statistics"},
    "scipy": {"statistics"},
    "click": {"commands", "__main__"},
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("retail_analytics.")}
    ours = {name for name in ours if (PACKAGE / name).exists() or (PACKAGE / f"{name}.py").exists()}
    if room(path) == "sample":
        assert ours <= {"sample"}
    elif room(path) == "publishing":
        assert ours <= PUBLISHING_KNOWS
    elif room(path) not in ("__main__", "commands", "__init__"):
        assert ours <= set(ROOMS[: ROOMS.index(room(path)) + 1])


@pytest.mark.parametrize("tool", HOMES)
def test_each_tool_has_one_home(tool):
    users = {room(path) for path in MODULES if any(name.split(".")[0] == tool for name in imports(path))}
    assert users == HOMES[tool]


def test_nothing_but_the_command_line_and_tests_knows_the_sample():
    users = {room(path) for path in MODULES if any(name.startswith("retail_analytics.sample") for name in imports(path))}
    assert users <= {"sample", "commands"}
    reads_truth = [p for p in MODULES if room(p) != "sample" and re.search(r"['\"/]truth['\"/]", p.read_text())]
    assert reads_truth == []


def test_no_file_is_called_by_nothing():
    names = {path.stem for part in ("retail_analytics", "tests", "benchmarks") for path in (ROOT / part).rglob("*.py")}
    assert not names & {"util", "utils", "helper", "helpers", "common", "misc", "manager", "core", "base"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_fits_in_one_reading(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("metric", every_metric().values(), ids=lambda m: m.name)
def test_every_metric_says_what_it_is_in_sentences(metric):
    assert metric.definition[0].isupper() and metric.definition.endswith(".") and len(metric.definition.split()) >= 8
    assert re.fullmatch(r"[A-DR][0-9]+[a-z]?", metric.id) and metric.unit and metric.label[0].isupper()
    assert metric.better in ("lower", "higher", None)


@pytest.mark.parametrize("metric", every_metric().values(), ids=lambda m: m.name)
def test_every_metric_measures_on_the_sample(metric, retailer):
    if isinstance(metric, Duration):
        measured = durations(retailer, metric, last_month="2026-10", months=12)
        assert measured.not_recorded or measured.rows["waited"].min() >= 0
    elif isinstance(metric, Metric) and metric.numerator is not None:
        measured = measure(retailer, metric, last_month="2026-10", months=3)
        assert measured.not_recorded is None and measured.rows["value"][-1] is not None


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_its_grain_on_line_1(name):
    sql = (PACKAGE / "tables" / f"{name}.sql").read_text(encoding="utf-8")
    assert sql.startswith("-- one row per ")
    assert "SELECT *\nFROM" not in sql.split("WITH")[0]


def test_tables_of_sql_files_and_the_order_of_building_agree():
    assert sorted(TABLES) == sorted(path.stem for path in (PACKAGE / "tables").glob("*.sql"))


@pytest.mark.parametrize("path", REPORTS, ids=lambda p: p.stem)
def test_a_report_notebook_is_short_and_only_calls(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(notebook.cells) <= 50
    assert [cell.metadata.get("tags") for cell in code][0] == ["parameters"]
    for cell in code:
        assert len(cell.source.splitlines()) <= 14, cell.source
        assert cell.outputs == [], "report notebooks are committed without outputs"
        for node in ast.walk(ast.parse(cell.source)):
            forbidden = (ast.FunctionDef, ast.Lambda, ast.For, ast.If, ast.IfExp, ast.While, ast.comprehension,
                         ast.Compare, ast.JoinedStr, ast.Try, ast.With)  # fmt: skip
            assert not isinstance(node, forbidden), f"{type(node).__name__} in: {cell.source}"
            if isinstance(node, ast.BinOp):  # lists may be put together; nothing is computed
                assert isinstance(node.op, ast.Add), cell.source
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"\b(SELECT|FROM|WHERE)\b|<[a-z]+", node.value), cell.source


@pytest.mark.parametrize("path", REPORTS, ids=lambda p: p.stem)
def test_a_report_says_its_title_its_needs_and_helps_with_its_parameters(path):
    notebook = nbformat.read(path, as_version=4)
    facts = notebook.metadata["retail_analytics"]
    assert facts["title"] and set(facts["needs"]) <= set(TABLES)
    parameters = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for line in parameters.splitlines():
        assert re.fullmatch(r"\w+: (str|int) = .+  # .{10,}", line), line
    assert notebook.cells[-1].source.startswith("about(")


def test_the_analysts_notebook_has_fewer_than_ten_code_cells():
    cells = nbformat.read(ROOT / "notebooks" / "explore" / "start_here.ipynb", as_version=4).cells
    assert sum(cell.cell_type == "code" for cell in cells) < 10


def test_conda_and_pip_users_get_the_same_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert conda["dependencies"][-1]["pip"] == [*wanted, "-e ."]
    assert f"python{project['project']['requires-python']}" in conda["dependencies"]


def test_every_make_target_has_one_line_of_help():
    makefile = (ROOT / "Makefile").read_text()
    for target in ("report", "test", "lab", "load", "look", "bench", "clean"):
        assert re.search(rf"^{target}:.*## \w.+", makefile, re.MULTILINE), target


def test_every_command_and_option_of_readme_exists_and_every_command_is_in_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^(?:\$ )?retail-analytics ([a-z]+)([^\n`]*)", readme, re.MULTILINE)
    assert {command for command, _ in shown} | set(re.findall(r"`retail-analytics ([a-z]+)", readme)) == set(main.commands)
    for command, rest in shown:
        options = {opt for p in main.commands[command].params for opt in getattr(p, "opts", [])}
        assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", rest.split("#")[0])) <= options, (command, rest)
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^(?:\$ )?make ([a-z]+)", readme, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_readme_shows_files_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_every_command_has_help_with_an_example():
    for name, command in main.commands.items():
        assert "Example" in command.help, name


def test_no_tracked_file_names_a_machine():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    this = Path(__file__).relative_to(ROOT).as_posix()
    texts = [p for p in tracked if p.endswith((".py", ".md", ".yaml", ".yml", ".ipynb", ".sql", ".toml", "Makefile", "run"))]
    for path in texts:
        if path != this and (ROOT / path).is_file():
            assert not re.search(r"(?<![\w.])/(work|root|home|farm)/", (ROOT / path).read_text(encoding="utf-8")), path
