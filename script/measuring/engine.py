"""The release build of martlet as a subject: its tables filled with 100,000 rows, requests for wrk."""

import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

from machine import Process, free_port, root, say

rows = 100_000
contract = pathlib.Path(__file__).with_name("contract.yaml")
# 2026-01-01T00:00:00Z
moment = 1_767_225_600_000_000


def build():
    say("building martlet")
    subprocess.run(["swift", "build", "-c", "release", "--product", "martlet"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    folder = subprocess.run(
        ["swift", "build", "-c", "release", "--show-bin-path"], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()
    return f"{folder}/martlet"


def identifier(table, number):
    """The id of a row that we fill in: 1 to `rows`."""
    return f"00000000-0000-7000-8{table:03x}-{number:012x}"


class Engine:
    """A folder with the contract and its data; `serve()` starts it."""

    def __init__(self, command, database=None, threads=None):
        self.command = command
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-measure-"))
        shutil.copy(contract, self.folder / "martlet.yaml")
        (self.folder / "data").mkdir()
        self.sqlite = self.folder / "data" / "measure.db"
        self.database = database
        self.threads = threads
        self.environment = {
            "MARTLET_DATA": str(self.folder / "data"),
            "DATABASE_URL": database or f"sqlite:{self.sqlite}",
            "NO_COLOR": "1",
        }

    def serve(self, *arguments):
        port = free_port()
        threads = ["--threads", str(self.threads)] if self.threads else []
        process = Process(
            [self.command, "serve", "--contract", str(self.folder / "martlet.yaml"), "--listen", f"127.0.0.1:{port}", *threads, *arguments],
            f"http://127.0.0.1:{port}/health/live", self.environment, self.folder,
        )
        process.address = f"http://127.0.0.1:{port}"
        return process

    def token(self):
        done = subprocess.run(
            [self.command, "token", "--contract", str(self.folder / "martlet.yaml"), "--as", "measure", "--role", "reader", "--ttl", "6h"],
            cwd=self.folder, env={**os.environ, **self.environment}, check=True, capture_output=True, text=True,
        )
        return done.stdout.strip()

    def fill(self):
        """Makes the tables by serving once, then fills them past the engine."""
        with self.serve():
            pass
        say(f"filling {rows:,} products and items")
        if self.database:
            self.fill_postgres()
        else:
            self.fill_sqlite()

    def fill_sqlite(self):
        connection = sqlite3.connect(self.sqlite)

        def insert(table, number, values):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            known = {"created_at": moment, "updated_at": moment, "revision": 1}
            names = [name for name in columns if name in known or name in values(1)]
            sql = f"INSERT INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"
            connection.executemany(sql, ([{**known, **values(n)}[name] for name in names] for n in range(1, rows + 1)))

        def key(table, number):
            return bytes.fromhex(identifier(table, number).replace("-", ""))

        with connection:
            insert("products", 1, lambda n: {
                "id": key(1, n), "sku": f"SKU-{n:06}", "name": f"Product number {n}", "price_amount": n, "price_currency": "EUR", "stock": n % 100,
            })
            insert("items", 2, lambda n: {
                "id": key(2, n), "product": key(1, n), "kind": "abcdefghij"[n % 10], "quantity": 1 + n % 9,
            })
        connection.execute("ANALYZE")
        connection.close()

    def fill_postgres(self):
        id_of = "('00000000-0000-7000-8{:03x}-' || lpad(to_hex(n), 12, '0'))::uuid"
        series = f"FROM generate_series(1, {rows}) AS n"
        psql(self.database, f"""
            INSERT INTO products (id, sku, name, price_amount, price_currency, stock, created_at, updated_at, revision)
              SELECT {id_of.format(1)}, 'SKU-' || lpad(n::text, 6, '0'), 'Product number ' || n, n, 'EUR', n % 100, now(), now(), 1 {series};
            INSERT INTO items (id, product, kind, quantity, created_at, updated_at, revision)
              SELECT {id_of.format(2)}, {id_of.format(1)}, substr('abcdefghij', 1 + n % 10, 1), 1 + n % 9, now(), now(), 1 {series};
            ANALYZE;""")

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def psql(url, text):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url], input=text, text=True, check=True, stdout=subprocess.DEVNULL)


def head(method, path, token, *lines):
    """The text of a request up to what changes in its path: wrk's own `wrk.format` costs more than the requests it makes."""
    rest = "".join(f"{line}\\r\\n" for line in ["Host: measured", f"Authorization: Bearer {token}", *lines])
    return f"""
      local head = "{method} {path}"
      local rest = " HTTP/1.1\\r\\n{rest}"
    """


def read_script(token):
    return head("GET", "/v1/products/00000000-0000-7000-8001-", token) + f"""
      request = function() return head .. string.format("%012x", math.random(1, {rows})) .. rest .. "\\r\\n" end"""


def list_script(token, include):
    return head("GET", f"/v1/items?limit=20{'&include=product' if include else ''}&kind=", token) + """
      local kinds = "abcdefghij"
      request = function()
        local place = math.random(1, 10)
        return head .. kinds:sub(place, place) .. rest .. "\\r\\n"
      end"""


def create_script(token, run):
    return head("POST", "/v1/entries", token, "Content-Type: application/json") + f"""
      local number = 0
      request = function()
        number = number + 1
        local body = '{{"title":"Entry number ' .. number .. '","amount":' .. number .. '}}'
        return head .. rest .. 'Idempotency-Key: "{run}-' .. number .. '"\\r\\nContent-Length: ' .. #body .. "\\r\\n\\r\\n" .. body
      end"""
