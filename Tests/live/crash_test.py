"""kill -9 under write load: what was acknowledged is there, and no idempotency key took effect twice.

MARTLET_CRASH_ROUNDS says how often the server is killed (10 unless set); MARTLET_CRASH_SEED repeats a run.
"""

import http.client
import os
import random
import threading
import time

from harness import Failed, Server, check, equal, run

ROUNDS = int(os.environ.get("MARTLET_CRASH_ROUNDS", "10"))
SEED = int(os.environ.get("MARTLET_CRASH_SEED") or time.time_ns() % 1_000_000)
WORKERS = 16
ROUND_SECONDS = 60

CONTRACT = """
martlet: 1
service: {name: crash, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/crash.db}"}
roles: [writer]
resources:
  entries:
    fields:
      mark:   {type: string, length: 1..100, required: true, index: true}
      worker: {type: integer, required: true}
    access: {create: [writer], read: [writer]}
  counters:
    fields:
      value: {type: integer, default: 0}
    access: {create: [writer], read: [writer], update: [writer]}
"""


class Worker:
    """One client: creates entries, and counts its own counter up, one request at a time, each with its own key."""

    def __init__(self, number):
        self.number = number
        self.acknowledged = {}  # mark: id
        self.pending = None  # (kind, value) that was sent and had no whole answer
        self.step = 0
        self.counter = None  # its id
        self.value = 0  # what was acknowledged last
        self.problem = None

    def next(self):
        if self.pending:
            return self.pending
        if self.counter and self.step % 3 == 2:
            return ("count", self.value + 1)
        return ("create", f"{self.number}-{self.step}")

    def work(self, client, running, done):
        """Until `running` is cleared or the server is gone. `done` is told of each acknowledgement."""
        try:
            while running.is_set():
                kind, value = self.pending = self.next()
                if kind == "create":
                    answer = client.send(
                        "POST", "/v1/entries", {"mark": value, "worker": self.number}, {"Idempotency-Key": f'"entry-{value}"'}
                    )
                    if answer.status == 201:
                        self.acknowledged[value] = answer.json["id"]
                else:
                    answer = client.send(
                        "PATCH", f"/v1/counters/{self.counter}", {"value": value},
                        {"Idempotency-Key": f'"count-{self.number}-{value}"', "Content-Type": "application/merge-patch+json"},
                    )
                    if answer.status == 200:
                        equal(answer.json["value"], value, "the counter's answer")
                        self.value = value
                if answer.status in (200, 201):
                    self.pending = None
                    self.step += 1
                    done()
                elif answer.status not in (409, 503):
                    raise Failed(f"{kind} {value}: {answer}")
        except (OSError, http.client.HTTPException):
            pass  # killed in the middle: `pending` stays
        except Exception as problem:
            self.problem = problem
        finally:
            client.close()


def load(server, token, workers, target):
    """Writes with every worker until `target` were acknowledged, then kills the server in the middle."""
    running = threading.Event()
    running.set()
    enough = threading.Event()
    lock = threading.Lock()
    count = 0

    def done():
        nonlocal count
        with lock:
            count += 1
            if count >= target:
                enough.set()

    threads = [threading.Thread(target=worker.work, args=(server.client(token), running, done)) for worker in workers]
    for thread in threads:
        thread.start()
    reached = enough.wait(ROUND_SECONDS)
    server.kill()
    running.clear()
    for thread in threads:
        thread.join(ROUND_SECONDS)
    for worker in workers:
        if worker.problem:
            raise worker.problem
    check(reached, f"only {count} of {target} writes were acknowledged within {ROUND_SECONDS} s")


def settle(server, token, workers):
    """Sends again, with its key, what had no answer, as a client would."""
    for worker in workers:
        client = server.client(token)
        running = threading.Event()
        running.set()
        if worker.pending:
            worker.work(client, running, running.clear)
            if worker.problem:
                raise worker.problem
            check(worker.pending is None, f"{worker.pending} was not taken after the restart")
        client.close()


def verify(server, token, workers, generator):
    store = server.store
    rows = dict(store.rows("SELECT mark, count(*) FROM entries GROUP BY mark"))
    twice = [mark for mark, number in rows.items() if number != "1"]
    equal(twice, [], "marks that were created more than once")
    known = {mark for worker in workers for mark in worker.acknowledged}
    equal(sorted(known - rows.keys()), [], "acknowledged entries that are gone")
    equal(sorted(rows.keys() - known), [], "entries that nobody was told of")
    counters = {value: revision for value, revision in store.rows("SELECT value, revision FROM counters")}
    for value, revision in counters.items():
        equal(int(revision), int(value) + 1, "the revision of a counter that was counted up once for each revision")
    # What was written with each change: one event, and one record of its key (the counters were made without one).
    events = {name: int(number) for name, number in store.rows("SELECT resource, count(*) FROM _martlet_events GROUP BY resource")}
    changes = sum(int(revision) for revision, in store.rows("SELECT revision FROM counters"))
    equal((events.get("entries", 0), events.get("counters", 0)), (len(rows), changes), "events of entries and of counters")
    # In the order of writing the events of a record go up by one revision, at growing times; on SQLite no position is missing.
    swapped = store.rows(
        "SELECT record, revision FROM (SELECT record, revision, time, lag(revision) OVER w AS before, lag(time) OVER w AS earlier"
        " FROM _martlet_events WINDOW w AS (PARTITION BY resource, record ORDER BY position)) AS e"
        " WHERE revision <> coalesce(before, 0) + 1 OR time <= earlier"
    )
    equal(swapped, [], "events out of their record's order")
    if store.name == "sqlite":
        ((number, last),) = store.rows("SELECT count(*), max(position) FROM _martlet_events")
        equal(number, last, "the number of events and the last position")
    keys = store.rows("SELECT count(*) FROM _martlet_idempotency")
    equal(int(keys[0][0]), len(rows) + changes - len(workers), "records of idempotency keys")
    client = server.client(token)
    for worker in workers:
        answer = client.get(f"/v1/counters/{worker.counter}")
        equal((answer.status, answer.json.get("value")), (200, worker.value), "the counter")
        for mark in generator.sample(sorted(worker.acknowledged), min(2, len(worker.acknowledged))):
            number = worker.acknowledged[mark]
            answer = client.get(f"/v1/entries/{number}")
            equal((answer.status, answer.json.get("mark")), (200, mark), "an acknowledged entry")
            answer = client.send(
                "POST", "/v1/entries", {"mark": mark, "worker": worker.number}, {"Idempotency-Key": f'"entry-{mark}"'}
            )
            equal((answer.status, answer.json.get("id")), (201, number), "the same request again")
            equal(answer.headers.get("idempotency-replayed"), "true", "the header of a replay")
    client.close()


def test_kill_under_write_load(store):
    generator = random.Random(SEED)
    print(f"        seed {SEED}, {ROUNDS} rounds", flush=True)
    with Server(CONTRACT, store) as server:
        token = server.token("crash", "writer")
        workers = [Worker(number) for number in range(WORKERS)]
        client = server.client(token)
        for worker in workers:
            answer = client.send("POST", "/v1/counters", {})
            equal(answer.status, 201, f"making a counter: {answer}")
            worker.counter = answer.json["id"]
        client.close()
        for number in range(ROUNDS):
            load(server, token, workers, generator.randint(30, 500))
            server.start()
            settle(server, token, workers)
            verify(server, token, workers, generator)
        print(f"        {sum(len(worker.acknowledged) for worker in workers)} entries", flush=True)
        equal(server.stop(), 0, "the exit code after SIGTERM")


if __name__ == "__main__":
    run(globals())
