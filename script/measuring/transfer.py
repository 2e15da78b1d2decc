"""A million records through `martlet import` and `export`, and over HTTP; beside bare inserts (SQLite) and COPY (PostgreSQL)."""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from engine import build
from machine import Process, free_port, resident_mebibytes, say

ROWS = int(os.environ.get("MARTLET_MEASURE_ROWS", "1000000"))
CONTRACT = """
martlet: 1
service: {name: transfer, version: v1}
store: {url: "${DATABASE_URL}"}
roles: [writer]
resources:
  items:
    fields:
      code:  {type: string, unique: true, required: true, length: 1..40}
      name:  {type: string, required: true, length: 1..200}
      price: {type: money, required: true, minimum: 0}
      stock: {type: integer, minimum: 0, default: 0}
    access: {create: [writer], read: authenticated, export: [writer]}
"""
WHO = ["--as", "ada", "--role", "writer"]


def timed(arguments, **options):
    """Seconds, and MiB at most, of a command that must go well."""
    started = time.perf_counter()
    child = subprocess.Popen(arguments, **options)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def told(what, seconds, memory=None):
    print(f"{what}: {seconds:.1f} s, {ROWS / seconds:,.0f} a second" + (f", at most {memory:.0f} MiB" if memory else ""), flush=True)


class Place:
    """A folder with the contract, and a database."""

    def __init__(self, command, url=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-measure-", dir=os.environ.get("MARTLET_MEASURE_FOLDER")))
        (self.folder / "martlet.yaml").write_text(CONTRACT)
        (self.folder / "data").mkdir()
        self.command = command
        self.environment = {**os.environ, "DATABASE_URL": url or f"sqlite:{self.folder}/data/items.db", "MARTLET_DATA": str(self.folder / "data")}

    def run(self, *words):
        return timed([self.command, *words], cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def serve(self):
        port = free_port()
        process = Process(
            [self.command, "serve", "--listen", f"127.0.0.1:{port}"], f"http://127.0.0.1:{port}/health/live", self.environment, self.folder)
        process.address = f"http://127.0.0.1:{port}/v1/items"
        return process

    def token(self):
        done = subprocess.run([self.command, "token", *WHO], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()


def over_http(place, file):
    """Both ways through a service, and what its memory comes to."""
    with place.serve() as service:
        token = place.token()
        for what, arguments in (
            ("export over HTTP, NDJSON", ["-H", "Accept: application/x-ndjson", "-o", "/dev/null"]),
            ("export over HTTP, CSV with gzip", ["-H", "Accept: text/csv", "-H", "Accept-Encoding: gzip", "-o", "/dev/null"]),
        ):
            most, done = [resident_mebibytes(service.pid)], threading.Event()
            before = most[0]

            def watch():
                while not done.wait(0.1):
                    most.append(resident_mebibytes(service.pid))

            watcher = threading.Thread(target=watch)
            watcher.start()
            seconds, _ = timed(["curl", "-sS", "--fail", "-H", f"Authorization: Bearer {token}", *arguments, service.address])
            done.set()
            watcher.join()
            told(f"  {what}", seconds)
            print(f"    resident memory of the service: {before:.0f} MiB before, {max(most):.0f} at most", flush=True)


def record(number):
    return {"code": f"C-{number:07}", "name": f"Thing number {number}", "price": {"amount": number, "currency": "EUR"}, "stock": number % 100}


def bare_sqlite(folder):
    """The same two rows for each record, 256 records a commit, as durable: prepared inserts and nothing else."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.executescript(
        """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
        CREATE TABLE items (id BLOB PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL, price_amount INTEGER, price_currency TEXT,
          stock INTEGER, created_at INTEGER, updated_at INTEGER, revision INTEGER) WITHOUT ROWID;
        CREATE UNIQUE INDEX items_code ON items (code);
        CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT, record TEXT, revision INTEGER, action TEXT,
          actor BLOB, request TEXT, time INTEGER, before TEXT, after TEXT, version INTEGER, cause TEXT);
        CREATE INDEX events_record ON events (resource, record, time);""")
    started = time.perf_counter()
    for start in range(0, ROWS, 256):
        group = [record(number) for number in range(start, min(ROWS, start + 256))]
        now = time.time_ns() // 1000
        ids = [(now // 1000 << 80 | 7 << 76 | 2 << 62 | (start + place)).to_bytes(16, "big") for place in range(len(group))]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO items VALUES (?,?,?,?,?,?,?,?,?)",
            [(id, r["code"], r["name"], r["price"]["amount"], "EUR", r["stock"], now, now, 1) for id, r in zip(ids, group)])
        connection.executemany(
            "INSERT INTO events VALUES (NULL,'items',?,1,'create',NULL,'',?,NULL,?,1,NULL)",
            [(str(uuid.UUID(bytes=id)), now, json.dumps(r)) for id, r in zip(ids, group)])
        connection.execute("COMMIT")
    told("bare inserts of the same rows (Python's sqlite3, JSON made beside)", time.perf_counter() - started)
    connection.close()


def main():
    command = os.environ.get("MARTLET_COMMAND") or build()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="martlet-measure-"))
    file = scratch / "items.ndjson"
    with open(file, "w") as out:
        out.writelines(json.dumps(record(number), separators=(",", ":")) + "\n" for number in range(ROWS))
    say(f"{ROWS:,} records, {file.stat().st_size >> 20} MiB")
    places = [("SQLite", Place(command))]
    if os.environ.get("DATABASE_URL"):
        places.append(("PostgreSQL", Place(command, os.environ["DATABASE_URL"])))
    try:
        for name, place in places:
            print(name, flush=True)
            told("  martlet import", *place.run("import", "items", str(file), *WHO))
            told("  martlet import again (nothing to do)", *place.run("import", "items", str(file), *WHO))
            told("  martlet export, NDJSON", *place.run("export", "items", *WHO))
            told("  martlet export, CSV", *place.run("export", "items", "--form", "csv", *WHO))
            over_http(place, file)
        bare_sqlite(scratch)
        if len(places) > 1:
            url = os.environ["DATABASE_URL"]
            csv = scratch / "items.csv"
            subprocess.run(["psql", "-Xqc", "\\copy items to '%s'" % csv, url], check=True)
            subprocess.run(["psql", "-Xqc", "CREATE TABLE copied (LIKE items INCLUDING ALL)", url], check=True)
            told("COPY of the rows alone (psql)", *timed(["psql", "-Xqc", "\\copy copied from '%s'" % csv, url]))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for _, place in places:
            shutil.rmtree(place.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
