"""Every error a person can meet.

    WorkbenchError              base; its text is one sentence with a next step
    ├── SourceError             a file or mapping cannot be read as what it was said to be
    ├── WarehouseError          a warehouse or snapshot is missing, busy or damaged
    ├── UnknownName             a metric, column, report, scope … that does not exist
    └── ParameterError          a value that a report cannot be run with

The command line prints them without a traceback and exits with 2: the request itself was wrong.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches


class WorkbenchError(Exception):
    """Base of all errors that are meant for a person."""


class SourceError(WorkbenchError):
    """A file, mapping or contract that cannot be read as what it was said to be."""


class WarehouseError(WorkbenchError):
    """A warehouse or snapshot that is missing, busy or damaged."""


class UnknownName(WorkbenchError):
    """A name that does not exist, with the nearest one that does."""

    def __init__(self, what: str, name: str, known: Iterable[str], **more):
        super().__init__(f"Unknown {what} '{name}'.{did_you_mean(name, known, **more)}")


class ParameterError(WorkbenchError):
    """A parameter value that a report cannot be run with."""


def did_you_mean(name: str, known: Iterable[str], *, besides: Collection[str] = (), called: str = "") -> str:
    """' Did you mean 'x'? Known: …' for the end of a sentence; '' when nothing is known.

    `besides` are ids that may be meant too, and are too many to be listed: it is said how many of what they are
    `called` there are.
    """
    known = sorted(set(map(str, known)))
    shortened = [one for one in besides if one.lstrip("0") == str(name).lstrip("0")]  # spreadsheets drop leading zeros
    near = shortened[:1] or get_close_matches(str(name), [*known, *besides], n=1, cutoff=0.6)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    shown = ", ".join(known[:30]) + (f" and {len(known) - 30} more" if len(known) > 30 else "")
    if besides:
        shown += f" and {len(besides):,} {called}{'s' * (len(besides) > 1)} by id"
    return f"{hint} Known: {shown}." if known else hint
