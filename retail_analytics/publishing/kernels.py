"""Kernels that start warm: forked from a process that has imported everything, not started anew.

The process that is forked is multiprocessing's fork server; `warm.py` is what it imports. jupyter_client finds
`WarmKernel` by its entry point, so that papermill and nbclient run it like any kernel. Where there is no fork, or it
does not work, an ordinary kernel is started.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty
from threading import Thread

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import LocalProvisioner

NAME = "retail-analytics-warm"
CHOSEN_BY = "JUPYTER_DEFAULT_PROVISIONER_NAME"  # jupyter_client's variable
CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()


@cache
def processes() -> BaseContext:
    """How processes are made here: forked from one that is warm, or started anew."""
    context = multiprocessing.get_context("forkserver" if CAN_FORK else "spawn")
    if CAN_FORK:
        context.set_forkserver_preload(["retail_analytics.publishing.warm"])
    return context


def warm_up() -> None:
    """Begin to make the process that is forked, while something else is done."""
    if CAN_FORK:
        processes()
        forkserver.ensure_running()


class PromptClient(AsyncKernelClient):
    """A client that does not wait a fifth of a second for what a new kernel might have said before its first cell."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Until the kernel answers on both channels. Raises RuntimeError if it has died or takes too long."""
        until = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < until and await self._async_is_alive():
            self.kernel_info()
            with suppress(Empty):
                reply = await self.shell_channel.get_msg(timeout=1)
                await self.iopub_channel.get_msg(timeout=0.2)  # now its outputs are heard, too
                return self._handle_kernel_info_reply(reply)
        raise RuntimeError("the kernel did not answer")


@dataclass(frozen=True)
class Kernel:
    """A process that becomes a kernel when it is told its arguments, folder and environment."""

    pid: int
    talk: Connection

    def become(self, argv: list[str], cwd: str, env: dict[str, str]) -> None:
        """Raises EOFError or OSError if it has died."""
        self.talk.send((argv, cwd, env))
        self.talk.recv()  # its sockets are there


class WarmKernel(LocalProvisioner):
    """A kernel that was forked for this process, the first time; else an ordinary one, of which `started` is told."""

    forked: Kernel | None = None
    started: Callable[[int], None] = staticmethod(lambda pid: None)

    async def launch_kernel(self, cmd: list[str], **kwargs):
        """The kernel's connection info, as jupyter_client asks."""
        kernel, WarmKernel.forked = WarmKernel.forked, None
        if kernel is None:
            info = await super().launch_kernel(cmd, **kwargs)
            self.started(self.pid)
            return info
        kernel.become(cmd[cmd.index("-f") :], kwargs.get("cwd") or os.getcwd(), kwargs["env"])
        self.process = _Process(kernel)
        self.pid = self.pgid = kernel.pid
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """End it, and do not wait for the end of one that was forked: who has forked it does."""
        if isinstance(self.process, _Process):
            self.process.kill()
        else:
            await super().kill(restart=restart)


class _Process:
    """A forked kernel as jupyter_client handles a process; it is no child of ours, so that it tells no exit code."""

    stdin = stdout = stderr = None

    def __init__(self, kernel: Kernel):
        self.kernel, self.pid, self.killed = kernel, kernel.pid, False

    def poll(self) -> int | None:
        # Only its end is heard any more; a child of it may keep the line open.
        gone = self.killed or self.kernel.talk.poll()
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            gone = True
        return -signal.SIGKILL if gone else None

    def wait(self, timeout: float | None = None) -> int | None:
        if not self.killed:
            wait([self.kernel.talk], timeout)
        return self.poll()

    def send_signal(self, signum: int) -> None:
        os.kill(self.pid, signum)

    def kill(self) -> None:
        end_group(self.pid)
        self.killed = True

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def fork_kernel() -> tuple[BaseProcess | None, Kernel | None]:
    """A process that is about to be a kernel, and what another process needs to make it one; None: no fork here."""
    if not CAN_FORK:
        return None, None
    ours, theirs = processes().Pipe()
    process = processes().Process(target=_serve, args=(theirs,))
    process.start()
    theirs.close()
    return process, Kernel(process.pid, ours)


def apart(log: Path, *, then: Callable[[], None] = lambda: None) -> None:
    """Make this process one of its own: a new session, its words in a file, an end as soon as its parent ends.

    It does `then` before.
    """
    if hasattr(os, "setsid"):
        os.setsid()
    with open(os.devnull, "rb") as nothing, open(log, "ab") as file:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)

    def end() -> None:
        wait([multiprocessing.parent_process().sentinel])
        then()
        end_group(os.getpid())

    Thread(target=end, daemon=True).start()


def end_group(pid: int) -> None:
    """Kill a process and all of its group, stopped ones too; one that is gone is no error."""
    for kill in (getattr(os, "killpg", None), os.kill):
        try:
            if kill:
                kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        except (ProcessLookupError, PermissionError):
            pass


def _serve(talk: Connection) -> None:
    """The life of a forked kernel."""
    import numpy
    from ipykernel.kernelapp import IPKernelApp

    apart(Path(os.devnull))
    try:
        argv, cwd, env = talk.recv()
    except EOFError:
        return
    os.environ.clear()
    os.environ.update({name: value for name, value in env.items() if name not in (CHOSEN_BY, "JPY_PARENT_PID")})
    os.chdir(cwd)
    tempfile.tempdir = None  # as the environment says
    sys.argv = ["ipykernel_launcher.py", *argv]
    numpy.random.seed()  # or every kernel would draw the same numbers
    kernel = IPKernelApp.instance()
    kernel.initialize(argv)
    talk.send("ready")
    kernel.start()
