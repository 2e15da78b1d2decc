"""What PostgreSQL does to a service that is not its fault: sessions that are ended, servers that stop, freeze and fail over, deadlocks,
transactions that are undone. Each is caused for real; nothing acknowledged is lost, nothing happens twice, and it mends itself."""

import concurrent.futures
import os
import signal
import subprocess
import time

from breaking import CONTRACT, Writers, fault, until
from harness import Server, check, equal, run
from own_postgres import OwnPostgres

COUNTED = """
martlet: 1
service: {name: counted, version: v1}
store: {url: "${DATABASE_URL}", timeout: {statement: 4s, transaction: 6s, lock: 1500ms, connect: 2s, wait: 2s}}
resources:
  places:
    revision: none
    fields:
      name: {type: string, length: 1..100, required: true}
      note: {type: string, length: 0..100}
    access: {create: anyone, read: anyone, update: anyone}
"""


def test_sessions_are_ended_again_and_again():
    """SQLSTATE 57P01, at any moment of a write. A write that was not answered is not done twice: its mark is unique."""
    with OwnPostgres() as database, Server(CONTRACT, url=database.url) as server:
        with Writers(server) as writers:
            for round in range(12):
                before = len(writers.acknowledged)
                until(lambda: len(writers.acknowledged) > before + 20 or writers.problem, "writes go on")
                ended = database.psql(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'martlet'"
                )
                check(int(ended[0][0]) > 0, "no session was ended")
        writers.sound()
        for _, answer in writers.refused:
            check(answer.status == 503, f"a refusal: {answer}")
        found = writers.all_there(server)
        # What was refused as unknown may be there; never more than was asked for, and never twice.
        marks = database.psql("SELECT count(*), count(DISTINCT mark) FROM entries")[0]
        equal(marks[0], marks[1], "entries and their marks")
        check(found <= int(marks[0]) <= found + len(writers.refused), f"{marks[0]} entries, {found} acknowledged")
        print(f"        12 times all sessions ended: {found} acknowledged, {len(writers.refused)} refused", flush=True)


def test_the_server_is_stopped_and_started():
    for mode in ("fast", "immediate"):
        with OwnPostgres() as database, Server(CONTRACT, url=database.url) as server:
            fault(server, f"stopped ({mode}) and started", lambda: database.stop(mode), database.start, reads=False)


def test_one_backend_crashes():
    """The server ends everybody's session then, and comes back by itself."""
    with OwnPostgres(restart_after_crash="on") as database, Server(CONTRACT, url=database.url) as server:
        with Writers(server) as writers:
            until(lambda: len(writers.acknowledged) > 50, "the first writes")
            pid = int(database.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'martlet' LIMIT 1")[0][0])
            os.kill(pid, signal.SIGKILL)
            until(lambda: writers.refused, "a refused write")
            count = len(writers.acknowledged)
            until(lambda: len(writers.acknowledged) > count + 50, "writes after it")
        writers.sound()
        writers.all_there(server)


def test_the_server_is_frozen():
    """SIGSTOP to every process of it: the time-outs are ours then."""
    with OwnPostgres() as database, Server(CONTRACT.replace("timeout: 5s", "timeout: 2s"), url=database.url) as server:
        stopped = []

        def freeze():
            stopped.extend(database.processes())
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)

        def thaw():
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

        try:
            fault(server, "frozen (SIGSTOP)", freeze, thaw, reads=False)
        finally:
            for pid in stopped:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass


def test_a_failover_to_a_standby():
    """Two hosts in the URL: the first is killed, the second promoted. What was acknowledged with synchronous replication is there."""
    with OwnPostgres(wal_level="replica") as primary:
        with OwnPostgres(of=primary) as standby:
            primary.psql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            primary.psql("SELECT pg_reload_conf()")
            until(lambda: primary.psql("SELECT sync_state FROM pg_stat_replication") == [("sync",)], "a synchronous standby")
            url = f"postgres://martlet@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres?target_session_attrs=read-write"
            with Server(CONTRACT, url=url) as server:
                def promote():
                    standby.psql("ALTER SYSTEM SET synchronous_standby_names = ''")
                    standby.psql("SELECT pg_reload_conf()")
                    standby.promote()

                fault(server, "failover to a standby", primary.kill, promote, reads=False)


def places(server, count):
    client = server.client()
    made = [client.send("POST", "/v1/places", {"name": f"place {number}"}).json["id"] for number in range(count)]
    client.close()
    return made


