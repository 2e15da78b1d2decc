"""A database of 1 GiB backed up while it is written to: what requests notice, and how long a copy, a verification and a restore take.

`backup.py` does both stores; `sqlite` or `postgres` may be given.
"""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

from engine import build, psql
from machine import Process, free_port, say
from open_loop import Generator

# Requests a second, and seconds of each part.
RATE = 200
SECONDS = 15
MEBIBYTES = 1024

CONTRACT = """
martlet: 1
service: {name: measure, version: v1}
store: {url: "${DATABASE_URL}"}
%s
roles: [writer]
resources:
  entries:
    fields: {mark: {type: string, length: 1..100, required: true, index: true}, body: {type: text}}
    access: {create: [writer], read: [writer]}
"""
BACKUP = 'backup: {to: "file:backups", every: 1d, keep: 7d}'


class Subject:
    """A folder with a contract, as a user that PostgreSQL's programs run as."""

    def __init__(self, command, store):
        self.store = store
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-measure-"))
        shutil.copy(command, self.folder / "martlet")
        (self.folder / "plain.yaml").write_text(CONTRACT % "")
        (self.folder / "backed.yaml").write_text(CONTRACT % BACKUP)
        self.sqlite = self.folder / "data" / "measure.db"
        self.url = os.environ["MARTLET_TEST_POSTGRES"] if store == "postgres" else f"sqlite:{self.sqlite}"
        self.environment = {"MARTLET_DATA": str(self.folder / "data"), "DATABASE_URL": self.url, "NO_COLOR": "1", "TMPDIR": str(self.folder)}
        self.prefix = []
        if os.getuid() == 0:
            self.prefix = ["runuser", "-u", "postgres", "--"]
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, "postgres")

    def serve(self, contract):
        port = free_port()
        process = Process(
            [*self.prefix, "./martlet", "serve", "--contract", contract, "--listen", f"127.0.0.1:{port}", "--log", "json", "--log-level", "notice"],
            f"http://127.0.0.1:{port}/health/live", self.environment, self.folder,
        )
        process.address = f"http://127.0.0.1:{port}"
        return process

    def martlet(self, *arguments):
        begin = time.monotonic()
        done = subprocess.run(
            [*self.prefix, "./martlet", *arguments], cwd=self.folder, env={**os.environ, **self.environment}, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise SystemExit(f"martlet {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip(), time.monotonic() - begin

    def grow(self):
        say(f"{self.store}: a table of {MEBIBYTES} MiB")
        if self.store == "postgres":
            rows = MEBIBYTES * 1024
            psql(self.url, f"CREATE TABLE ballast (body text); ALTER TABLE ballast ALTER body SET STORAGE PLAIN; INSERT INTO ballast SELECT "
                 f"repeat(md5(n::text), 30) FROM generate_series(1, {rows}) n; CHECKPOINT;")
            return
        connection = sqlite3.connect(self.sqlite)
        connection.execute("CREATE TABLE ballast (body BLOB)")
        with connection:
            connection.executemany("INSERT INTO ballast VALUES (randomblob(1048576))", [()] * MEBIBYTES)
        connection.close()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def measure(subject, generator):
    with subject.serve("plain.yaml"):
        pass
    subject.grow()
    token, _ = subject.martlet("token", "--contract", "plain.yaml", "--as", "measure", "--role", "writer", "--ttl", "6h")
    body = json.dumps({"mark": "abc", "body": "x" * 500})
    request = (f"POST /v1/entries HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    print(f"\n{subject.store}: {RATE} records created a second, each as durable; ms\n")
    print("| | p50 | p99 | p99.9 | the slowest | not answered in time or refused |\n|---|---|---|---|---|---|")

    def part(words, process):
        found, _ = generator.run(process.address, request, 8, [(RATE, SECONDS)])
        times = found["accepted"]
        cells = [f"{times[name]:.1f}" for name in ("p50", "p99", "p999", "most")]
        print(f"| {words} | {' | '.join(cells)} | {found['due'] - times['count']} |", flush=True)

    with subject.serve("plain.yaml") as process:
        part("no backup", process)
    with subject.serve("backed.yaml") as process:
        part("the log shipped, and a copy made", process)
        copied = until_copied(process)
        part("the log shipped", process)
    print(f"\nThe copy took {copied:.1f} s.")
    verified, _ = subject.martlet("backup", "verify", "--contract", "backed.yaml", "--format", "json")
    print(f"Verified in {json.loads(verified)['recovery_milliseconds'] / 1000:.1f} s.")
    into = "two" if subject.store == "postgres" else "two.db"
    _, seconds = subject.martlet("restore", "--contract", "backed.yaml", "--into", into)
    words = "Restored, up to where the server is started on it," if subject.store == "postgres" else "Restored and checked"
    print(f"{words} in {seconds:.1f} s.", flush=True)


def until_copied(process):
    end = time.monotonic() + 300
    while time.monotonic() < end:
        place = process.log.tell()
        process.log.seek(0)
        for line in process.log.read().splitlines():
            if '"backup copied"' in line:
                return json.loads(line)["milliseconds"] / 1000
        process.log.seek(place)
        time.sleep(0.2)
    raise SystemExit("no copy within 300 s")


command = build()
with Generator(core=None) as generator:
    for store in sys.argv[1:] or ["sqlite", "postgres"]:
        subject = Subject(command, store)
        try:
            measure(subject, generator)
        finally:
            subject.remove()
