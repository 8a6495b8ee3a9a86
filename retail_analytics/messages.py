"""Every message that a catalogue must translate, and the catalogues brought up to date with them.

    python -m retail_analytics.messages

Messages stand in calls of `phrase`, `phrase_for` and `message`, in templates, in metrics, in the names of tables, and
in the markdown, titles and calls of the notebooks. New ones are added without a translation, changed ones as fuzzy
with the one they had; what is no longer said is kept at the end of the file, commented out.
"""

import ast
import json
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from retail_analytics.language import FOLDER, SAID
from retail_analytics.metrics import every_metric
from retail_analytics.sources.contracts import contracts

PACKAGE = Path(__file__).parent
NOTEBOOKS = PACKAGE.parent / "notebooks"


def messages() -> Catalog:
    """The messages, and where each stands."""
    found = Catalog(project="retail-analytics", charset="utf-8")
    for place, text in [*_of_code(), *_of_templates(), *_of_metrics(), *_of_contracts(), *_of_notebooks()]:
        found.add(text, locations=[(place, None)])
    return found


def updated(path: Path) -> bytes:
    """What the file of a catalogue holds with the messages that there are; its head stays."""
    held, body = path.read_bytes(), BytesIO()
    catalogue = read_po(BytesIO(held), locale=path.stem)
    catalogue.update(messages())
    write_po(body, catalogue, width=120, omit_header=True, sort_by_file=True, include_lineno=False)
    return held.partition(b"\n\n")[0] + b"\n\n" + body.getvalue().strip() + b"\n"


def _of_code():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Name("phrase" | "message"), [ast.Constant(text)]):
                    yield path.relative_to(PACKAGE).as_posix(), text
                case ast.Call(ast.Name("message"), [ast.Constant(one), ast.Constant(many)]):
                    yield path.relative_to(PACKAGE).as_posix(), (one, many)
                case ast.Call(ast.Name("phrase_for"), [_, ast.Constant(one), ast.Constant(many)]):
                    yield path.relative_to(PACKAGE).as_posix(), (one, many)


def _of_templates():
    environment = Environment()
    for path in sorted((PACKAGE / "publishing" / "page").glob("*.j2")):
        parsed = environment.parse(path.read_text(encoding="utf-8"))
        for _, _, text in extract_from_ast(parsed, ("phrase",)):
            yield path.relative_to(PACKAGE).as_posix(), text if isinstance(text, str) else text[0]


def _of_metrics():
    for metric in every_metric().values():
        for part in SAID:
            if getattr(metric, part, None):
                yield f"metrics/{metric.name}", getattr(metric, part)


def _of_contracts():
    return ((f"sources/contract/{name}.yaml", name.replace("_", " ")) for name in contracts())


def _of_notebooks():
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        yield path.name, notebook["metadata"]["retail_analytics"]["title"]
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                yield from ((path.name, part.lstrip("# ")) for part in source.split("\n\n"))
            else:
                yield from ((path.name, text) for text in _sentences(source))


def _sentences(source: str):
    """The texts in a cell that readers see: those that begin as a sentence does."""
    constants = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return (value for value in constants if isinstance(value, str) and value[:1].isupper())


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.po")):
        path.write_bytes(updated(path))
