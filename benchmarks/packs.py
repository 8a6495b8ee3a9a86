"""Packs of reports: ours beside a loop of papermill and nbconvert, and beside Ploomber's grid.

`python -m benchmarks.packs` publishes the four reports for the whole and each region of Example Grocers in three ways,
with the same notebooks, data and number of workers, and prints seconds and processor seconds per report.
`python -m benchmarks.packs 1 10 100 1000` publishes so many reports, one for each of as many stores, and prints what
they took, and the memory of the process that runs them. Linux only: what a way has started is counted to its end.
"""

import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from retail_analytics import open_warehouse
from retail_analytics.publishing.parameters import NOTEBOOKS
from retail_analytics.warehouse import VARIABLE

ROOT = Path(__file__).parents[1]
GROCERS = ROOT / "data" / "warehouses" / "example_grocers"
REPORTS = ("executive_summary", "iot_growth", "theft_trends", "security_readiness")
PLOOMBER = "0.23.3"
UV = shutil.which("uv") or ROOT / ".uv" / "bin" / "uv"
CHILD_SUBREAPER = 36  # of Linux's prctl: what a process leaves behind when it ends becomes a child of this one
BIN = Path(sys.executable).parent


def main(workers: int) -> None:
    scopes = ["all", *open_warehouse(GROCERS).regions]
    reports = [(name, scope) for scope in scopes for name in REPORTS]
    head = f"{len(reports)} reports, {workers} workers"
    print(f"{head:<23}{'seconds':>22}{'CPU':>9}{'per report':>12}{'CPU':>9}{'ratio':>9}{'CPU':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = None
        for way, work in (("ours", packed), ("papermill + nbconvert", by_hand), (f"Ploomber {PLOOMBER}", by_ploomber)):
            seconds, cpu = cost(lambda work=work: work(folder, reports, workers))
            per = seconds / len(reports), cpu / len(reports)
            ours = ours or per
            ratios = f"{per[0] / ours[0]:>8.1f}×{per[1] / ours[1]:>8.1f}×"
            print(f"{way:<23}{seconds:>22.1f}{cpu:>9.1f}{per[0]:>12.2f}{per[1]:>9.2f}{ratios}", flush=True)


def cost(work) -> tuple[float, float]:
    """Seconds, and processor seconds of every process that the work started."""
    ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def packed(folder: Path, reports: list[tuple[str, str]], workers: int) -> None:
    # A page to filter holds a dozen reports, which the other ways do not make.
    plain = {name: ", filters: none" if name != "executive_summary" else "" for name in REPORTS}
    lines = "".join(f"  - {{report: {n}, parameters: {{scope: {scope}{plain[n]}}}}}\n" for n, scope in reports)
    (folder / "pack.yaml").write_text(f"warehouse: {GROCERS}\nreports:\n{lines}")
    where = ["--reports", folder / "shelf", "--workers", workers]
    run([BIN / "retail-analytics", "run", folder / "pack.yaml", *where])


def by_hand(folder: Path, reports: list[tuple[str, str]], workers: int) -> None:
    def one(report: tuple[str, str]) -> None:
        name, scope = report
        made = folder / f"{name}-{scope}.ipynb"
        run([BIN / "papermill", NOTEBOOKS / f"{name}.ipynb", made, "-k", "python3", "-p", "scope", scope])
        run([BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", made])

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, reports))


def by_ploomber(folder: Path, reports: list[tuple[str, str]], workers: int) -> None:
    tasks = [
        {"source": str(NOTEBOOKS / f"{name}.ipynb"), "name": f"{name}-", "product": f"out/{name}.html",
         "nbconvert_export_kwargs": {"exclude_input": True}, "grid": {"scope": [s for n, s in reports if n == name]}}
        for name in dict.fromkeys(name for name, _ in reports)
    ]  # fmt: skip
    executor = {"dotted_path": "ploomber.executors.Parallel", "processes": workers}
    pipeline = {"meta": {"extract_upstream": False, "extract_product": False}, "executor": executor, "tasks": tasks}
    (folder / "pipeline.yaml").write_text(json.dumps(pipeline))
    environment = [UV, "run", "--no-project", "--quiet", "--with", f"ploomber=={PLOOMBER}", "--with-editable", ROOT]
    run([*environment, "ploomber", "build", "--force"], cwd=folder)


def run(command: list, cwd: Path | None = None) -> None:
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, env=os.environ | {VARIABLE: str(GROCERS)}
    )
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def of_stores(counts: list[int], workers: int) -> None:
    """One report for each of so many stores of a sample that has as many."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([BIN / "retail-analytics", "sample", folder / "sample", "--stores", max(counts), "--years", 2])
        run([BIN / "retail-analytics", "load", folder / "sample" / "exports", "--warehouse", folder / "warehouse"])
        query = "SELECT store_id FROM stores WHERE closed_on IS NULL ORDER BY store_id LIMIT"
        for count in counts:
            entry = {"report": "theft_trends", "scopes": {"query": f"{query} {count}"}}
            (folder / "pack.yaml").write_text(json.dumps({"warehouse": str(folder / "warehouse"), "reports": [entry]}))
            command = [BIN / "retail-analytics", "run", folder / "pack.yaml", "--reports", folder / f"shelf{count}"]
            began = time.perf_counter()
            words = [*map(str, command), "--workers", str(workers)]
            process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            held = []
            for line in process.stdout:
                if " of " in line:
                    held.append(psutil.Process(process.pid).memory_info().rss / 1e6)
            seconds = time.perf_counter() - began
            process.wait()
            ends = f"memory {held[len(held) // 10]:.0f} MB after a tenth, {held[-1]:.0f} MB at the end"
            print(f"{len(held):>5,} reports: {seconds:.1f} s, {seconds / len(held):.2f} s each; {ends}", flush=True)


if __name__ == "__main__":
    cores = psutil.cpu_count() or 1
    of_stores([*map(int, sys.argv[1:])], cores) if sys.argv[1:] else main(cores)
