"""Two standbys by streaming replication that serve reads, and two services on one database: what is too old is not shown, whoever shows
its position reads its own writes, and what is done by one process holds for the other."""

import concurrent.futures
import contextlib
import json
import os
import signal
import threading
import time

from breaking import until
from harness import Server, check, equal, run
from own_postgres import OwnPostgres

CONTRACT = """
martlet: 1
service: {name: replicated, version: v1}
store: {url: "${DATABASE_URL}", replicas: ["${REPLICA_ONE}", "${REPLICA_TWO}"], lag: 2s, timeout: 10s}
resources:
  entries:
    history: true
    fields:
      mark: {type: string, length: 1..100, required: true, unique: true}
      step: {type: integer, default: 0}
    access: {create: anyone, read: anyone, update: anyone}
"""
MERGE = {"Content-Type": "application/merge-patch+json"}


class Replicated:
    """A primary, two standbys, and a service over them. A context."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.primary = stack.enter_context(OwnPostgres(wal_level="replica", max_wal_senders="8"))
            self.standbys = [stack.enter_context(OwnPostgres(of=self.primary)) for _ in range(2)]
            self.server = Server(CONTRACT, url=self.primary.url)
            for name, standby in zip(("REPLICA_ONE", "REPLICA_TWO"), self.standbys):
                self.server.environment[name] = standby.url
            stack.enter_context(self.server)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *problem):
        self.stack.__exit__(*problem)

    def in_use(self):
        found = json.loads(self.server.client().get("/health").body)["dependencies"]
        return [found[f"replica-{number}"]["status"] == "ok" for number in (1, 2)]

    def await_use(self, *expected):
        until(lambda: self.in_use() == list(expected), f"replicas in use: {expected}, and not {self.in_use()}")

    def figure(self, name):
        for line in self.server.client().get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def make(self, mark):
        answer = self.server.client().send("POST", "/v1/entries", {"mark": mark})
        equal(answer.status, 201, f"a creation: {answer}")
        return f"/v1/entries/{answer.json['id']}", answer.headers["martlet-position"]

    def replayed_by_all(self):
        place = self.primary.psql("SELECT pg_current_wal_lsn()")[0][0]
        for standby in self.standbys:
            until(lambda: standby.psql(f"SELECT pg_last_wal_replay_lsn() >= '{place}'") == [("t",)], "a standby to follow")


def test_reads_go_to_the_standbys():
    with Replicated() as it:
        path, _ = it.make("first")
        it.replayed_by_all()
        it.await_use(True, True)
        before = it.figure("martlet_replica_reads_total")
        client = it.server.client()

        def read():
            equal(client.get(path).status, 200, "a read")
            equal(client.get("/v1/entries?mark=first").status, 200, "a list")
            return it.figure("martlet_replica_reads_total") - before > 80

        until(read, "the standbys to serve")
        it.await_use(True, True)
        equal(it.figure("martlet_replicas"), 2.0, "replicas")
        check(0 <= it.figure("martlet_replica_age_seconds") <= 2, "how old it is")
        # Both of them: each has seen statements on the table.
        for standby in it.standbys:
            check(standby.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'martlet'") != [("0",)], "no sessions")
        # What a history tells comes from the primary.
        before = it.figure("martlet_replica_reads_total")
        for _ in range(5):
            equal(client.get(f"{path}/history").status, 200, "a history")
        equal(it.figure("martlet_replica_reads_total"), before, "reads of standbys for histories")


def test_who_shows_its_position_reads_its_own_writes():
    """While both standbys hold back what they have been sent, and while they follow as fast as they can."""
    with Replicated() as it:
        path, _ = it.make("own")
        it.replayed_by_all()
        it.await_use(True, True)
        client = it.server.client()
        for held in (False, True):
            for standby in it.standbys:
                standby.psql("SELECT pg_wal_replay_pause()" if held else "SELECT pg_wal_replay_resume()")
            ends, stale, step = time.monotonic() + 1.5, 0, 0
            while time.monotonic() < ends:
                step += 1
                changed = client.send("PATCH", path, {"step": step}, MERGE)
                equal(changed.status, 200, f"a change: {changed}")
                token = changed.headers["martlet-position"]
                stale += client.get(path).json["step"] != step
                equal(client.get(path, **{"Martlet-Position": token}).json["step"], step, f"its own write, held back: {held}")
                listed = client.get("/v1/entries?mark=own", **{"Martlet-Position": token}).json["data"]
                equal(listed[0]["step"], step, f"its own write in a list, held back: {held}")
            # Without the position what a standby has is shown: else this test proved nothing.
            if held:
                check(stale > 0, "no read was of the past")
            print(f"        held back {held}: {step} writes, {stale} reads without a position were of the past", flush=True)
        # A position that is not the service's own is none; it is no error.
        for odd in ("x", "A" * 43, token[:-2] + ("AA" if token[-2:] != "AA" else "BB")):
            equal(client.get(path, **{"Martlet-Position": odd}).status, 200, "an odd position")


def test_a_standby_that_falls_behind_is_left_out_and_comes_back():
    with Replicated() as it:
        path, _ = it.make("late")
        it.replayed_by_all()
        it.await_use(True, True)
        it.standbys[0].psql("SELECT pg_wal_replay_pause()")
        written = {}
        client = it.server.client()

        def write(step):
            equal(client.send("PATCH", path, {"step": step}, MERGE).status, 200, "a change")
            written[step] = time.monotonic()

        # It never shows what is older than the bound (2 s), from the first moment on.
        step, ends = 0, time.monotonic() + 4
        while time.monotonic() < ends:
            step += 1
            write(step)
            for _ in range(4):
                asked = time.monotonic()
                shown = client.get(path).json["step"]
                if shown < step:
                    age = asked - written[shown + 1]
                    check(age < 2.0, f"what is shown lacks a change of {age:.3f} s ago")
        it.await_use(False, True)
        equal(it.server.client().get("/health/ready").status, 200, "readiness with a replica left out")
        it.standbys[0].psql("SELECT pg_wal_replay_resume()")
        it.await_use(True, True)


def test_a_frozen_standby_keeps_nobody_long():
    with Replicated() as it:
        path, _ = it.make("frozen")
        it.replayed_by_all()
        it.await_use(True, True)
        running, slowest, wrong = [True], [0.0] * 8, []

        def read(number):
            client = it.server.client()
            while running[0]:
                began = time.monotonic()
                answer = client.get(path)
                slowest[number] = max(slowest[number], time.monotonic() - began)
                if answer.status != 200:
                    wrong.append(answer)
            client.close()

        threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
        stopped = it.standbys[0].processes()
        try:
            for thread in threads:
                thread.start()
            until(lambda: all(slowest), "the first reads")
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            it.await_use(False, True)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        it.await_use(True, True)
        running[0] = False
        for thread in threads:
            thread.join()
        equal(wrong, [], "reads while a standby was frozen")
        # A question's second, and what a busy machine adds; the statement's own time-out is 10 s.
        check(max(slowest) < 8, f"the slowest read took {max(slowest)} s")
        print(f"        the slowest of the reads took {max(slowest):.2f} s", flush=True)


def test_a_standby_dies_and_comes_back():
    with Replicated() as it:
        path, _ = it.make("dead")
        it.replayed_by_all()
        it.await_use(True, True)
        for stop in (it.standbys[0].kill, lambda: it.standbys[0].stop("fast")):
            with concurrent.futures.ThreadPoolExecutor(8) as readers:
                def read(_):
                    client = it.server.client()
                    answers = {client.get(path).status for _ in range(60)}
                    client.close()
                    return answers

                results = [readers.submit(read, number) for number in range(16)]
                stop()
                for result in results:
                    equal(result.result(60), {200}, "reads while a standby died")
            it.await_use(False, True)
            equal(it.server.client().get(path).status, 200, "a read without it")
            it.standbys[0].start()
            it.await_use(True, True)


def test_a_standby_that_starts_again_shows_nobody_what_was_before_its_own_writes():
    """Killed and started again and again, it is behind where it was each time; nothing is known of it then."""
    with Replicated() as it:
        path, _ = it.make("again")
        it.replayed_by_all()
        it.await_use(True, True)
        running, problems, count = [True], [], [0]

        def work():
            client, step = it.server.client(), 0
            while running[0] and not problems:
                step += 1
                changed = client.send("PATCH", path, {"step": step}, MERGE)
                if changed.status != 200:
                    problems.append(changed)
                    break
                for _ in range(3):
                    shown = client.get(path, **{"Martlet-Position": changed.headers["martlet-position"]})
                    if shown.status != 200 or shown.json["step"] != step:
                        problems.append((step, shown))
                count[0] = step
            client.close()

        worker = threading.Thread(target=work)
        worker.start()
        try:
            for _ in range(3):
                for standby in it.standbys:
                    standby.kill()
                    standby.start()
                it.await_use(True, True)
        finally:
            running[0] = False
            worker.join()
        equal(problems, [], "reads of one's own writes")
        check(count[0] > 10, f"{count[0]} writes")


def test_a_standby_that_was_promoted_serves_no_more():
    with Replicated() as it:
        path, _ = it.make("promoted")
        it.replayed_by_all()
        it.await_use(True, True)
        it.standbys[1].promote()
        it.await_use(True, False)
        # Its own life is nobody's here.
        it.standbys[1].psql("UPDATE entries SET step = 99")
        for _ in range(20):
            equal(it.server.client().get(path).json["step"], 0, "a read")


def test_two_services_on_one_database_are_one():
    """One key that goes to both at once is carried out once; pages begun at one go on at the other; what one writes the other shows."""
    with Replicated() as it:
        other = Server(CONTRACT, url=it.primary.url)
        other.environment = {**it.server.environment}
        with other:
            clients = [it.server.client(), other.client()]
            it.await_use(True, True)
            for number in range(40):
                headers = {"Idempotency-Key": f'"race-{number}"'}

                def create(client):
                    answer = client.send("POST", "/v1/entries", {"mark": f"race-{number}"}, headers)
                    # The other one is at it: as told, once more.
                    while answer.status in (409, 503) and answer.headers.get("retry-after"):
                        answer = client.send("POST", "/v1/entries", {"mark": f"race-{number}"}, headers)
                    return answer

                with concurrent.futures.ThreadPoolExecutor(2) as both:
                    one, two = both.map(create, clients)
                equal((one.status, two.status, one.body), (201, 201, two.body), f"the same key at both: {one} {two}")
            equal(it.primary.psql("SELECT count(*) FROM entries WHERE mark LIKE 'race-%'"), [("40",)], "entries")
            position = clients[0].send("POST", "/v1/entries", {"mark": "last"}).headers["martlet-position"]
            shown = {"Martlet-Position": position}
            marks, path, turn = [], "/v1/entries?limit=7&sort=mark", 0
            while path:
                page = clients[turn % 2].get(path, **shown)
                equal(page.status, 200, f"a page: {page}")
                marks += [entry["mark"] for entry in page.json["data"]]
                link = page.headers.get("link", "")
                path = link.split(">; rel=\"next\"")[0].rpartition("<")[2] if "rel=\"next\"" in link else None
                turn += 1
            equal(marks, ["last"] + sorted(f"race-{number}" for number in range(40)), "pages of both")


if __name__ == "__main__":
    run(globals())
