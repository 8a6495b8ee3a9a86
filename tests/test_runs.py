"""Each way a run can end, with the real thing: kernels, signals, full disks, secrets; and what is left afterwards."""

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from datetime import date
from hashlib import sha256
from pathlib import Path

import nbformat
import psutil
import pytest

from retail_analytics.errors import ParameterError
from retail_analytics.publishing import page, parameters, proof, record, shelf
from retail_analytics.publishing.hidden import hidden, shown_secrets
from retail_analytics.publishing.pack import due_now, packs_of, read_pack, run_packs
from retail_analytics.publishing.run import Limits, publish

MARK = "a-secret-value-1b2c3d"
CHART = """from retail_analytics.exhibits import Exhibit
Exhibit({"kind": "exhibit", "form": "trend", "title": "Thefts rose", "subtitle": "a", "words": "b", "source": "c", "tier": "T1",
         "notes": [], "terms": [], "height": 100, "narrow": {}, "figure": {"data": DATA, "layout": {}},
         "table": {"columns": [{"label": "Month", "numeric": False}], "rows": [["1"]], "notes": []}})"""
SLEEPER = "import subprocess\nsubprocess.Popen(['sleep', '987654'])\n"


@pytest.fixture
def shop(given):
    """Two regions, incidents in both."""
    return given(
        stores="store_id | region\n0001 | North\n0002 | South",
        incidents="incident_id | store_id | kind | occurred_on\n"
        "a | 0001 | theft | 2049-12-03\nb | 0002 | theft | 2049-12-04",
    )


@pytest.fixture
def pack(tmp_path, shop):
    """A pack of one report for all, North and South; more of it as text."""

    def write(more: str = "", report: str = "weekly"):
        path = tmp_path / "pack.yaml"
        path.write_text(
            f"warehouse: {shop.path.parent}\n{more}reports:\n"
            f"  - {{report: {report}}}\n  - {{report: {report}, scopes: every region}}\n"
        )
        return path

    return write


def run_of(shop, tmp_path, **limits):
    parameters.report.cache_clear()
    return publish("weekly", warehouse=shop.path.parent, reports_dir=tmp_path / "shelf", limits=Limits(**limits))


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / record.RUNS).read_text().splitlines()]


BEFORE: set[int] = set()  # processes of this one that were there before the test: a browser of other tests


@pytest.fixture(autouse=True)
def before():
    BEFORE.clear()
    BEFORE.update(psutil.pids())


def of_kernels() -> list[str]:
    """What runs of a test have started and not ended, fork servers aside: those end with their process."""
    found = []
    for process in (one for one in psutil.process_iter() if one.pid not in BEFORE):
        with suppress(psutil.Error):
            ours = process.environ().get("RETAIL_TESTS_OF") == os.environ["RETAIL_TESTS_OF"]
            words, parent = " ".join(process.cmdline()), process.parent()
            server = "multiprocessing.forkserver" in words and parent and "forkserver" not in " ".join(parent.cmdline())
            if ours and process.pid != os.getpid() and not server and "resource_tracker" not in words:
                found.append(f"{process.pid} {words[-80:]}")
    return found


def nothing_is_left(folder: Path) -> None:
    until = time.monotonic() + 10
    while (left := of_kernels()) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []
    assert [*(folder / ".building").glob("*")] == []
    sockets = {int(path.name.split("-")[1]) for path in Path(tempfile.gettempdir()).glob("retail-[0-9]*-*")}
    assert [pid for pid in sockets if pid == os.getpid() or not psutil.pid_exists(pid)] == []


