"""A query on a live database is a source like a file: same checks, same account, asked once and read-only."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from conftest import whole

from retail_analytics.errors import SourceError
from retail_analytics.sources import databases
from retail_analytics.sources.checking import unused_columns
from retail_analytics.sources.databases import answer_to, read_answer
from retail_analytics.sources.plan import Query, read_plan
from retail_analytics.warehouse import load, open_warehouse

TABLES = """
CREATE TABLE incidents (incident_id text, kind text, occurred_on date, loss numeric, attempted boolean, note text);
INSERT INTO incidents VALUES
  ('I1', 'theft', '2025-01-01', 10.50, false, 'took' || chr(10) || '"cheese", =1+1'),
  ('I2', 'shopliftng', '2025-01-02', NULL, NULL, NULL),
  ('I3', 'fraud', '2025-01-03', -5, true, ''),
  ('I1', 'theft', '2025-01-09', 1, false, 'again');
CREATE TABLE secret (name text); CREATE SEQUENCE numbers;
CREATE ROLE reader LOGIN; GRANT SELECT ON incidents TO reader;
CREATE ROLE locked LOGIN PASSWORD 'pa:ss word'; GRANT SELECT ON incidents TO locked;
"""
OURS = "SELECT incident_id, kind, occurred_on, loss, attempted FROM incidents"


@pytest.fixture(scope="module")
def server():
    """The folder of the socket of a server of our own, of the newest version installed, with one database."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    programs = versions[-1].parent if versions else Path(shutil.which("pg_ctl") or "none").parent
    assert (programs / "initdb").is_file(), (
        "No PostgreSQL server found. Install one (Debian: apt-get install postgresql) and run again."
    )
    # Not in tmp_path: the server does not run as root, and the path of a socket is at most 107 bytes long.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    data = folder / "data"
    other = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    if other:
        shutil.chown(folder, **other)

    def run(*command):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, **other)
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run(programs / "initdb", "-D", data, "-U", "owner", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        rules = data / "pg_hba.conf"
        rules.write_text("local all locked scram-sha-256\nlocal all all trust\n")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        run(programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            with psycopg.connect(f"postgresql://owner@/postgres?host={folder}", autocommit=True) as owner:
                owner.execute("CREATE DATABASE loss_prevention")
            with psycopg.connect(f"postgresql://owner@/loss_prevention?host={folder}") as owner:
                owner.execute(TABLES)
            yield folder
        finally:
            run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def address(server: Path, user: str = "reader", database: str = "loss_prevention") -> str:
    return f"postgresql://{user}@/{database}?host={server}"


def written(folder: Path, server: Path, query: str = OURS, **changes) -> Path:
    entry = {"database": address(server), "query": query, "table": "incidents", "name": "lp_cases"} | changes
    lines = [f"{key}: {value!r}" for key, value in entry.items()]
    (folder / "load.yaml").write_text("files:\n  - {" + ", ".join(lines) + "}\n")
    return folder


def loaded(folder: Path):
    done = load(folder / "warehouse", read_plan(folder)[1], title="Toy")
    return next(f for f in done.files if f.file == "lp_cases"), open_warehouse(folder / "warehouse")


def test_rows_of_a_query_are_checked_kept_and_refused_as_those_of_a_file(server, tmp_path, monkeypatch):
    for fetched in (20_000, 2):
        monkeypatch.setattr(databases, "FETCHED", fetched)
        (tmp_path / str(fetched)).mkdir()
        done, warehouse = loaded(written(tmp_path / str(fetched), server))
        assert (done.table, done.outcome, done.read, done.kept, done.refused, done.left_out, done.new) == (
            "incidents", "loaded", 4, 1, 3, 0, 1,
        )  # fmt: skip
        assert warehouse.sql("SELECT file, line, text, reasons FROM refused ORDER BY line").rows() == [
            ("lp_cases", 2,
             '{"incident_id": "I2", "kind": "shopliftng", "occurred_on": "2025-01-02", "loss": "", "attempted": ""}',
             ["column kind: 'shopliftng' is not one of theft, fraud, violence, threat, robbery, burglary, damage, "
              "disorder, cyber, other"]),
            ("lp_cases", 3,
             '{"incident_id": "I3", "kind": "fraud", "occurred_on": "2025-01-03", "loss": "-5", "attempted": "true"}',
             ["column loss: '-5' is below 0"]),
            ("lp_cases", 4,
             '{"incident_id": "I1", "kind": "theft", "occurred_on": "2025-01-09", "loss": "1", "attempted": "false"}',
             ["incident_id 'I1' stands already on row 1"]),
        ]  # fmt: skip
        assert warehouse.sql("SELECT incident_id, kind, occurred_on::VARCHAR, loss, attempted FROM raw_incidents").rows() == [
            ("I1", "theft", "2025-01-01", 10.5, False)]  # fmt: skip
        left = {p.suffix for p in (tmp_path / str(fetched) / "warehouse").iterdir() if p.name != "CURRENT"}
        assert left <= {".duckdb", ""}  # nothing of the answer stays


def test_an_unchanged_answer_in_any_order_is_unchanged_and_a_changed_one_is_not(server, tmp_path):
    assert loaded(written(tmp_path, server))[0].outcome == "loaded"
    assert loaded(tmp_path)[0].outcome == "unchanged"
    assert loaded(written(tmp_path, server, OURS + " ORDER BY occurred_on DESC"))[0].outcome == "unchanged"
    done, warehouse = loaded(written(tmp_path, server, OURS + " WHERE loss > 0 ORDER BY occurred_on DESC"))
    assert (done.outcome, done.read, done.kept, done.updated) == ("loaded", 2, 1, 1)
    assert warehouse.sql("SELECT occurred_on::VARCHAR FROM raw_incidents").rows() == [("2025-01-09",)]
    assert loaded(written(tmp_path, server, OURS.replace("loss", "2 * loss AS loss") + " WHERE loss > 0"))[0].outcome == "loaded"


def test_a_mapping_is_used_on_a_query_and_its_percent_signs_and_semicolon_are_its_own(server, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "table: incidents\n"
        "leave_out: {when: row_number() OVER () > 2, because: two are enough}\n"
        "columns: {incident_id: id, kind: {from: kind, values: {Shoplifting: theft}}, occurred_on: day,"
        " attempted: {from: attempted, values: {true: true, false: false}}}\n"
    )
    query = ("SELECT incident_id || '-' || loss AS id, 'Shoplifting' AS kind, occurred_on::timestamptz AS day, attempted "
             "FROM incidents WHERE kind LIKE '%t%' AND loss IS NOT NULL;").replace("'", "''")  # fmt: skip
    plan = f"files:\n  - {{database: '{address(server)}', query: '{query}', mapping: mine.yaml, name: lp_cases}}\n"
    (tmp_path / "load.yaml").write_text(plan)
    done, warehouse = loaded(tmp_path)
    assert (done.read, done.kept, done.refused, done.left_out) == (2, 2, 0, 0)
    assert warehouse.sql("SELECT incident_id, kind, attempted FROM raw_incidents ORDER BY 1").rows() == [
        ("I1-1", "theft", False), ("I1-10.50", "theft", False)]  # fmt: skip


def test_every_value_is_text_in_one_notation_whatever_the_settings_of_the_database(server, tmp_path):
    with psycopg.connect(address(server, "owner"), autocommit=True) as owner:
        for setting in ("datestyle = 'German, DMY'", "timezone = 'Asia/Tokyo'", "bytea_output = 'escape'", "extra_float_digits = -3"):
            owner.execute(f"ALTER ROLE reader SET {setting}")
    query = r"""SELECT DATE '2025-03-04', TIMESTAMPTZ '2025-03-04 05:06:07+00', 0.1::float8 + 0.2, 1.50::numeric, true,
                NULL, 'ü', '\x00ff'::bytea, INTERVAL '1 day 2 hours', ARRAY[1, 2], '{"a": 1}'::jsonb, 'a'::char(3)"""
    names = [f"c{n}" for n in range(12)]
    asked = Query(address(server), f"SELECT * FROM ({query}) AS t ({', '.join(names)})", "notations")
    text = read_answer(answer_to(asked, tmp_path))
    assert text.header == names
    assert whole(text).rows.rows() == [
        ("2025-03-04", "2025-03-04 05:06:07+00", "0.30000000000000004", "1.50", "true",
         "", "ü", "\\x00ff", "P1DT2H", "{1,2}", '{"a": 1}', "a  ", 1)]  # fmt: skip


def test_a_long_answer_arrives_in_parts_numbered_through(server, tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "FETCHED", 700)
    asked = Query(address(server), "SELECT n AS id FROM generate_series(1, 2000) AS n", "long")
    said = []
    monkeypatch.setattr(databases, "SILENCE", 0)
    text = read_answer(answer_to(asked, tmp_path, said=said.append))
    assert said == [f"long: {n} rows fetched" for n in ("700", "1,400", "2,000")]
    batches = list(text.batches)
    assert [b.rows.height for b in batches] == [700, 700, 600] and batches[-1].share == 1
    assert all(b.rows["id"].cast(int).to_list() == b.rows["_line"].to_list() for b in batches)
    assert text.records_at({1, 700, 701, 2000}) == {n: f'{{"id": "{n}"}}' for n in (1, 700, 701, 2000)}
    empty = read_answer(answer_to(Query(address(server), OURS + " WHERE false", "none"), tmp_path))
    assert whole(empty).rows.height == 0 and len(empty.header) == 5


def test_what_a_function_of_a_query_has_done_is_undone(server, tmp_path):
    asked = Query(address(server, "owner"), "SELECT lo_create(0) AS made", "made")
    try:
        assert answer_to(asked, tmp_path).parts == 1
    except SourceError as error:  # servers from 16 on count it as writing
        assert "cannot execute lo_create() in a read-only transaction" in str(error)
    with psycopg.connect(address(server, "owner")) as owner:
        assert owner.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT * FROM incidnts", 'lp_cases: the database refuses the query: relation "incidnts" does not exist. Correct'),
        ("SELECT knd FROM incidents", 'column "knd" does not exist (Perhaps you meant to reference the column "incidents.kind".)'),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT * FROM secret", "permission denied for table secret. Correct it, or ask for the right to read"),
        ("DELETE FROM incidents", 'syntax error at or near "DELETE"'),
        ("SELECT 1; COMMIT; DELETE FROM incidents", "cannot insert multiple commands into a prepared statement"),
        ("WITH gone AS (DELETE FROM incidents RETURNING *) SELECT * FROM gone", "must not contain data-modifying statements"),
        ("SELECT set_config('transaction_read_only', 'off', false)", "transaction read-write mode must be set before any query"),
        ("SELECT nextval('numbers')", "cannot execute nextval() in a read-only transaction"),
        ("SELECT 1 / (3 - n) FROM generate_series(1, 9) AS n", "division by zero"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "terminating connection"),
        ("SELECT 1 AS a, 2 AS A", "column 'a' stands twice"),
        ("SELECT FROM incidents", "the query gives no columns"),
    ],
)  # fmt: skip
def test_a_query_that_the_database_refuses_is_one_sentence_and_changes_nothing(server, tmp_path, query, sentence):
    with pytest.raises(SourceError) as error:
        loaded(written(tmp_path, server, query, database=address(server, "reader" if "secret" in query else "owner")))
    assert sentence in str(error.value) and "\n" not in str(error.value)
    assert not list((tmp_path / "warehouse").glob("*.building*"))
    with psycopg.connect(address(server)) as reader:
        assert reader.execute("SELECT count(*) FROM incidents").fetchone() == (4,)


