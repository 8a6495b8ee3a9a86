"""What must never be shown: secrets, known by their shape or as values of this process's environment.

Environment variables whose name speaks of a secret count, and those that RETAIL_SECRETS names (with commas between).
"""

import os
import re

from retail_analytics.errors import ParameterError
from retail_analytics.publishing.parameters import Report

LISTED = "RETAIL_SECRETS"
NAME = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|(api|access|private|auth)_?key|connection_?string", re.IGNORECASE
)
ELSE = "Parameters are shown on the page: let the notebook read secrets from the environment."
SHORTEST = 6  # letters: shorter values stand in any text by chance
# What a secret is, letters of which some stand in every one (to look for them costs next to nothing), and its shape.
SHAPES = {
    "an AWS key": (("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a GitHub token": (("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
                       r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    "a GitLab token": (("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Slack token": (("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "a Google key": (("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    "a Stripe key": (("k_live_",), r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    "a private key": (("PRIVATE KEY-----",), r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a JSON web token": ((".eyJ",), r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    "an address with a password": (("://",), r"://[^/\s:@\"<>]+:[^/\s@\"<>]+@"),
    "an Azure key": (("AccountKey=",), r"\bAccountKey=[A-Za-z0-9+/=]{40,}"),
}


def refuse_secrets(asked: Report, values: dict[str, object]) -> None:
    """Raises ParameterError if a parameter is a secret by its name or value; the value is not repeated."""
    for name in asked.parameters:
        if NAME.search(name):
            raise ParameterError(f"{asked.name}: the parameter {name} would be a secret. {ELSE}")
    for name, value in values.items():
        for what in _found(str(value)):
            raise ParameterError(f"{asked.name}: the value of {name} is {what}. {ELSE}")


def shown_secrets(text: str) -> list[str]:
    """A sentence for each secret that stands in a page or notebook."""
    return [f"The page or its notebook would show {what}." for what in _found(text)]


def hidden(text: str) -> str:
    """The text without any secret."""
    for value in _values().values():
        text = text.replace(value, "[hidden]")
    for _, shape in SHAPES.values():
        text = re.sub(shape, "[hidden]", text)
    return text


def _found(text: str) -> list[str]:
    of_environment = [f"the value of the variable {name}" for name, value in _values().items() if value in text]
    return of_environment + [
        what for what, (marks, shape) in SHAPES.items() if any(m in text for m in marks) and re.search(shape, text)
    ]


def _values() -> dict[str, str]:
    listed = {name.strip() for name in os.environ.get(LISTED, "").split(",")}
    return {
        name: value
        for name, value in os.environ.items()
        if (name in listed or NAME.search(name)) and len(value) >= SHORTEST and name != LISTED
    }