@pytest.mark.parametrize(
    ("cell", "limits", "end", "reason"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", {}, "died", "The kernel was killed"),
        ("import os\nos._exit(0)", {}, "died", "The kernel was killed"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", {"seconds": 3}, "late", "longer than 3 seconds"),
        ("import time\ntime.sleep(600)", {"seconds": 3}, "late", "It ran longer than 3 seconds."),
        ("held = b'x' * 1_500_000_000\nimport time\ntime.sleep(600)", {"memory": 1.4e9}, "died", "GB of memory, more than 1.4 GB."),
        ("while True:\n    print('x' * 10_000)", {}, "failed", "Its cells printed more than 1,000,000 characters."),
        ("print('Traceback (most recent call last)')", {}, "unsafe", "printed an error"),
        ("1 / 0", {}, "failed", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", {}, "unsafe", "SystemExit"),
        (CHART.replace("DATA", "[]"), {}, "unsafe", "has a chart without a single point"),
        ("from retail_analytics import exhibits\nexhibits.headline('Recorded theft soared.')", {}, "unsafe",
         "“Recorded theft soared.” breaks a wording rule: loud words are no evidence"),
    ],
)  # fmt: skip
def test_a_run_ends_as_it_was_seen_to_end_and_nothing_of_it_is_left(shop, notebooks, tmp_path, cell, limits, end, reason):
    notebooks("weekly", SLEEPER + cell)
    run = run_of(shop, tmp_path, **limits)
    assert (run.end, run.page) == (end, None) and reason in run.reason, run.reason
    [told] = lines(tmp_path / "shelf")
    assert told["end"] == end and told["run"] == run.run and told["attempts"] == 1 and told["page"] is None
    page = (tmp_path / "shelf" / run.failure_page).read_text()
    assert run.reason.split("“")[0][:40] in page
    if end == "late":
        assert "Cell 4 of weekly.ipynb, under “The only section”" in page
    assert (tmp_path / "shelf/warehouse/weekly/2049-12.failed.ipynb").is_file() == (end == "unsafe" or "1 / 0" in cell)
    index = shelf.index(tmp_path / "shelf").read_text()
    assert "weekly/2049-12.failed.html" in index and 'href="warehouse/weekly/2049-12.html"' not in index
    nothing_is_left(tmp_path / "shelf")


def test_what_is_published_is_a_page_a_notebook_and_a_line_that_say_the_same(shop, notebooks, tmp_path):
    notebooks("weekly", SLEEPER + "import plotly.graph_objects as go\ngo.Figure()")
    run = run_of(shop, tmp_path)
    assert run.end == "published", run.reason
    [told] = lines(tmp_path / "shelf")
    page = tmp_path / "shelf" / run.page
    assert told["page_hash"] == sha256(page.read_bytes()).hexdigest() and told["bytes"] == page.stat().st_size
    assert told["inputs"]["packages"]["polars"] and told["inputs"]["code"] and told["inputs"]["data"]
    assert told["parameters"] == {"last_month": "2049-12", "months": 12, "scope": "all"}
    notebook = json.loads((tmp_path / "shelf" / run.notebook).read_text())
    assert notebook["metadata"]["papermill"]["parameters"]["last_month"] == "2049-12"
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert outputs and not any("plotly" in kind for output in outputs for kind in output.get("data", {}))
    assert all(cell["metadata"]["papermill"]["duration"] >= 0 for cell in notebook["cells"])
    nothing_is_left(tmp_path / "shelf")


def test_a_run_whose_process_dies_is_tried_again_where_that_is_asked_for(shop, notebooks, tmp_path):
    once = f"from pathlib import Path\nmark = Path({str(tmp_path / 'mark')!r})\n"
    notebooks("weekly", once + "import os\nif not mark.exists():\n    mark.touch()\n    os._exit(1)")
    run = run_of(shop, tmp_path, attempts=2)
    assert (run.end, run.attempts) == ("published", 2)
    (tmp_path / "mark").unlink()
    assert run_of(shop, tmp_path).end == "unchanged"
    notebooks("weekly", once + "mark.unlink(missing_ok=True)\n1 / 0")
    assert (tried := run_of(shop, tmp_path, attempts=3)).end == "failed" and tried.attempts == 1


def test_a_page_that_cannot_be_written_is_no_page(shop, notebooks, tmp_path):
    """A limit on the size of files stands for a full disk: the page is larger than it, what is recorded is not."""
    notebooks("weekly", "from pathlib import Path\n'x' * 100_000")
    script = (
        "import sys\nfrom pathlib import Path\nfrom retail_analytics.publishing import parameters\n"
        "from retail_analytics.publishing.run import publish\n"
        "if __name__ == '__main__':\n"
        f"    parameters.NOTEBOOKS = Path({str(tmp_path / 'notebooks')!r})\n"
        f"    run = publish('weekly', warehouse={str(shop.path.parent)!r}, reports_dir=Path({str(tmp_path / 'shelf')!r}))\n"
        "    print(run.end, run.reason)\n"
    )
    path = tmp_path / "script.py"
    path.write_text(script)
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )  # fmt: skip
    assert done.stdout.startswith("died ") and "File too large" in done.stdout, done.stdout + done.stderr
    assert [run["end"] for run in lines(tmp_path / "shelf")] == ["died"]
    assert not [*(tmp_path / "shelf").rglob("2049-12.html")]
    nothing_is_left(tmp_path / "shelf")


def test_what_one_report_leaves_the_next_does_not_see(shop, notebooks, tmp_path):
    notebooks("weekly", """import builtins, os, sys, random, numpy, polars
builtins.leaked = os.environ["LEAKED"] = "yes"
sys.modules["leaked"] = sys
polars.Config.set_tbl_rows(1)
import retail_analytics
retail_analytics.measure = None
drawn = (random.random(), float(numpy.random.random()))
from pathlib import Path
with Path("{0}").open("a") as file:
    print(os.getpid(), *drawn, file=file)""".replace("{0}", str(tmp_path / "drawn")))  # fmt: skip
    assert run_of(shop, tmp_path).end == "published"
    notebooks("weekly", """import builtins, os, sys, random, numpy, polars, retail_analytics
assert not hasattr(builtins, "leaked") and "LEAKED" not in os.environ and "leaked" not in sys.modules
assert callable(retail_analytics.measure) and polars.Config.state()["POLARS_FMT_MAX_ROWS"] != "1"
assert os.getpgid(0) == os.getpid() == os.getsid(0)
drawn = (random.random(), float(numpy.random.random()))
from pathlib import Path
with Path("{0}").open("a") as file:
    print(os.getpid(), *drawn, file=file)""".replace("{0}", str(tmp_path / "drawn")))  # fmt: skip
    assert (second := run_of(shop, tmp_path)).end == "published", second.reason
    drawn = [line.split() for line in (tmp_path / "drawn").read_text().splitlines()]
    assert all(one != other for one, other in zip(*drawn, strict=True))


def test_where_there_is_no_fork_kernels_are_started_as_anywhere(shop, notebooks, tmp_path):
    notebooks("weekly", "import psutil\nassert 'ipykernel_launcher' in ' '.join(psutil.Process().cmdline())")
    path = tmp_path / "script.py"
    path.write_text(
        "from pathlib import Path\nfrom retail_analytics.publishing import kernels, parameters\n"
        "from retail_analytics.publishing.run import publish\n"
        "if __name__ == '__main__':\n"
        "    kernels.CAN_FORK = False\n"
        f"    parameters.NOTEBOOKS = Path({str(tmp_path / 'notebooks')!r})\n"
        f"    run = publish('weekly', warehouse={str(shop.path.parent)!r}, reports_dir=Path({str(tmp_path / 'shelf')!r}))\n"
        "    print(run.end, run.reason)\n"
    )
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert done.stdout == "published None\n", done.stdout + done.stderr
    nothing_is_left(tmp_path / "shelf")


def test_only_what_depends_on_a_change_is_run_again(shop, pack, given, notebooks, tmp_path):
    notebooks("weekly", "from retail_analytics import about, open_warehouse\nw = open_warehouse()\n"
              'w.whole("incidents")\nabout(w, last_month=last_month, months=months, scope=scope)')  # fmt: skip
    asked, folder = [read_pack(pack(), tmp_path)], tmp_path / "shelf"
    first = run_packs(asked, reports_dir=folder)
    assert [run.end for run in first.ended] == ["published"] * 3 and first.well
    assert first.ended[0].inputs["data"].keys() >= {"incidents"}
    again = run_packs(asked, reports_dir=folder)
    assert [run.end for run in again.ended] == ["unchanged"] * 3 and again.well

    more = "incident_id | store_id | kind | occurred_on\nc | 0001 | theft | 2049-12-05"
    given(known_on=date(2050, 1, 1), covers={"incidents": None}, incidents=more)
    assert {due.parameters.get("scope", "all"): why for due, why in due_now(asked, folder)} == {
        "all": "data changed (incidents)", "North": "data changed (incidents)", "South": "unchanged",
    }  # fmt: skip
    third = run_packs(asked, reports_dir=folder)
    assert sorted((run.scope, run.end) for run in third.ended) == [
        ("North", "published"), ("South", "unchanged"), ("all", "published"),
    ]  # fmt: skip
    south = folder / "warehouse/weekly/2049-12-south.html"
    south.write_text(south.read_text() + " ")
    (folder / "warehouse/weekly/2049-12-north.html").unlink()
    notebooks("weekly", "2 + 2")
    parameters.report.cache_clear()
    assert [why for _, why in due_now(asked, folder)] == ["method changed (notebook)", "page missing", "page altered"]


def test_the_record_of_a_run_is_resumed_where_it_did_not_end_well(shop, pack, notebooks, tmp_path):
    good = f"from pathlib import Path\nif scope == 'North' and not Path({str(tmp_path / 'mended')!r}).exists():\n    1 / 0"
    notebooks("weekly", good)
    folder = tmp_path / "shelf"
    first = run_packs([read_pack(pack("limits: {seconds: 60}\n"), tmp_path)], reports_dir=folder)
    assert sorted((run.scope, run.end) for run in first.ended) == [
        ("North", "failed"), ("South", "published"), ("all", "published"),
    ]  # fmt: skip
    assert not first.well
    (tmp_path / "mended").touch()
    resumed = packs_of(first.run, folder)
    assert resumed[0].limits.seconds == 60
    assert [why for _, why in due_now(resumed, folder, resumes=first.run)].count("never published") == 1
    second = run_packs(resumed, reports_dir=folder, resumes=first.run)
    assert ("North", "published") in [(run.scope, run.end) for run in second.ended]
    assert all(run.end in record.GOOD for run in second.ended) and second.well
    assert {run["batch"] for run in lines(folder) if "due" not in run} == {first.run}
    assert [run.end for run in run_packs(resumed, reports_dir=folder, only_failed=True).ended if run.end != "unchanged"] == []


def test_two_that_start_the_same_pack_at_once_do_the_work_once(shop, pack, tmp_path):
    path = pack(report="theft_trends")
    command = [sys.executable, "-m", "retail_analytics", "run", str(path), "--reports", str(tmp_path / "shelf")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    ends = [(run["scope"], run["end"]) for run in lines(tmp_path / "shelf") if "due" not in run]
    assert sorted(ends) == sorted((scope, end) for scope in ("all", "North", "South") for end in ("published", "unchanged"))
    assert any("waiting for its end" in text for text in said)
    nothing_is_left(tmp_path / "shelf")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_interrupted_or_killed_leaves_nothing_and_is_resumed(shop, pack, tmp_path, signum):
    path, folder = pack(report="theft_trends"), tmp_path / "shelf"
    command = [sys.executable, "-m", "retail_analytics", "run", str(path), "--reports", str(folder), "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until = time.monotonic() + 60
    while len([*folder.glob(".building/*/log.txt")]) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signum)
    said = process.communicate(timeout=60)[0]
    told = lines(folder)
    assert process.returncode == (-signum if signum == signal.SIGKILL else 1), said
    if signum != signal.SIGKILL:
        assert [run["end"] for run in told[1:]] == ["died", "died"] and told[1]["reason"] == "The run was interrupted."
        assert f"Interrupted. Go on with: retail-analytics run --resume {told[0]['run']}" in said
        nothing_is_left(folder)
    resume = ["run", "--resume", told[0]["run"], "--reports", str(folder)]
    done = subprocess.run([*command[:3], *resume], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {run["scope"] for run in lines(folder) if run.get("end") == "published"} == {"all", "North", "South"}
    nothing_is_left(folder)


def test_a_secret_reaches_neither_page_nor_notebook_nor_record(shop, pack, notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_DB_PASSWORD", MARK)
    notebooks("weekly", "1 + 1")
    with pytest.raises(ParameterError, match="the value of scope is the value of the variable SHOP_DB_PASSWORD"):
        publish("weekly", {"scope": MARK}, warehouse=shop.path.parent, reports_dir=tmp_path / "shelf")
    with pytest.raises(ParameterError, match="the value of scope is an AWS key"):
        publish("weekly", {"scope": "AKIAABCDEFGHIJKLMNOP"}, warehouse=shop.path.parent, reports_dir=tmp_path / "shelf")
    said = [
        "import os\nfrom retail_analytics import exhibits\nexhibits.points('Told', [os.environ['SHOP_DB_PASSWORD']])",
        "import os\nprint(os.environ['SHOP_DB_PASSWORD'])",
        "import os\nraise ValueError('cannot log in with ' + os.environ['SHOP_DB_PASSWORD'])",
        "print('postgresql://reader:hunter22@db/shop')",
        "'ghp_' + 'a' * 40",
    ]
    for cell in said:
        notebooks("weekly", cell)
        run = run_of(shop, tmp_path)
        assert run.end in ("unsafe", "failed"), cell
    secret = pack("").read_text().replace("{report: weekly}", f"{{report: weekly, parameters: {{scope: {MARK}}}}}")
    (tmp_path / "pack.yaml").write_text(secret)
    told = []
    batch = run_packs([read_pack(tmp_path / "pack.yaml", tmp_path)], reports_dir=tmp_path / "shelf", said=told.append)
    assert "refused" in [run.end for run in batch.ended] and MARK not in "".join(told)
    shelf.index(tmp_path / "shelf")
    for path in (tmp_path / "shelf").rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert MARK.encode() not in held and b"hunter22" not in held and b"ghp_aaa" not in held, path


@pytest.mark.parametrize(
    "secret",
    ["AKIAABCDEFGHIJKLMNOP", "ghp_" + "a" * 40, "github_pat_" + "a" * 30, "glpat-" + "b" * 22, "xoxb-1234567890ab",
     "AIza" + "c" * 35, "sk_live_" + "d" * 24, "-----BEGIN RSA PRIVATE KEY-----", "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM",
     "postgresql://reader:hunter2@db/shop", "AccountKey=" + "e" * 44],
)  # fmt: skip
def test_secrets_are_known_by_their_shape(secret):
    assert len(shown_secrets(f"<p>{secret}</p>")) == 1 and "[hidden]" in hidden(f"told {secret} here")
    assert shown_secrets("github.com, https://example.com/a@b, key: 7, ghost") == []


def test_what_a_pack_does_not_keep_is_removed(shop, pack, notebooks, tmp_path):
    folder = tmp_path / "shelf"
    ended = []
    for number in range(4):
        notebooks("weekly", f"{number} + 1")
        parameters.report.cache_clear()
        keep = "" if number < 3 else f"keep: {{superseded: 1, days: 1, pinned: [{ended[0].run}]}}\n"
        runs = run_packs([read_pack(pack(keep), tmp_path)], reports_dir=folder).ended
        ended.append(next(run for run in runs if run.scope == "all"))
    left = sorted(path.name for path in folder.glob("warehouse/weekly-superseded/2049-12-2*.html"))
    assert left == [f"2049-12-{run.run}.html" for run in (ended[0], ended[2])]
    month = (shelf.index(folder).parent / "months/2049-12.html").read_text()
    assert all(f"weekly-superseded/{name}" in month for name in left) and f"superseded/2049-12-{ended[1].run}" not in month
    run_packs([read_pack(pack("keep: {months: 1}\n"), tmp_path)], reports_dir=folder)
    publish("weekly", {"last_month": "2049-11"}, warehouse=shop.path.parent, reports_dir=folder)
    assert (folder / "warehouse/weekly/2049-11.html").is_file()
    assert "2049-11.html" in (shelf.index(folder).parent / "months/2049-11.html").read_text()
    run_packs([read_pack(pack("keep: {months: 1}\n"), tmp_path)], reports_dir=folder)
    shelf.index(folder)
    assert not (folder / "months/2049-11.html").exists() and (folder / "months/2049-12.html").is_file()
    assert not (folder / "warehouse/weekly/2049-11.html").exists() and (folder / "warehouse/weekly/2049-12.html").is_file()


def test_a_record_that_is_lost_damaged_or_replaced_is_taken_in_again(shop, notebooks, tmp_path):
    notebooks("weekly", "1 + 1")
    folder, run = tmp_path / "shelf", run_of(shop, tmp_path)
    (folder / record.STATE).write_bytes(b"no database " * 1000)
    assert record.newest_page(folder, lines(folder)[0])["run"] == run.run
    with closing(sqlite3.connect(folder / record.STATE)) as state:
        state.executescript("PRAGMA user_version = 7; DROP TABLE pages")  # of another version
    assert record.newest_page(folder, lines(folder)[0])["run"] == run.run
    (folder / record.STATE).unlink()
    assert run_of(shop, tmp_path).end == "unchanged"
    (folder / record.RUNS).write_text("")
    assert record.runs(folder) == []


def test_a_run_past_its_own_deadline_leaves_what_is_not_begun_as_late(shop, pack, notebooks, tmp_path):
    notebooks("weekly", "import time\ntime.sleep(3)")
    pack_of_seconds = read_pack(pack("limits: {run_seconds: 4}\n"), tmp_path)
    batch = run_packs([pack_of_seconds], reports_dir=tmp_path / "shelf", workers=1)
    assert [run.end for run in batch.ended][-1] == "late" and not batch.well
    nothing_is_left(tmp_path / "shelf")


FAULTS = ("kill", "stop", "disk", "cell", "snapshot", "runner")


def test_random_faults_leave_true_records_whole_pages_and_nothing_else(shop, pack, notebooks, tmp_path):
    """RETAIL_FAULTS=200 for a long look; each round injects one fault at a random moment and then resumes."""
    rng = random.Random(int(os.environ.get("RETAIL_FAULTS_SEED", 1)))
    times = int(os.environ.get("RETAIL_FAULTS", len(FAULTS)))
    folder, broken = tmp_path / "shelf", tmp_path / "broken"
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom retail_analytics.__main__ import main\n"
        "from retail_analytics.publishing import parameters\n"
        "if __name__ == '__main__':\n"
        f"    parameters.NOTEBOOKS = Path({str(tmp_path / 'notebooks')!r})\n    main()\n"
    )
    command = [sys.executable, str(script), "run"]
    tail = ["--reports", str(folder), "--workers", "2"]
    for number in range(times):
        fault = FAULTS[number % len(FAULTS)]
        notebooks("weekly", f"{number}\nfrom pathlib import Path\n"
                  f"if Path({str(broken)!r}).exists() and scope != 'all':\n    1 / 0\n"
                  'from retail_analytics import about, open_warehouse\nw = open_warehouse()\nw.whole("incidents")\n'
                  "about(w, last_month=last_month, months=months, scope=scope)")  # fmt: skip
        path = pack("limits: {seconds: 6}\n")
        whole = shop.path.read_bytes()
        if fault == "cell":
            broken.touch()
        limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))) if fault == "disk" else None
        process = subprocess.Popen([*command, str(path), *tail], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, preexec_fn=limit)  # fmt: skip
        if fault in ("kill", "stop", "runner", "snapshot"):
            inject(fault, process, shop.path, folder, rng)
        said = process.communicate(timeout=120)[0]
        shop.path.write_bytes(whole)
        broken.unlink(missing_ok=True)
        if fault != "runner":  # the next run sweeps what a killed one has left
            nothing_is_left(folder)
        check_shelf(folder, f"{number} {fault}: {said}")
        begun = [line for line in lines(folder) if "due" in line]
        again = ["--resume", begun[-1]["run"]] if begun else [str(path)]
        done = subprocess.run([*command, *again, *tail], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{number} {fault}: {said}{done.stdout}{done.stderr}"
        nothing_is_left(folder)
        check_shelf(folder, f"{number} {fault}, resumed: {done.stdout}")
        newest = {run["scope"]: run for run in record.runs(folder)}
        assert {scope: run["end"] in record.GOOD for scope, run in newest.items()} == dict.fromkeys(("all", "North", "South"), True)


def inject(fault: str, process: subprocess.Popen, snapshot: Path, folder: Path, rng: random.Random) -> None:
    """Do harm at a random moment between the start of a run and its end."""
    until = time.monotonic() + 30
    while not [*folder.glob(".building/*/log.txt")] and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    time.sleep(rng.uniform(0, 1.5))
    with suppress(psutil.Error, ProcessLookupError):
        if fault == "runner":
            process.kill()
        elif fault == "snapshot":
            held = bytearray(snapshot.read_bytes())
            held[4096 : len(held) // 2] = rng.randbytes(len(held) // 2 - 4096)
            snapshot.write_bytes(held)
        else:
            forked = [one for server in psutil.Process(process.pid).children() for one in server.children()]
            signum = signal.SIGKILL if fault == "kill" else signal.SIGSTOP
            if forked:
                rng.choice(forked).send_signal(signum)


def check_shelf(folder: Path, where: str) -> None:
    """Every page is whole and passes its checks, every line of the record tells of what is there."""
    pages = [path for path in (folder / "warehouse").rglob("*.html") if not path.name.endswith(".failed.html")]
    for path in pages:
        notebook = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
        assert proof.faults(path.read_text(), notebook) == [], (where, path)
    there = {sha256(path.read_bytes()).hexdigest() for path in pages}
    for line in (folder / record.RUNS).read_text().splitlines() if (folder / record.RUNS).exists() else ():
        run = json.loads(line)
        assert "due" in run or run["end"] in page.ENDS or run["end"] in record.GOOD, (where, run)
        assert run.get("end") != "published" or run["page_hash"] in there, (where, run)
