from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from tunesmith.collect.base import Place
from tunesmith.collect.tables import DatabaseSource
from tunesmith.collect.tables.address import problem_of, written_password
from tunesmith.errors import SourceError
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TEXT = {"question": "{q}", "answer": "{a}"}


def source(url: str, **settings: Any) -> DatabaseSource:
    given = {"name": "db", "url": url, "key": "id", **settings}
    if "query" not in given:
        given.setdefault("table", "faq")
    if not {"text", "question", "pairs"} & given.keys():
        given |= TEXT
    return DatabaseSource(**given)


def collect(one: DatabaseSource, base: Path, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    folder.mkdir(exist_ok=True)
    one.gather(base, folder)
    chunks = [
        chunk
        for piece in one.pieces(base, folder, Seen(folder / "seen.json"))
        for chunk in one.read(Place(piece.stretches, NOW))
    ]
    return pl.concat([c.frame for c in chunks]), pl.concat([c.fates for c in chunks])


def digests(one: DatabaseSource, base: Path, folder: Path) -> set[str]:
    folder.mkdir(exist_ok=True)
    one.gather(base, folder)
    return {piece.digest for piece in one.pieces(base, folder, Seen(folder / "seen.json"))}


def fill(path: Path, rows: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE faq (id INTEGER PRIMARY KEY, q TEXT, a TEXT, price REAL, updated TEXT)"
        )
        connection.executemany(
            "INSERT INTO faq VALUES (?, ?, ?, ?, ?)",
            [
                (n, f"question {n}?", f"answer {n}", n / 2, f"2026-01-01T00:00:{n % 60:02}")
                for n in range(rows)
            ],
        )
    connection.close()


def change(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


# ── SQLite ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("driver", ["sqlalchemy", "adbc"])
def test_a_table_becomes_pairs_with_their_place_and_key(tmp_path, driver) -> None:
    fill(tmp_path / "s.db", 10)
    one = source("sqlite:///s.db", driver=driver, columns={"id": "id"})
    assert one.problems(tmp_path) == []
    frame, fates = collect(one, tmp_path, tmp_path / "kept")
    assert fates.height == 0
    row = frame.row(3, named=True)
    assert (row["question"], row["answer"], row["source_id"]) == ("question 3?", "answer 3", "3")
    assert row["file"] == "db:faq"
    assert row["position"].endswith(" row 4")
    assert {item["key"]: item["value"] for item in row["extra"]}["price"] == "1.5"


def test_a_changed_row_changes_one_piece_and_no_identifier_but_its_own(tmp_path) -> None:
    fill(tmp_path / "s.db", 40_000)
    one, kept = source("sqlite:///s.db"), tmp_path / "kept"
    before_rows, _ = collect(one, tmp_path, kept)
    before = digests(one, tmp_path, kept)
    assert len(before) > 4
    change(tmp_path / "s.db", "UPDATE faq SET a = 'new' WHERE id = 20000")
    after = digests(one, tmp_path, kept)
    assert len(before - after) == len(after - before) == 1
    change(
        tmp_path / "s.db",
        "DELETE FROM faq WHERE id = 5",
        "INSERT INTO faq VALUES (-1,'x','y',0,'')",
    )
    again = digests(one, tmp_path, kept)
    assert len(again - after) == 1
    after_rows, _ = collect(one, tmp_path, kept)
    assert set(before_rows["id"]) ^ set(after_rows["id"]) >= set()
    assert len(set(before_rows["id"]) - set(after_rows["id"])) == 1
    assert len(set(after_rows["id"]) - set(before_rows["id"])) == 1
    names = {path.stem for path in kept.glob("*.parquet")}
    assert len(names) == len(again)  # what does not count any more is gone


def test_since_reads_what_was_written_and_full_sees_what_was_deleted(tmp_path, monkeypatch) -> None:
    fill(tmp_path / "s.db", 100)
    one, kept = source("sqlite:///s.db", since="updated"), tmp_path / "kept"
    collect(one, tmp_path, kept)
    change(
        tmp_path / "s.db",
        "UPDATE faq SET a = 'changed', updated = '2026-02-01' WHERE id = 7",
        "INSERT INTO faq VALUES (500, 'new?', 'new', 1, '2026-02-02')",
        "DELETE FROM faq WHERE id = 9",
        "UPDATE faq SET a = 'unseen' WHERE id = 11",  # the column did not grow
    )
    frame, _ = collect(one, tmp_path, kept)
    answers = dict(frame.select("question", "answer").rows())
    assert (answers["question 7?"], answers["new?"]) == ("changed", "new")
    assert answers["question 11?"] == "answer 11"
    assert "question 9?" in answers
    assert frame.height == 101
    full, _ = collect(source("sqlite:///s.db", since="updated", full=True), tmp_path, kept)
    answers = dict(full.select("question", "answer").rows())
    assert answers["question 11?"] == "unseen"
    assert "question 9?" not in answers


def test_equal_rows_have_identifiers_of_their_own_over_all_pieces(tmp_path) -> None:
    with sqlite3.connect(tmp_path / "s.db") as connection:
        connection.execute("CREATE TABLE faq (q TEXT, a TEXT)")
        rows = [(f"q{n % 9000}", "same") for n in range(27_000)]
        connection.executemany("INSERT INTO faq VALUES (?, ?)", rows)
    connection.close()
    frame, _ = collect(source("sqlite:///s.db", key=[]), tmp_path, tmp_path / "kept")
    assert (frame.height, frame["id"].n_unique()) == (27_000, 27_000)


def test_whole_column_rules_hold_over_all_pieces_and_every_row_has_one_fate(tmp_path) -> None:
    fill(tmp_path / "s.db", 20_000)
    change(
        tmp_path / "s.db",
        "UPDATE faq SET q = 'question 3?' WHERE id = 19000",
        "UPDATE faq SET price = NULL WHERE id = 19001",
        "UPDATE faq SET price = 1e9 WHERE id = 19002",
        "UPDATE faq SET price = 'many' WHERE id = 19003",
    )
    outliers = {"method": "iqr", "action": "quarantine"}
    schema = {"price": {"type": "number", "missing": "median", "outliers": outliers}}
    one = source("sqlite:///s.db", schema=schema, duplicates={"by": ["q"]})
    frame, fates = collect(one, tmp_path, tmp_path / "kept")
    assert frame.height + fates.height == 20_000
    assert frame["id"].n_unique() + fates["id"].n_unique() == 20_000
    assert sorted(fates["reason"]) == [
        "column 'price': an outlier (iqr)",
        "column 'price': the cell is not a number",
        "duplicate: it repeats another row",
    ]
    filled = frame.filter(pl.col("changes").list.contains("price filled with the median"))
    assert filled["question"].to_list() == ["question 19001?"]
    (value,) = [i["value"] for i in filled["extra"][0] if i["key"] == "price"]
    kept_prices = [n / 2 for n in range(20_000) if n not in {19000, 19001, 19002, 19003}]
    expected = pl.Series([*kept_prices, 1e9]).median()
    assert float(value) == pytest.approx(expected)


def test_the_value_before_goes_on_from_piece_to_piece(tmp_path) -> None:
    fill(tmp_path / "s.db", 20_000)
    change(tmp_path / "s.db", "UPDATE faq SET price = NULL WHERE id > 2")
    one = source("sqlite:///s.db", schema={"price": {"type": "number", "missing": "previous"}})
    frame, _ = collect(one, tmp_path, tmp_path / "kept")
    prices = {
        item["value"] for extra in frame["extra"][3:] for item in extra if item["key"] == "price"
    }
    assert prices == {"1"}


def test_a_killed_gathering_leaves_what_was_there(tmp_path, monkeypatch) -> None:
    fill(tmp_path / "s.db", 20_000)
    one, kept = source("sqlite:///s.db"), tmp_path / "kept"
    before = digests(one, tmp_path, kept)
    change(tmp_path / "s.db", "UPDATE faq SET a = 'x'")
    from tunesmith.collect.tables import blocks

    written = []
    write = blocks.write_bytes

    def dies(path: Path, data: bytes) -> None:
        written.append(path)
        if len(written) == 3:
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(blocks, "write_bytes", dies)
    with pytest.raises(KeyboardInterrupt):
        one.gather(tmp_path, kept)
    monkeypatch.undo()
    pieces = one.pieces(tmp_path, kept, Seen(kept / "seen.json"))
    assert {piece.digest for piece in pieces} == before
    after = digests(one, tmp_path, kept)
    assert not after & before
    assert len(list(kept.glob("*.parquet"))) == len(after)


def test_colons_percent_signs_and_comments_in_a_query_are_its_own(tmp_path) -> None:
    fill(tmp_path / "s.db", 5)
    query = "SELECT id, q, a, 'at 10:30' AS t FROM faq WHERE q LIKE 'question%' -- all of them"
    one = source("sqlite:///s.db", query=query, text="{q} {t}")
    frame, _ = collect(one, tmp_path, tmp_path / "kept")
    assert frame["text"][0] == "question 0? at 10:30"


# ── What is wrong ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bob:hunter2@h/d",
        "postgresql+pg8000://bob:hunter2${X}@h/d",
        "mysql://h/d?password=hunter2",
        "postgresql://h/d?sslmode=x&PWD=hunter2",
        "postgresql://bob:a@hunter2@h/d",
    ],
)
def test_a_password_in_the_recipe_is_refused_and_not_repeated(url) -> None:
    with pytest.raises(ValidationError) as caught:
        source(url)
    assert "hunter2" not in str(caught.value)
    assert "${NAME}" in str(caught.value)
    assert written_password(url)


