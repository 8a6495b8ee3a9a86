"""What to do about a report that was not produced: for each way a run can end, in sentences, with the command."""

import shlex
from pathlib import Path

REPEAT = "Then run it again; nothing else is repeated."
STEPS = {
    "refused": [
        "Put right what is said above: the parameter in the request or in the pack, or the data, with a load.",
    ],
    "failed": [
        "Look at the cell named here: the executed notebook that lies beside this page holds it with its error.",
        "Put right the cell in the notebook or, if it stumbled over the data, the data, with a load.",
    ],
    "died": [
        "See to memory: fewer reports at the same time need less (--workers); what one report may hold is --memory, or "
        "limits: {memory_gb: 8} in its pack.",
        "If it was ended by chance, let it be tried again by itself: limits: {attempts: 2} in its pack.",
    ],
    "late": [
        "If it needs longer, give it longer: --deadline 1200, or limits: {seconds: 1200} in its pack.",
        "If it hangs, the cell named here is where.",
    ],
    "unsafe": [
        "Read what the checks found: the last lines on this page, one for each fault.",
        "Put right what shows it, a cell of the notebook or the data; do not send the notebook in place of the page.",
    ],
}  # fmt: skip


def steps(end: str, command: str) -> list[dict]:
    """What to do after a run that ended so, each a sentence; the last with the command that runs it again."""
    return [*({"text": text} for text in STEPS[end]), {"text": REPEAT, "command": command}]


def command(report: str, given: dict, *, warehouse: Path | str | None, batch: str | None) -> str:
    """What to type to run a report again as it was asked for; all that is left of a run of packs, if it was in one."""
    if batch:
        return f"retail-analytics run --resume {batch}"
    words = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
    if warehouse is not None:
        folder, here = Path(warehouse).resolve(), Path.cwd()
        words += ["--warehouse", str(folder.relative_to(here)) if folder.is_relative_to(here) else str(warehouse)]
    return shlex.join(["retail-analytics", "publish", report, *words])


def origins(parameters: dict, given: dict, *, batch: str | None) -> list[tuple[str, object, str]]:
    """Each parameter with its value and where that is from."""
    asked = "the pack" if batch else "the request"
    return [(name, value, _origin(name, value, given, asked)) for name, value in parameters.items()]


def _origin(name: str, value, given: dict, asked: str) -> str:
    if name not in given:
        return "newest complete month" if name == "last_month" else "the notebook's default"
    return asked if str(given[name]) == str(value) else f"{asked}, as {given[name]}"
