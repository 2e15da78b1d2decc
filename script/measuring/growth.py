"""What a table's growth costs a reader: one client, one request after the other, the tables of all sizes in turns."""

import contextlib
import http.client
import json
import os
import random
import statistics
import sys
import time

from engine import Engine, build, identifier, psql
from machine import goal, say

SIZES = [10**power for power in (4, 5, 6, 7)]
ROUNDS = 5
REQUESTS = 400
# Of 10 records: the last but one that ten thousand rows have.
PAGE = 999
url = os.environ["DATABASE_URL"]
command = build()


def fill(database, size):
    key = "('00000000-0000-7000-8{:03x}-' || lpad(to_hex({}), 12, '0'))::uuid"
    psql(database, f"""
        INSERT INTO products (id, sku, name, price_amount, price_currency, stock, created_at, updated_at, revision)
          SELECT {key.format(1, "n")}, 'SKU-' || n, 'Product number ' || n, n, 'EUR', n % 100, now(), now(), 1 FROM generate_series(1, 10000) AS n;
        ALTER TABLE items DISABLE TRIGGER ALL;
        INSERT INTO items (id, product, kind, quantity, created_at, updated_at, revision)
          SELECT {key.format(2, "n")}, {key.format(1, "1 + n % 10000")}, substr('abcdefghij', (1 + n % 10)::int, 1), 1 + n % 9, now(), now(), 1
          FROM generate_series(1, {size}) AS n;
        ALTER TABLE items ENABLE TRIGGER ALL;
        VACUUM ANALYZE;""")


class Reader:
    def __init__(self, service, token, size):
        host, port = service.address.removeprefix("http://").split(":")
        self.connection = http.client.HTTPConnection(host, int(port))
        self.headers, self.size = {"Authorization": f"Bearer {token}"}, size

    def get(self, path):
        began = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
        return took, body

    def deep_page(self):
        path = "/v1/items?limit=10"
        for _ in range(PAGE - 1):
            path = "/v1/items?limit=10&after=" + json.loads(self.get(path)[1])["page"]["next"]
        return path


engines = []
met = []
try:
    with contextlib.ExitStack() as stack:
        readers = []
        for size in SIZES:
            name = f"rows_{size}"
            psql(url, f"CREATE DATABASE {name}")
            database = url.rpartition("/")[0] + "/" + name
            engine = Engine(command, database=database)
            engines.append(engine)
            with engine.serve("--log-level", "error"):
                pass
            say(f"filling {size:,} rows")
            fill(database, size)
            service = stack.enter_context(engine.serve("--log-level", "error"))
            readers.append(Reader(service, engine.token(), size))
        deep = {reader.size: reader.deep_page() for reader in readers}
        kinds = {
            "GET by id": lambda reader: f"/v1/items/{identifier(2, random.randint(1, reader.size))}",
            "list of 20 with a filter, page 1": lambda reader: f"/v1/items?limit=20&kind={random.choice('abcdefghij')}",
            "page 999 of 10, by cursor": lambda reader: deep[reader.size],
        }
        print("\n| p50, p95 ms | " + " | ".join(f"{size:,} rows" for size in SIZES) + " |\n|---|" + "---|" * len(SIZES))
        ratios = {}
        for title, path in kinds.items():
            found = {reader.size: [] for reader in readers}
            for _ in range(ROUNDS):
                for reader in readers:
                    times = sorted(reader.get(path(reader))[0] for _ in range(REQUESTS))
                    found[reader.size].append((times[REQUESTS // 2], times[REQUESTS * 95 // 100]))
            middle = {size: tuple(statistics.median(part) for part in zip(*rounds)) for size, rounds in found.items()}
            print(f"| {title} | " + " | ".join(f"{middle[size][0]:.2f}, {middle[size][1]:.2f}" for size in SIZES) + " |", flush=True)
            ratios[title] = middle[SIZES[-1]][1] / middle[SIZES[0]][1]
        for title, ratio in ratios.items():
            met.append(goal(f"{title}: 1.5 times the p95 of the smallest, in the p95 of the largest", 1.5 / ratio, 1))
finally:
    for engine in engines:
        engine.remove()
sys.exit(not all(met))