def test_settings_and_messages_have_no_secret(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "p@ss/w:rd")
    one = source("postgresql://bob:${DB_PASSWORD}@127.0.0.1:1/none", timeout_s=2)
    assert "url" not in one.settings()
    with pytest.raises(SourceError, match="cannot be reached") as caught:
        one.gather(tmp_path, tmp_path)
    assert "p@ss" not in caught.value.message
    assert caught.value.__cause__ is None
    ((field, words),) = one.problems(tmp_path)
    assert field == "url"
    assert "p@ss" not in words
    monkeypatch.delenv("DB_PASSWORD")
    assert one.problems(tmp_path) == [
        ("url", "the environment has no DB_PASSWORD: set it before the run")
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "sqlite:///none.db"}, "there is no SQLite file"),
        ({"table": "nowhere"}, "a table that is asked for is not there"),
        ({"query": "SELECT nowhere FROM faq"}, "a column that is asked for is not there"),
        ({"query": "SELECT FROM WHERE"}, "the query is not right"),
        ({"url": "sqlite:///torn.db"}, "no whole SQLite file"),
        ({"key": "nothing"}, "no"),
        ({"url": "nosuch://x/y"}, "knows no database"),
        ({"url": "words"}, "not the URL"),
        ({"text": "{nothing}"}, "there is no column 'nothing'"),
    ],
)
def test_what_is_wrong_is_said_before_and_during_the_run(tmp_path, settings, words) -> None:
    fill(tmp_path / "s.db", 3)
    (tmp_path / "torn.db").write_bytes(b"not a database at all, but long enough to be one" * 100)
    one = source(**{"url": "sqlite:///s.db", **settings})
    with pytest.raises(SourceError, match=words):
        collect(one, tmp_path, tmp_path / "kept")
    assert one.problems(tmp_path)


