import os
import random
import sqlite3
import tempfile
import time

import peers
from engine import Engine, build, head, psql, rows
from machine import Load, in_turns, wrk

def name(number):
    """A name with one word of 100 and another of 100: ten records have any two of them."""
    return f"'Red' || ({number} % 100) || ' Blue' || ({number} / 100 % 100) || ' number ' || {number}"


def search_script(token):
    return head("GET", "/v1/products?limit=20&search=", token) + """
      request = function()
        return head .. string.format("red%d+blue%d.", math.random(0, 99), math.random(0, 99)) .. rest .. "\\r\\n"
      end"""


def prepared(database=None):
    """An engine whose products are searched by their name."""
    engine = Engine(command, database=database)
    contract = engine.folder / "martlet.yaml"
    text = contract.read_text()
    changed = text.replace("name:  {type: string, length: 1..200, required: true}", "name:  {type: string, length: 1..200, required: true, search: true}")
    assert changed != text
    contract.write_text(changed)
    engine.fill()
    return engine


def fts_loop(seconds=5):
    """The same over one FTS5 table of the names, through SQLite's C library; searches a second."""
    with tempfile.TemporaryDirectory(prefix="martlet-loop-") as folder:
        connection = sqlite3.connect(f"{folder}/loop.db", isolation_level=None)
        connection.executescript(f"""
            CREATE VIRTUAL TABLE words USING fts5(name, tokenize='unicode61 remove_diacritics 2');
            INSERT INTO words (rowid, name) WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})
              SELECT n, {name("n")} FROM s;""")
        number = 0
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            number += 1
            words = f'"red{random.randrange(100)}" AND "blue{random.randrange(100)}"'
            connection.execute("SELECT rowid, name FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 20", (words,)).fetchall()
        rate = number / (time.perf_counter() - started)
        connection.close()
        return Load(rate=rate)


# PostgreSQL's own way: a column of words that it keeps, and its index.
peer = """
\\set a random(0, 99)
\\set b random(0, 99)
SELECT id, sku, name, price_amount, price_currency, stock, created_at, updated_at, revision FROM products
  WHERE words @@ plainto_tsquery('simple', 'red' || :a || ' blue' || :b) ORDER BY id DESC LIMIT 20;
"""

command = build()
engines = []
try:
    engine = prepared()
    engines.append(engine)
    with sqlite3.connect(engine.sqlite) as file:
        file.create_function("number", 1, lambda text: int(text[4:]))
        file.execute(f"UPDATE products SET name = {name('number(sku)')}")
    file.close()
    with engine.serve() as ours:
        script = search_script(engine.token())
        in_turns("SQLite: search by two words, 32 connections", {
            "bare FTS5 loop, one thread": fts_loop, "martlet": lambda: wrk(ours, ours.address, script=script),
        })
    url = os.environ["DATABASE_URL"]
    engine = prepared(url)
    engines.append(engine)
    psql(url, f"""
        UPDATE products SET name = {name("n")} FROM (SELECT id AS key, substr(sku, 5)::bigint AS n FROM products) AS numbered WHERE id = key;
        CREATE TABLE peer AS SELECT * FROM products;
        ALTER TABLE peer ADD PRIMARY KEY (id), ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED;
        CREATE INDEX ON peer USING gin (words) WITH (fastupdate = off);
        VACUUM ANALYZE;""")
    with engine.serve() as ours:
        script = search_script(engine.token())
        in_turns("PostgreSQL: search by two words, 32 clients", {
            "pgbench": lambda: peers.pgbench(url, peer.replace("FROM products", "FROM peer")),
            "martlet": lambda: wrk(ours, ours.address, script=script),
        })
finally:
    for engine in engines:
        engine.remove()
