"""PgBouncer in transaction mode between the service and PostgreSQL: everything works, nothing stays behind in its connections, and
what breaks is said and mended as without it."""

import concurrent.futures
import pathlib
import shutil
import signal
import subprocess
import tempfile

from breaking import Writers, fault, ready, refused_start, until
from harness import Server, check, equal, run
from own_postgres import OwnPostgres, PgBouncer

CONTRACT = """
martlet: 1
service: {name: pooled, version: v1}
store: {url: "${DATABASE_URL}", pooler: transaction, direct: "${DIRECT_URL}", timeout: 3s}
resources:
  entries:
    history: true
    fields:
      mark:    {type: string, length: 1..100, required: true, unique: true}
      padding: {type: text}
      pieces:  {type: integer, minimum: 0, maximum: 1000000, default: 0}
      price:   {type: decimal, precision: "9,2"}
      at:      {type: timestamp}
      body:    {type: text, search: true}
    access: {create: anyone, read: anyone, update: anyone, delete: anyone, export: anyone}
queries:
  total:
    from: entries
    select: {entries: count()}
    access: anyone
"""


class Pooled:
    """A database, a pooler before it, and a service behind that. A context."""

    def __init__(self, contract=CONTRACT):
        self.contract = contract

    def __enter__(self):
        self.database = OwnPostgres().__enter__()
        self.pooler = PgBouncer(self.database).__enter__()
        self.server = Server(self.contract, url=self.pooler.url)
        self.server.environment["DIRECT_URL"] = self.database.url
        self.server.__enter__()
        return self

    def __exit__(self, *problem):
        self.server.__exit__(*problem)
        self.pooler.__exit__()
        self.database.__exit__()


def test_everything_works_behind_it():
    with Pooled() as it:
        client = it.server.client()
        entry = {"mark": "first", "price": "12.50", "at": "2026-03-01T12:00:00Z", "body": "One swallow makes no summer"}
        key = {"Idempotency-Key": '"once"'}
        made = client.send("POST", "/v1/entries", entry, key)
        equal(made.status, 201, f"a creation: {made}")
        again = client.send("POST", "/v1/entries", entry, key)
        equal((again.status, again.json["id"]), (201, made.json["id"]), "the same creation once more")
        path = f"/v1/entries/{made.json['id']}"
        found = client.get(path).json
        equal((found["price"], found["at"]), (made.json["price"], made.json["at"]), "what was stored")
        check(found["at"].startswith("2026-03-01T12:00:00"), f"a time: {found['at']}")
        changed = client.send("PATCH", path, {"pieces": 3}, {"Content-Type": "application/merge-patch+json"})
        equal((changed.status, changed.json.get("pieces")), (200, 3), f"a change: {changed}")
        equal(client.send("POST", "/v1/entries", {"mark": "first"}).status, 409, "a mark that is taken")
        equal(client.send("POST", "/v1/entries", {"mark": "m", "pieces": -1}).status, 422, "a value out of bounds")
        equal(len(client.get("/v1/entries?search=swallow").json["data"]), 1, "a search")
        equal(len(client.get(f"{path}/history").json["data"]), 2, "its history")
        equal(client.get("/v1/queries/total").status, 200, "a named query")
        equal(client.send("DELETE", path).status, 204, "a deletion")
        equal(client.get(path).status, 404, "what was deleted")
        client.close()


def test_many_share_few_connections_and_leave_nothing_behind():
    with Pooled() as it:
        with Writers(it.server) as writers:
            until(lambda: len(writers.acknowledged) > 300, "writes")

            def read(_):
                client = it.server.client()
                answers = [client.get("/v1/entries?limit=5").status for _ in range(40)]
                client.close()
                return answers

            with concurrent.futures.ThreadPoolExecutor(16) as readers:
                for answers in readers.map(read, range(16)):
                    equal(set(answers), {200}, "reads beside the writes")
        writers.sound()
        equal(writers.refused, [], "refused writes")
        writers.all_there(it.server)
        backends = int(it.database.psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")[0][0])
        check(backends <= 6, f"{backends} connections for 32 clients")
        # Each connection of the pooler's is as the next one needs it.
        for _ in range(12):
            for name, value in (("default_transaction_read_only", "off"), ("statement_timeout", "0"), ("random_page_cost", "4")):
                equal(it.pooler.psql(f"SHOW {name}"), [(value,)], name)
            equal(it.pooler.psql("SELECT count(*) FROM pg_prepared_statements"), [("0",)], "prepared statements")


def test_a_migration_needs_the_database_itself():
    without = CONTRACT.replace(', direct: "${DIRECT_URL}"', "")
    with Pooled() as it:
        equal(it.server.stop(), 0, "its end")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-pooler-"))
        try:
            words = refused_start(without.replace("pieces:", "parts:"), folder, it.pooler.url)
            check("store.direct" in words, f"what it says: {words}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        # Where there is nothing to change it is not needed.
        it.server.contract.write_text(without)
        it.server.start()
        equal(it.server.client().send("POST", "/v1/entries", {"mark": "m"}).status, 201, "a write without store.direct")


def test_a_statement_that_takes_too_long_is_stopped():
    with Pooled() as it:
        made = it.server.client().send("POST", "/v1/entries", {"mark": "slow"})
        equal(made.status, 201, f"{made}")
        # Somebody else holds the row.
        holder = subprocess.Popen(
            ["psql", "-X", "-q", "-c", "BEGIN; UPDATE entries SET pieces = 1; SELECT pg_sleep(600)", it.database.url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: it.database.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == [("1",)], "the holder")
            headers = {"Content-Type": "application/merge-patch+json"}
            answer = it.server.client().send("PATCH", f"/v1/entries/{made.json['id']}", {"pieces": 2}, headers)
            equal(answer.status, 504, f"a change of a row that is held: {answer}")
        finally:
            holder.kill()
            holder.wait()
        equal(it.server.client().get(f"/v1/entries/{made.json['id']}").json["pieces"], 0, "what was not changed")


def test_the_pooler_is_killed_and_comes_back():
    with Pooled() as it:
        fault(it.server, "pooler killed and started", it.pooler.kill, it.pooler.start, reads=False)


def test_the_pooler_pauses():
    with Pooled() as it:
        fault(
            it.server, "pooler paused (PAUSE)", lambda: it.pooler.admin("PAUSE postgres"), lambda: it.pooler.admin("RESUME postgres"),
            reads=False,
        )


def test_the_pooler_is_frozen():
    with Pooled() as it:
        fault(
            it.server, "pooler frozen (SIGSTOP)", lambda: it.pooler.signal(signal.SIGSTOP), lambda: it.pooler.signal(signal.SIGCONT),
            reads=False,
        )


def test_the_server_behind_it_is_killed_and_comes_back():
    with Pooled() as it:
        fault(it.server, "server behind the pooler killed and started", it.database.kill, it.database.start, reads=False)
        equal(ready(it.server), 200, "readiness")


if __name__ == "__main__":
    run(globals())
