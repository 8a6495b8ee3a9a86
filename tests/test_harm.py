"""A load harms nobody: killed at any moment, on a full disk, or while others read."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from retail_analytics.warehouse import list_snapshots, open_warehouse, snapshots

KILLS = int(os.environ.get("RETAIL_KILLS", "8"))  # 100 for a thorough run
PUBLISHED = max(5, KILLS // 5)
LOAD = """
import resource, sys
from datetime import date
from pathlib import Path
from retail_analytics.errors import WorkbenchError
from retail_analytics.sources import plan
from retail_analytics.sources.plan import source_file
from retail_analytics.warehouse import load

plan.REFERENCES = {}
folder, most = Path(sys.argv[1]), int(sys.argv[2])
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    for name in sys.argv[3:]:
        file = source_file(folder / name, mapping="own", table="incidents", known_on=date(2025, 6, 30))
        load(folder / "warehouse", [file], title="Toy", said=lambda line: print(line, flush=True))
except WorkbenchError as error:
    sys.exit(str(error))
"""
READ = """
import sys
from pathlib import Path
from retail_analytics.warehouse import open_warehouse

folder, seen = Path(sys.argv[1]), set()
while not (folder / "done").exists():
    shop = open_warehouse(folder / "warehouse")
    clean, raw, told = [shop.sql(q).item() for q in (
        "SELECT count(*) FROM incidents", "SELECT count(*) FROM raw_incidents", "SELECT sum(kept)::BIGINT FROM account")]
    assert clean == raw == told, (clean, raw, told)
    seen.add(shop.snapshot)
    shop.engine.disconnect()
print(len(seen))
"""


def month(folder: Path, name: str, rows: int) -> str:
    body = "".join(f"{name}{n},theft,2025-01-{n % 28 + 1:02}\n" for n in range(rows))
    (folder / name).write_text("incident_id,kind,occurred_on\n" + body)
    return name


def started(folder: Path, *names: str, most: int = 0) -> subprocess.Popen:
    command = [sys.executable, "-c", LOAD, str(folder), str(most), *names]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(folder: Path, *names: str) -> None:
    child = started(folder, *names)
    assert (child.wait(), child.stderr.read()) == (0, "")


def every_snapshot_is_complete(folder: Path) -> None:
    for found in list_snapshots(folder / "warehouse"):
        shop = open_warehouse(folder / "warehouse" / f"{found['snapshot']}.duckdb")
        counts = [shop.sql(f"SELECT count(*) FROM {t}").item() for t in ("incidents", "raw_incidents")]
        assert counts == [shop.sql("SELECT sum(kept)::BIGINT FROM account").item()] * 2
        shop.engine.disconnect()


def test_a_load_killed_at_any_moment_leaves_complete_snapshots_and_the_next_one_cleans_up(tmp_path):
    chance = random.Random(os.urandom(8))
    finished(tmp_path, month(tmp_path, "first.csv", 1000))
    began = time.monotonic()
    finished(tmp_path, month(tmp_path, "second.csv", 30_000))
    seconds, killed = time.monotonic() - began, 0
    for turn in range(KILLS):
        before = open_warehouse(tmp_path / "warehouse").snapshot
        child = started(tmp_path, month(tmp_path, f"month{turn}.csv", 30_000))
        stage = chance.randrange(3)  # lines that it has said: of what was checked, of the tables that it builds
        for _ in range(stage):
            child.stdout.readline()
        time.sleep(seconds * chance.uniform(0, 0.8 if stage == 0 else 0.15))
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        after = open_warehouse(tmp_path / "warehouse").snapshot
        assert after >= before
        every_snapshot_is_complete(tmp_path)
    assert killed > KILLS / 4, "the loads had ended before they were killed"
    finished(tmp_path, month(tmp_path, "last.csv", 10))
    every_snapshot_is_complete(tmp_path)
    stray = [p.name for p in (tmp_path / "warehouse").iterdir() if p.suffix != ".duckdb"]
    assert sorted(stray) == [".lock", "CURRENT"]


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: a full disk needs a limit on the size of files")
def test_a_load_that_finds_no_room_says_so_in_one_sentence_and_leaves_the_current_snapshot(tmp_path):
    finished(tmp_path, month(tmp_path, "first.csv", 1000))
    before = open_warehouse(tmp_path / "warehouse")
    size = before.path.stat().st_size
    month(tmp_path, "big.csv", 200_000)
    for room in (size // 2, size + 4096, size + (1 << 20)):  # no room to copy, to begin, to end
        child = started(tmp_path, "big.csv", most=room)
        _, said = child.communicate()
        assert child.returncode == 1 and len(said.strip().splitlines()) == 1 and "Traceback" not in said, said
        assert open_warehouse(tmp_path / "warehouse").path == before.path
        every_snapshot_is_complete(tmp_path)
    finished(tmp_path, "big.csv")
    assert open_warehouse(tmp_path / "warehouse").sql("SELECT count(*) FROM incidents").item() == 201_000
    assert list((tmp_path / "warehouse").glob("*building*")) == []


def test_eight_processes_that_read_while_loads_publish_see_one_snapshot_at_each_opening(tmp_path):
    finished(tmp_path, month(tmp_path, "month0.csv", 500))
    readers = [
        subprocess.Popen([sys.executable, "-c", READ, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    try:
        finished(tmp_path, *(month(tmp_path, f"month{n}.csv", 500 + n) for n in range(1, PUBLISHED + 1)))
    finally:
        (tmp_path / "done").touch()
    with ThreadPoolExecutor(8) as waiting:
        answers = list(waiting.map(lambda reader: reader.communicate(timeout=60), readers))
    assert [error for _, error in answers] == [""] * 8
    assert sum(int(seen) for seen, _ in answers) > 8, "no reader saw a second snapshot"
    assert len(list_snapshots(tmp_path / "warehouse")) == min(PUBLISHED + 1, snapshots.KEPT)
