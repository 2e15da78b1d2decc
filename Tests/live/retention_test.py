"""retain on PostgreSQL under a load of writes: small transactions, nobody waits for a lock, and a kill changes nothing.

MARTLET_RETENTION_ROWS=200000 has it take as many; a run of the tests has fewer.
"""

import http.client
import os
import threading
import time

from harness import Server, check, equal, run
from own_postgres import OwnPostgres

ROWS = int(os.environ.get("MARTLET_RETENTION_ROWS", "2000"))
WRITERS = 4
# Beyond it a server that logs lock waits says so.
LOCK_MILLISECONDS = 100
# The first look comes a minute after the start.
WAIT_SECONDS = 90
CONTRACT = """
martlet: 1
service: {name: shop, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/shop.db}"}
resources:
  notes:
    retain: 30d
    history: true
    fields: {title: {type: string, personal: true}, rank: {type: integer, index: true}}
    access: {create: anyone, read: anyone, update: anyone, delete: anyone}
"""
KEY = "(lpad(to_hex((extract(epoch FROM now() - interval '60 days') * 1000)::bigint + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"


def fill(database):
    database.psql(f"""
        INSERT INTO notes (id, title, rank, created_at, updated_at, revision)
          SELECT {KEY}, 'secret ' || n, n % 100, now() - interval '60 days', now() - interval '60 days', 1 FROM generate_series(1, {ROWS}) AS n;
        INSERT INTO _martlet_events (resource, record, revision, action, request, time, after, version)
          SELECT 'notes', id::text, 1, 'create', '', created_at, jsonb_build_object('title', title), 0 FROM notes""")
    database.psql("VACUUM ANALYZE")


def old(database):
    return int(database.psql("SELECT count(*) FROM notes WHERE created_at < now() - interval '30 days'")[0][0])


class Load:
    """Clients that make a record and change it, again and again; a context."""

    def __init__(self, server):
        self.server = server
        self.ended = threading.Event()
        self.times = []
        self.made = 0
        self.wrong = []
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(WRITERS)]

    def work(self):
        client = self.server.client()
        while not self.ended.is_set():
            try:
                began = time.monotonic()
                answer = client.send("POST", "/v1/notes", {"title": "young", "rank": 1})
                if answer.status == 201:
                    self.made += 1
                    changed = client.send("PATCH", f"/v1/notes/{answer.json['id']}", {"rank": 2})
                    if changed.status != 200:
                        self.wrong.append(repr(changed))
                else:
                    self.wrong.append(repr(answer))
                self.times.append((time.monotonic() - began) * 500)
            except (OSError, http.client.HTTPException):
                # The process was killed.
                return
            self.ended.wait(0.02)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def until(condition, words, seconds=WAIT_SECONDS):
    last = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < last, words)
        threading.Event().wait(0.2)


def test_what_is_too_old_goes_beside_writers_and_goes_on_after_a_kill():
    with OwnPostgres(deadlock_timeout=f"{LOCK_MILLISECONDS}ms", log_lock_waits="on") as database:
        with Server(CONTRACT, url=database.url) as server:
            fill(database)
            equal(old(database), ROWS, "old records")
            with Load(server) as load:
                until(lambda: old(database) < ROWS * 3 // 4, "the first quarter is not gone", seconds=WAIT_SECONDS + ROWS / 50)
                server.kill()
            made = load.made
            left = old(database)
            check(0 < left < ROWS, f"left by the kill: {left}")
            gone = int(database.psql("SELECT count(*) FROM _martlet_events WHERE action = 'delete' AND cause = 'retention'")[0][0])
            equal(gone, ROWS - left, "deletions and their events")
            equal(load.wrong, [], "answers to writers")
            server.start()
            with Load(server) as load:
                until(lambda: old(database) < left, "nothing went on")
                began, before = time.monotonic(), old(database)
                until(lambda: old(database) == 0, "old records are left", seconds=60 + ROWS / 50)
                rate = before / max(0.001, time.monotonic() - began)
            equal(load.wrong, [], "answers to writers")
            # A record that was made when the process was killed may be there without its answer.
            young = int(database.psql("SELECT count(*) FROM notes")[0][0]) - made - load.made
            check(0 <= young <= WRITERS, f"young records: {young} more than were made")
            batches = database.psql("SELECT max(n) FROM (SELECT count(*) AS n FROM _martlet_events WHERE cause = 'retention' GROUP BY xmin) AS b")
            check(1 <= int(batches[0][0]) <= 20, f"records of one transaction: {batches}")
            full = database.psql("SELECT count(*) FROM _martlet_events WHERE after::text LIKE '%secret%' OR before::text LIKE '%secret%'")
            equal(full, [("0",)], "events that still tell")
            waits = [line for line in (database.folder / "log").read_text(errors="replace").splitlines() if "still waiting for" in line]
            equal(waits, [], f"locks that were waited for longer than {LOCK_MILLISECONDS} ms")
            times = sorted(load.times)
            print(f"        {rate:.0f} old records a second beside {len(times)} pairs of writes, a write's middle {times[len(times) // 2]:.1f} ms, "
                  f"99 % {times[len(times) * 99 // 100]:.1f} ms, longest {times[-1]:.1f} ms", flush=True)


run(globals())