def test_a_locked_database_is_named_as_such(tmp_path) -> None:
    fill(tmp_path / "s.db", 3)
    with sqlite3.connect(tmp_path / "s.db", isolation_level=None) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        one = source("sqlite:///s.db", timeout_s=0.2)
        with pytest.raises(SourceError, match="locked by another program"):
            one.gather(tmp_path, tmp_path)
        writer.execute("ROLLBACK")
    writer.close()


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM faq",
        "SELECT 1; DROP TABLE faq",
        "PRAGMA user_version = 3",
        "UPDATE faq SET q=1",
    ],
)
def test_a_query_that_writes_is_refused(query) -> None:
    with pytest.raises(ValidationError, match="one statement that selects"):
        source("sqlite:///s.db", query=query)


def test_words_of_a_driver_are_not_repeated() -> None:
    assert "secret" not in problem_of(RuntimeError("secret value")).message


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────


def _binaries() -> Path | None:
    for found in [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]:
        if (found / "initdb").exists():
            return found
    named = shutil.which("initdb")
    return Path(named).parent if named else None


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """A server of its own on a free port of the loopback; runs statements, gives URLs."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    import socket
    import tempfile

    import pg8000.dbapi

    # initdb refuses to run as root; the user that the package made has no way into pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="tunesmith-pg-", dir="/tmp"))
    root = os.getuid() == 0
    if root:
        shutil.chown(folder, "postgres", "postgres")
    as_user = ["runuser", "-u", "postgres", "--"] if root else []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "pw").write_text("adm:in@/pw")
    if root:
        shutil.chown(folder / "pw", "postgres", "postgres")

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd="/tmp")

    data = str(folder / "data")
    run(
        str(binaries / "initdb"), "-D", data, "-U", "admin", "-A", "scram-sha-256",
        "--pwfile", str(folder / "pw"), "-E", "UTF8", "--no-sync",
    )  # fmt: skip
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    )
    run(
        str(binaries / "pg_ctl"),
        "-D",
        data,
        "-w",
        "-o",
        options,
        "-l",
        str(folder / "log"),
        "start",
    )

    def do(*statements: str) -> str:
        connection = pg8000.dbapi.connect(
            "admin", host="127.0.0.1", port=port, database="postgres", password="adm:in@/pw"
        )
        connection.autocommit = True
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        connection.close()
        return f"127.0.0.1:{port}/postgres"

    try:
        yield do
    finally:
        run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def admin(postgres, monkeypatch) -> str:
    """The URL of the server with a table of every common type, its password in the environment."""
    monkeypatch.setenv("PG_PASSWORD", "adm:in@/pw")
    where = postgres(
        "DROP SCHEMA IF EXISTS desk CASCADE", "CREATE SCHEMA desk",
        "CREATE TABLE desk.faq (id bigint PRIMARY KEY, q text, a text, price numeric(10,2), "
        "score double precision, open boolean, day date, updated timestamptz, plain timestamp, "
        "tags text[], number uuid, data bytea)",
        "INSERT INTO desk.faq SELECT n, 'question ' || n || '?', 'answer ' || n, n / 4.0, n / 3.0, "
        "n % 2 = 0, date '2026-01-01' + n % 300, timestamptz '2026-01-01 10:30+02' + n * interval '1 s',"
        " timestamp '2026-01-01 10:30', array['a', 'b'], gen_random_uuid(), '\\x00ff' "
        "FROM generate_series(1, 30000) n",
    )  # fmt: skip
    return f"postgresql://admin:${{PG_PASSWORD}}@{where}"


SCHEMA = {
    "price": {"type": "number"}, "score": {"type": "number"}, "open": {"type": "boolean"},
    "day": {"type": "date"}, "updated": {"type": "time"},
}  # fmt: skip


@pytest.mark.slow
def test_both_drivers_give_the_same_blocks_of_postgresql(tmp_path, admin) -> None:
    frames = {}
    for driver in ("sqlalchemy", "adbc"):
        one = source(
            admin, table="desk.faq", driver=driver, schema=SCHEMA, timezone="Europe/Berlin",
            columns={"timestamp": "updated", "labels": "tags", "id": "id"},
            text="{q} {price:.2f} {day:%d.%m.%Y} {open} {updated:%H:%M}",
        )  # fmt: skip
        assert one.problems(tmp_path) == []
        frames[driver], fates = collect(one, tmp_path, tmp_path / driver)
        assert fates.height == 0
    first, second = frames.values()
    assert first.height == 30_000
    from tunesmith.collect.tables.blocks import Blocks

    raw = [pl.concat(Blocks(tmp_path / driver).frames()) for driver in frames]
    for name in raw[0].columns:
        assert raw[0][name].to_list() == raw[1][name].to_list(), name
    assert first.drop("collected_at").equals(second.drop("collected_at"))
    row = first.row(2, named=True)
    assert row["text"] == "question 3? 0.75 04.01.2026 no 09:30"
    assert row["timestamp"] == datetime(2026, 1, 1, 8, 30, 3, tzinfo=UTC)
    assert (row["zone"], row["labels"], row["source_id"]) == ("+01:00", ["a", "b"], "3")


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["sqlalchemy", "adbc"])
def test_since_and_changes_in_postgresql(tmp_path, admin, postgres, driver) -> None:
    one = source(admin, table="desk.faq", driver=driver, since="updated")
    kept = tmp_path / "kept"
    before = digests(one, tmp_path, kept)
    postgres("UPDATE desk.faq SET a = 'changed', updated = now() + interval '1 year' WHERE id = 7")
    after = digests(one, tmp_path, kept)
    assert len(after - before) == 1
    frame, _ = collect(one, tmp_path, kept)
    assert dict(frame.select("question", "answer").rows())["question 7?"] == "changed"
    assert frame.height == 30_000


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["sqlalchemy", "adbc"])
def test_what_postgresql_refuses_is_named_without_secrets(
    tmp_path, admin, postgres, driver, monkeypatch
) -> None:
    where = postgres("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'reader-pw'")
    monkeypatch.setenv("READER", "reader-pw")
    monkeypatch.setenv("WRONG", "wrong-pw")
    writes = "CREATE OR REPLACE FUNCTION public.w() RETURNS bigint LANGUAGE sql AS "
    postgres(writes + "'INSERT INTO desk.faq (id) VALUES (-1) RETURNING id'")
    reader, wrong = (
        f"postgresql://reader:${{READER}}@{where}",
        f"postgresql://admin:${{WRONG}}@{where}",
    )
    for settings, words in (
        ({"url": wrong, "table": "desk.faq"}, "refuses the user or the password"),
        ({"url": reader, "table": "desk.faq"}, "may not read"),
        ({"url": admin, "table": "desk.none"}, "table that is asked for"),
        ({"url": admin + "x", "table": "desk.faq"}, "no database of this name"),
        ({"url": admin, "query": "SELECT public.w() AS id, 'a' AS q, 'b' AS a"}, "read only"),
        ({"url": admin, "query": "SELECT 1 AS id, 'a' AS q, 'b' AS a, 'c' AS a"}, "more than once"),
        ({"url": admin, "query": "SELECT 1 AS id, 'a' AS q, 'b' AS a, pg_sleep(5)::text AS s",
          "timeout_s": 0.3, "key": []}, "longer than timeout_s"),
    ):  # fmt: skip
        one = source(**settings, driver=driver)
        with pytest.raises(SourceError, match=words) as caught:
            collect(one, tmp_path, tmp_path / "kept")
        assert "-pw" not in caught.value.message