def test_a_deadlock_is_tried_again():
    """A batch that has changed one record waits for a second, whose holder waits for the first. The batch is who finds out and is
    undone (SQLSTATE 40P01): the other's own look would come a minute later."""
    contract = COUNTED.replace("lock: 1500ms", "lock: 20s").replace("statement: 4s, transaction: 6s", "statement: 25s, transaction: 25s")
    with OwnPostgres(deadlock_timeout="3s") as database, Server(contract, url=database.url) as server:
        one, two = places(server, 2)
        other = subprocess.Popen(["psql", "-X", "-q", database.url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            def say(statement):
                other.stdin.write(statement + "\n")
                other.stdin.flush()

            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = "
            say(f"BEGIN; SET LOCAL deadlock_timeout = '60s'; UPDATE places SET note = 'other' WHERE id = '{two}';")
            held = "SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation = 'places'::regclass"
            until(lambda: database.psql(held) == [("1",)], "the other's change")
            operations = [{"method": "PATCH", "path": f"/v1/places/{place}", "body": {"note": "batch"}} for place in (one, two)]
            with concurrent.futures.ThreadPoolExecutor(1) as thread:
                batch = thread.submit(lambda: server.client().send("POST", "/v1/batch", {"operations": operations}))
                until(lambda: database.psql(f"{waiting}'martlet'") == [("1",)], "the batch to wait")
                say(f"UPDATE places SET note = 'other' WHERE id = '{one}'; COMMIT;")
                answer = batch.result(60)
            equal(answer.status, 200, f"the batch: {answer}")
        finally:
            other.stdin.close()
            other.wait(30)
        check("deadlock detected" in (database.folder / "log").read_text(), "there was no deadlock")
        equal(database.psql("SELECT DISTINCT note FROM places"), [("batch",)], "the batch came last, and whole")
        equal(metric(server, "martlet_retries_total"), 1.0, "batches that were sent again")


def test_what_the_server_undoes_for_others_is_tried_again():
    """SQLSTATE 40001, which the server says three times before it lets the write pass."""
    with OwnPostgres() as database, Server(COUNTED, url=database.url) as server:
        database.psql("""
            CREATE SEQUENCE tries;
            CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF nextval('tries') <= 3 THEN RAISE EXCEPTION 'undone' USING ERRCODE = 'serialization_failure'; END IF;
              RETURN NEW; END $$;
            CREATE TRIGGER undo BEFORE UPDATE ON places FOR EACH ROW EXECUTE FUNCTION undo();
            CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              RAISE EXCEPTION 'undone' USING ERRCODE = 'serialization_failure'; END $$;
        """)
        place, = places(server, 1)
        merge = {"Content-Type": "application/merge-patch+json"}
        answer = server.client().send("PATCH", f"/v1/places/{place}", {"note": "a"}, merge)
        equal((answer.status, database.psql("SELECT last_value FROM tries")), (200, [("4",)]), f"a change: {answer}")
        database.psql("CREATE TRIGGER never BEFORE UPDATE ON places FOR EACH ROW EXECUTE FUNCTION never()")
        answer = server.client().send("PATCH", f"/v1/places/{place}", {"note": "b"}, merge)
        equal((answer.status, answer.headers.get("retry-after", "").isdigit()), (503, True), f"a change that never passes: {answer}")
        equal(server.client().get(f"/v1/places/{place}").json["note"], "a", "what was not changed")


def test_a_statement_that_fails_fails_its_own_request_alone():
    """Reads that share a round trip, and writes beside them: one fails each time, the others never."""
    with OwnPostgres() as database, Server(COUNTED, url=database.url) as server:
        good, bad = places(server, 2)
        database.psql(f"""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW.id = '{bad}' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON places FOR EACH ROW EXECUTE FUNCTION refuse();
        """)
        merge = {"Content-Type": "application/merge-patch+json"}

        def work(number):
            client, answers = server.client(), []
            for step in range(40):
                if number % 4 == 0:
                    answers.append((503, client.send("PATCH", f"/v1/places/{bad}", {"note": f"{step}"}, merge)))
                elif number % 4 == 1:
                    answers.append((200, client.send("PATCH", f"/v1/places/{good}", {"note": f"{number}-{step}"}, merge)))
                else:
                    answers.append((200, client.get(f"/v1/places/{good if step % 2 else bad}")))
            client.close()
            return answers

        with concurrent.futures.ThreadPoolExecutor(12) as workers:
            for answers in workers.map(work, range(12)):
                for expected, answer in answers:
                    equal(answer.status, expected, f"{answer}")


def test_time_outs_of_the_contract():
    """Each by its name: a lock, a statement, a connection that is not had."""
    with OwnPostgres() as database, Server(COUNTED, url=database.url) as server:
        place, = places(server, 1)
        names = database.psql("SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE 'mart%'")
        equal(names, [("martlet",)], "its name among the sessions")
        merge = {"Content-Type": "application/merge-patch+json"}
        with Held(database, f"UPDATE places SET note = 'held' WHERE id = '{place}'"):
            seconds, answer = timed(lambda: server.client().send("PATCH", f"/v1/places/{place}", {"note": "x"}, merge))
            equal(answer.status, 504, f"a row that is held: {answer}")
            check(1.4 < seconds < 4, f"`lock` is 1.5 s, and it took {seconds} s")
        database.psql("""
            CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
            CREATE TRIGGER dawdle BEFORE UPDATE ON places FOR EACH ROW EXECUTE FUNCTION dawdle();
        """)
        seconds, answer = timed(lambda: server.client().send("PATCH", f"/v1/places/{place}", {"note": "y"}, merge))
        equal(answer.status, 504, f"a statement that takes long: {answer}")
        check(3.9 < seconds < 8, f"`statement` is 4 s, and it took {seconds} s")
        equal(server.client().get(f"/v1/places/{place}").json.get("note"), None, "what was not changed")


def metric(server, name):
    for line in server.client().get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


def timed(body):
    began = time.monotonic()
    result = body()
    return time.monotonic() - began, result


class Held:
    """What a statement locks stays locked. A context."""

    def __init__(self, database, statement):
        self.database, self.statement = database, statement

    def __enter__(self):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-c", f"BEGIN; {self.statement}; SELECT pg_sleep(600)", self.database.url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        until(lambda: self.database.psql(asleep) == [("1",)], "who holds it")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.database.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


if __name__ == "__main__":
    run(globals())
