"""What martlet is measured against: nginx, PocketBase, pgbench, a bare loop over SQLite's C library."""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

from machine import Load, Process, free_port, say


def nginx(folder):
    """One worker that answers every request with `return 200`."""
    port = free_port()
    folder = pathlib.Path(folder)
    (folder / "nginx.conf").write_text(f"""
      daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
      events {{ worker_connections 1024; }}
      http {{
        access_log off; keepalive_requests 100000000;
        client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
        server {{ listen 127.0.0.1:{port} reuseport; location / {{ default_type application/json; return 200 '{{"status":"ok"}}'; }} }}
      }}""")
    path = shutil.which("nginx") or "/usr/sbin/nginx"
    return Process([path, "-c", str(folder / "nginx.conf"), "-p", str(folder)], f"http://127.0.0.1:{port}/")


class PocketBase:
    """The same tables in PocketBase 0.39.11, from its wheel; the reader is one of its users."""

    def __init__(self, rows):
        self.command = str(pathlib.Path(sys.executable).with_name("pocketbase"))
        self.folder = tempfile.mkdtemp(prefix="pocketbase-measure-")
        self.rows = rows
        self.call("superuser", "upsert", "root@example.org", "0123456789ab")

    @property
    def flags(self):
        return ["--dir", self.folder, "--migrationsDir", f"{self.folder}/migrations", "--automigrate=false"]

    def call(self, *arguments):
        subprocess.run([self.command, *arguments, *self.flags], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def serve(self):
        port = free_port()
        process = Process(
            [self.command, "serve", "--http", f"127.0.0.1:{port}", *self.flags], f"http://127.0.0.1:{port}/api/health"
        )
        process.address = f"http://127.0.0.1:{port}"
        return process

    @staticmethod
    def post(process, path, body, token=None):
        request = urllib.request.Request(
            process.address + path, json.dumps(body).encode(), {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def fill(self):
        user = {"email": "reader@example.org", "password": "0123456789ab"}
        with self.serve() as process:
            root_token = self.post(
                process, "/api/collections/_superusers/auth-with-password", {"identity": "root@example.org", "password": "0123456789ab"}
            )["token"]
            rule = '@request.auth.id != ""'

            def collection(name, fields):
                return self.post(process, "/api/collections", {
                    "name": name, "type": "base", "listRule": rule, "viewRule": rule, "createRule": rule, "fields": fields,
                }, root_token)["id"]

            def text(name):
                return {"name": name, "type": "text", "required": True}

            def number(name):
                return {"name": name, "type": "number"}

            products = collection("products", [text("sku"), text("name"), number("price_amount"), text("price_currency"), number("stock")])
            collection("items", [
                {"name": "product", "type": "relation", "collectionId": products, "maxSelect": 1, "required": True}, text("kind"), number("quantity"),
            ])
            collection("entries", [text("title"), number("amount")])
            self.post(process, "/api/collections/users/records", {**user, "passwordConfirm": user["password"]}, root_token)
            self.token = self.post(
                process, "/api/collections/users/auth-with-password", {"identity": user["email"], "password": user["password"]}
            )["token"]
        say(f"filling PocketBase with {self.rows:,} rows")
        connection = sqlite3.connect(f"{self.folder}/data.db")
        with connection:
            connection.executemany(
                "INSERT INTO products (id, sku, name, price_amount, price_currency, stock) VALUES (?, ?, ?, ?, 'EUR', ?)",
                ((f"{n:015x}", f"SKU-{n:06}", f"Product number {n}", n, n % 100) for n in range(1, self.rows + 1)),
            )
            connection.executemany(
                "INSERT INTO items (id, product, kind, quantity) VALUES (?, ?, ?, ?)",
                ((f"{n:015x}", f"{n:015x}", "abcdefghij"[n % 10], 1 + n % 9) for n in range(1, self.rows + 1)),
            )
        connection.execute("CREATE INDEX items_kind ON items (kind, id)")
        connection.execute("ANALYZE")
        connection.close()

    def read_script(self):
        return f"""
          wrk.headers["Authorization"] = "{self.token}"
          request = function()
            return wrk.format("GET", string.format("/api/collections/products/records/%015x", math.random(1, {self.rows})))
          end"""

    def list_script(self):
        return f"""
          wrk.headers["Authorization"] = "{self.token}"
          local kinds = "abcdefghij"
          request = function()
            local place = math.random(1, 10)
            return wrk.format("GET", "/api/collections/items/records?perPage=20&skipTotal=1&sort=-id&expand=product&filter=(kind='"
              .. kinds:sub(place, place) .. "')")
          end"""

    def create_script(self):
        return f"""
          wrk.headers["Authorization"] = "{self.token}"
          wrk.headers["Content-Type"] = "application/json"
          local number = 0
          request = function()
            number = number + 1
            return wrk.format("POST", "/api/collections/entries/records", nil, '{{"title":"Entry number ' .. number .. '","amount":' .. number .. '}}')
          end"""

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def pgbench(url, script, clients=32, seconds=5, threads=1):
    """A script with prepared statements; its rate of transactions. One thread is pgbench's own default."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(threads), "-T", str(seconds), "-f", file.name, url],
            capture_output=True, text=True,
        )
    if done.returncode != 0:
        raise SystemExit(f"pgbench: {done.stderr[-1000:]}")
    text = done.stdout
    return Load(
        rate=float(re.search(r"tps = ([\d.]+)", text)[1]), p50=float(re.search(r"latency average = ([\d.]+)", text)[1])
    )


def sqlite_loop(seconds=3):
    """One commit for each three inserts through SQLite's C library, synchronous=FULL; commits a second.

    Python adds some microseconds to what an fsync takes.
    """
    with tempfile.TemporaryDirectory(prefix="martlet-loop-") as folder:
        connection = sqlite3.connect(f"{folder}/loop.db", isolation_level=None)
        connection.executescript("""
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE entries (id BLOB PRIMARY KEY, title TEXT, amount INTEGER, revision INTEGER) WITHOUT ROWID;
            CREATE TABLE events (id INTEGER PRIMARY KEY, type TEXT, time INTEGER, data TEXT);
            CREATE TABLE keys (key BLOB PRIMARY KEY, status INTEGER, body TEXT) WITHOUT ROWID;""")
        number = 0
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            number += 1
            connection.execute("BEGIN")
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, 1)", (number.to_bytes(16), f"Entry number {number}", number))
            connection.execute("INSERT INTO events (type, time, data) VALUES ('entries.created', ?, ?)", (number, '{"title": "Entry number"}'))
            connection.execute("INSERT INTO keys VALUES (?, 201, ?)", (os.urandom(32), '{"id": "", "title": "Entry number"}'))
            connection.execute("COMMIT")
        rate = number / (time.perf_counter() - started)
        connection.close()
        return Load(rate=rate)