def test_a_server_a_database_or_a_password_that_is_not_there_is_one_sentence(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    for wrong, sentence in [
        (f"postgresql://reader@/x?host={tmp_path}", "No such file or directory"),
        ("postgresql://reader@127.0.0.1:9/x", "Connection refused"),
        (address(server, database="nowhere"), 'database "nowhere" does not exist'),
        (address(server, "nobody"), 'role "nobody" does not exist'),
        (address(server, "locked"), "no password supplied"),
    ]:
        with pytest.raises(SourceError) as error:
            loaded(written(tmp_path, server, database=wrong))
        assert str(error.value).startswith("lp_cases: no connection to the database: ")
        assert sentence in str(error.value) and "\n" not in str(error.value)
        assert str(error.value).endswith("a password comes from ~/.pgpass or PGPASSWORD.")


def test_a_password_comes_from_the_environment_or_a_file_and_never_from_the_plan(server, tmp_path, monkeypatch):
    written(tmp_path, server, database=address(server, "locked"))
    monkeypatch.setenv("PGPASSWORD", "pa:ss word")
    assert loaded(tmp_path)[0].read == 4
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pass").write_text("*:*:*:locked:pa\\:ss word\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    assert loaded(tmp_path)[0].outcome == "unchanged"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("postgresql://reader:hunter2@host/lp", "holds a password. Take it out and change it"),
        ("postgresql://host/lp?user=reader&pass%77ord=hunter2", "holds a password"),
        ("postgresql://reader:hunter2@h1,h2/lp", "holds a password"),
        ("postgresql://reader:hunter2/x@host/lp", "cannot be read"),
        ("host=db password=hunter2", "looks like postgresql://reader@db.example.com/loss_prevention"),
        ("mysql://reader:hunter2@host/lp", "looks like postgresql://"),
    ],
)
def test_an_address_with_a_password_is_refused_without_showing_it(tmp_path, wrong, sentence):
    with pytest.raises(SourceError) as error:
        read_plan(written(tmp_path, tmp_path, database=wrong))
    assert sentence in str(error.value) and "hunter2" not in str(error.value)


def test_the_entry_of_a_database_is_checked_and_its_day_is_the_day_it_is_asked(tmp_path):
    for changes, sentence in [
        ({"query": ""}, "a database needs a query, and a name to be accounted for by"),
        ({"name": " "}, "a database needs a query, and a name"),
        ({"qury": "x"}, "unknown key 'qury'. Did you mean 'query'"),
        ({"file": "x.csv"}, "unknown key 'database'"),
        ({"table": "incidnts"}, "Unknown table 'incidnts'. Did you mean 'incidents'"),
    ]:
        with pytest.raises(Exception, match=sentence):
            read_plan(written(tmp_path, Path("/nowhere"), **changes))
    plan = written(tmp_path, Path("/nowhere")) / "load.yaml"
    plan.write_text("known_on: 2025-01-01\n" + plan.read_text())
    file = read_plan(plan)[1][0]
    assert (file.name, file.known_on, unused_columns(file.contract, file.mapping, ["kind"])) == ("lp_cases", None, [])
