import os
import sys

import peers
from engine import Engine, build, create_script, list_script, psql, read_script, rows
from machine import goal, in_turns, wrk

url = os.environ["DATABASE_URL"]
engine = Engine(build(), database=url)
met = []

read = f"""
\\set n random(1, {rows})
SELECT id, sku, name, price_amount, price_currency, stock, created_at, updated_at, revision FROM products
  WHERE id = ('00000000-0000-7000-8001-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
"""
listing = """
\\set n random(1, 10)
SELECT id, product, kind, quantity, created_at, updated_at, revision FROM items
  WHERE kind = substr('abcdefghij', :n::int, 1) ORDER BY id DESC LIMIT 20;
"""
creating = """
BEGIN;
INSERT INTO peer_entries VALUES (gen_random_uuid(), 'Entry number 1', 1, now(), now(), 1);
INSERT INTO peer_events VALUES (gen_random_uuid(), 'entries.created', now(), '{"title": "Entry number 1", "amount": 1}');
INSERT INTO peer_keys VALUES (gen_random_uuid(), 'fingerprint', 201, '{"id": "", "title": "Entry number 1", "amount": 1}', now());
COMMIT;
"""

try:
    engine.fill()
    psql(url, """
        CREATE TABLE peer_entries (id uuid PRIMARY KEY, title text NOT NULL, amount bigint NOT NULL, created_at timestamptz NOT NULL,
          updated_at timestamptz NOT NULL, revision bigint NOT NULL);
        CREATE TABLE peer_events (id uuid PRIMARY KEY, type text NOT NULL, time timestamptz NOT NULL, data jsonb NOT NULL);
        CREATE TABLE peer_keys (key uuid PRIMARY KEY, fingerprint text NOT NULL, status int NOT NULL, body text NOT NULL, made timestamptz NOT NULL);""")
    with engine.serve() as ours:
        token = engine.token()

        def run(script):
            return lambda: wrk(ours, ours.address, script=script)

        def peered(title, script, ours, name="pgbench"):
            """Ours beside pgbench as it comes (one thread), which the goals are measured by, and with a thread for each core."""
            return in_turns(title, {
                name: lambda: peers.pgbench(url, script), f"{name}, two threads": lambda: peers.pgbench(url, script, threads=2),
                "martlet": ours,
            })

        rates = peered("PostgreSQL: GET by id, 32 clients", read, run(read_script(token)))
        met.append(goal("of pgbench", rates["martlet"] / rates["pgbench"], 1.2))
        rates = peered("PostgreSQL: list of 20 with a filter, 32 clients", listing, run(list_script(token, include=False)))
        met.append(goal("of pgbench", rates["martlet"] / rates["pgbench"], 0.8))
        turn = iter(range(1000))
        name = "pgbench, three inserts a transaction"
        rates = peered(
            "PostgreSQL: create with event and idempotency record, 32 clients", creating,
            lambda: wrk(ours, ours.address, script=create_script(token, f"run{next(turn)}")), name,
        )
        met.append(goal("of pgbench", rates["martlet"] / rates[name], 1.0))
finally:
    engine.remove()
sys.exit(not all(met))
