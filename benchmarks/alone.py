"""A piece of work in a process of its own: how long it took, and how much memory it needed.

Imports nothing of ours, so that it runs in another project's environment too.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def alone(work: str, folder: Path, *, python: Sequence[str] = (sys.executable,)) -> tuple[float, float]:
    """Seconds of `work(folder)` itself, and the peak memory in GB of the process that did it.

    `work` is a function by its full name, so that this process need not be able to import it.
    """
    module, name = work.rsplit(".", 1)
    task = f"from {module} import {name}; from benchmarks.alone import measured; measured({name}, {str(folder)!r})"
    said = subprocess.run([*python, "-c", task], check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, peak = said.split()[-2:]
    return float(seconds), float(peak)


def measured(work: Callable[[Path], None], folder: str) -> None:
    began = time.perf_counter()
    work(Path(folder))
    seconds = time.perf_counter() - began
    # Not getrusage: its peak begins at the memory of the process that started this one.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]
    print(seconds, int(peak) / 1e6)
