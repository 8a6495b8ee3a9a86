"""Mappings proposed for unknown exports: what is sure is taken, what is not is asked or refused, nothing is silent."""

import csv
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from retail_analytics.sources.contracts import contract_of
from retail_analytics.sources.files import read_file
from retail_analytics.sources.mapping import read_mapping
from retail_analytics.sources.plan import source_file
from retail_analytics.sources.proposing import every_guess, looked_at, proposed
from retail_analytics.warehouse import load, open_warehouse

EXPORT = """Fallnummer;Case Ref;Shop;Incident Type;Date of Incident;Reported;Amount Stolen;Officer
1;A-1;0012;Shoplifting;31.10.2026;02.11.2026 08:15;1.234,50;Meier
2;A-2;0012;Robbery;01.11.2026;02.11.2026 09:00;80,00;Meier
3;A-3;0007;Bike ride;13.11.2026;14.11.2026 10:30;7,00;Huber
"""


def run(folder: Path, *words: str, keys: str | None = None) -> tuple[int, str]:
    """The command as a person runs it: on a terminal that answers with `keys`, or with none."""
    command = [sys.executable, "-m", "retail_analytics", "map", *words]
    if keys is None:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr
    master, terminal = pty.openpty()
    with subprocess.Popen(command, cwd=folder, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as on:
        os.close(terminal)
        os.write(master, keys.encode())
        said = on.communicate(timeout=120)[0].decode()
    os.close(master)
    return on.returncode, said


def guesses(folder: Path, table: str, text: str) -> dict:
    (folder / "export.csv").write_text(text, encoding="utf-8")
    read = read_file(folder / "export.csv", {}, said_in="options")
    contract = contract_of(table)
    return {one.ours: one for one in proposed(contract, every_guess(contract, read.header, looked_at(read)))}


def test_names_values_and_notations_are_recognised(tmp_path):
    found = guesses(tmp_path, "incidents", EXPORT)
    assert found["store_id"].column == {"from": "Shop"}
    assert found["occurred_on"].column == {"from": "Date of Incident", "format": "%d.%m.%Y"}
    assert found["loss"].column == {"from": "Amount Stolen", "number": {"decimal": ",", "thousands": "."}}
    assert found["kind"].column == {"from": "Incident Type", "values": {"Robbery": "robbery", "Shoplifting": "theft"}}
    assert (found["kind"].unknown, found["kind"].confidence < 1) == (("Bike ride",), True)
    assert found["region"].column == {} and found["region"].confidence == 0


@pytest.mark.parametrize(
    ("values", "column", "formats"),
    [
        (["03/04/2026", "05/06/2026"], {"format": "%d/%m/%Y"}, ("%d/%m/%Y", "%m/%d/%Y")),
        (["03/14/2026", "05/06/2026"], {"format": "%m/%d/%Y"}, ("%m/%d/%Y",)),
        (["2026-03-14", "2026-05-06"], {}, ("%Y-%m-%d",)),
        (["1793404800", "1793491200"], {"format": "epoch_s"}, ()),
        (["1793404800000", "1793491200000"], {"format": "epoch_ms"}, ()),
        (["2026-03", "2026-04"], {"format": "%Y-%m"}, ("%Y-%m",)),
    ],
)
def test_days_are_read_in_the_one_way_that_fits_all_and_two_ways_are_never_chosen_between(tmp_path, values, column, formats):
    text = "incident_id,kind,occurred_on\n" + "".join(f"I{n},theft,{day}\n" for n, day in enumerate(values))
    guess = guesses(tmp_path, "incidents", text)["occurred_on"]
    assert (guess.column, guess.formats) == ({"from": "occurred_on"} | column, formats)
    assert (guess.confidence < 0.75) == (len(formats) > 1)


def test_without_a_terminal_only_sure_guesses_stand_and_a_required_one_that_is_not_is_an_error(tmp_path):
    (tmp_path / "cases.csv").write_text(EXPORT.replace("31.10.2026", "01.10.2026").replace("13.11", "12.11").replace(".", "/"))
    code, said = run(tmp_path, "cases.csv", "--table", "incidents", "-o", "mine.yaml")
    assert code == 2 and not (tmp_path / "mine.yaml").exists() and said.count("\n") == 1
    assert said.startswith("Error: No column is surely ") and "Nearest: '" in said and "%)" in said


def test_a_proposal_can_be_loaded_and_says_how_sure_it_is(tmp_path):
    exports = Path(__file__).parent / "mappings" / "lp_cases.csv"
    code, said = run(tmp_path, str(exports), "--table", "incidents", "-o", "mine.yaml")
    assert code == 0, said
    text = (tmp_path / "mine.yaml").read_text()
    assert "%: called like 'Case Number'" in text and "# region: nothing in the file is like it" in text
    assert read_mapping("mine.yaml", beside=tmp_path).columns["incident_id"] == {"from": "Case Number"}
    load(tmp_path / "warehouse", [source_file(exports, mapping="mine.yaml", beside=tmp_path)])
    kept = open_warehouse(tmp_path / "warehouse").sql("SELECT DISTINCT kind FROM incidents")["kind"].to_list()
    assert "theft" in kept


def test_on_a_terminal_each_guess_is_asked_about(tmp_path):
    (tmp_path / "cases.csv").write_text(EXPORT, encoding="utf-8")
    answers = {"incident_id": "Fallnummer", "reference": "Case Ref", "entered_on": "Reportet\nReported", "kind": ""}
    keys = "".join(answers.get(ours, "-" if ours not in ("store_id", "occurred_on", "loss") else "") + "\n"
                   for ours in contract_of("incidents").fields)  # fmt: skip
    code, said = run(tmp_path, "cases.csv", "--table", "incidents", "-o", "mine.yaml", keys=keys)
    assert code == 0, said
    assert "Unknown column 'Reportet'. Did you mean 'Reported'?" in said and "Values: Shoplifting, Robbery" in said
    columns = read_mapping("mine.yaml", beside=tmp_path).columns
    assert columns["incident_id"] == {"from": "Fallnummer"}
    assert columns["entered_on"] == {"from": "Reported", "format": "%d.%m.%Y %H:%M"}
    assert set(columns) == {"incident_id", "reference", "store_id", "kind", "occurred_on", "entered_on", "loss"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["export.csv", "--table", "incident", "-o", "m.yaml"], "Unknown table 'incident'. Did you mean 'incidents'?"),
        (["none.csv", "--table", "incidents", "-o", "m.yaml"], "There is no file none.csv."),
        (["export.csv", "--table", "incidents", "-o", "export.csv"], "export.csv is no YAML file."),
    ],
)
def test_a_wrong_request_is_one_sentence(tmp_path, words, sentence):
    with (tmp_path / "export.csv").open("w") as file:
        csv.writer(file).writerows([["a", "b"], ["1", "2"]])
    code, said = run(tmp_path, *words)
    assert code == 2 and said.startswith(f"Error: {sentence}") and said.count("\n") == 1
