"""martlet migrate: plans, steps that are killed at any point, steps under load."""

import http.client
import json
import random
import re
import signal
import sqlite3
import subprocess
import threading
import time

from harness import Failed, Postgres, Server, check, command, equal, run

HEAD = """
martlet: 1
service: {name: shop, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/shop.db}"}
roles: [clerk]
resources:
  customers:
    fields: {name: {type: string, required: true}}
    access: {create: [clerk], read: anyone, update: [clerk], delete: [clerk]}
"""
FIRST = HEAD + """
  goods:
    fields:
      name:  {type: string, length: 1..100, required: true}
      pages: {type: integer, minimum: 0}
      state: {type: enum, values: [new, old], index: true}
      color: string
      owner: {type: uuid}
    access: {create: [clerk], read: anyone, update: [clerk], delete: [clerk]}
""".lstrip("\n")
# Whatever keeps a process of the first contract going.
SECOND = HEAD + """
  shelves:
    fields: {name: string, good: {ref: goods}}
    access: {create: [clerk], read: anyone}
  goods:
    fields:
      name:  {type: string, length: 1..100, required: true, index: true}
      pages: {type: integer, minimum: 0, required: true, default: 1, index: true}
      state: {type: enum, values: [new, old, lost]}
      owner: {ref: customers}
      note:  {type: string, length: 0..50, index: true}
      stock: {type: integer, minimum: 0, required: true, default: 0}
      code:  {type: string, length: 0..20, unique: true}
    access: {create: [clerk], read: anyone, update: [clerk], delete: [clerk]}
    indexes: [[state, -pages]]
""".lstrip("\n")
THIRD = SECOND.replace("pages: {type: integer, minimum: 0, required: true, default: 1, index: true}",
                       "sheets: {type: decimal, precision: '12,1', was: pages, required: true, default: 1, index: true}").replace(
                           "[state, -pages]", "[state, -sheets]").replace("  shelves:", "  racks:\n    was: shelves", 1)
RETRIES = 60


def command_of(server, *words, code=0):
    """Runs `martlet migrate`, and answers with what it printed."""
    done = subprocess.run(
        [command, "migrate", *words, "--contract", str(server.contract)],
        cwd=server.folder, env={**server.environment, "USER": "ada"}, capture_output=True, text=True, timeout=300,
    )
    equal(done.returncode, code, f"the exit code of migrate {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout if code == 0 or "json" in words else done.stdout + done.stderr


def document(server, *words, code=0):
    return json.loads(command_of(server, *words, "--format", "json", code=code))


def fill(server, count):
    """Rows that no request made, so that they are there at once. One in three has no pages."""
    if server.store.name == "postgres":
        server.store.rows(
            "INSERT INTO goods (id, name, pages, state, color, created_at, updated_at, revision) "
            "SELECT gen_random_uuid(), 'good ' || n, CASE WHEN n % 3 > 0 THEN n END, 'new', 'c' || n, now(), now(), 1 "
            f"FROM generate_series(1, {count}) AS n")
        return
    with sqlite3.connect(server.store.path) as connection:
        connection.executemany(
            "INSERT INTO goods (id, name, pages, state, color, created_at, updated_at, revision) VALUES (randomblob(16), ?, ?, 'new', ?, 1, 1, 1)",
            [(f"good {n}", n if n % 3 else None, f"c{n}") for n in range(1, count + 1)])
    connection.close()


def total(server, column="pages"):
    count, total = server.store.rows(f"SELECT count(*), sum({column}) FROM goods")[0]
    return int(count), float(total)


def test_plan_apply_and_status(store):
    with Server(FIRST, store) as server:
        server.client(server.token("ada", "clerk")).send("POST", "/v1/goods", {"name": "a", "pages": 7, "color": "red"})
        equal(command_of(server, "plan"), "", "nothing to do")
        equal(server.stop(), 0, "the exit code")
        fill(server, 30)
        server.contract.write_text(THIRD)
        refused = subprocess.run(
            [command, "serve", "--check", "--contract", str(server.contract)], cwd=server.folder, env=server.environment,
            capture_output=True, text=True, timeout=60)
        equal(refused.returncode, 1, "serve refuses")
        check("rename column goods.pages to sheets" not in refused.stdout and "martlet migrate plan" in refused.stderr, refused.stderr)
        before = server.store.rows("SELECT * FROM goods ORDER BY id")
        plan = document(server, "plan", code=1)
        check(not plan["fits"] and plan["steps"][-1]["statements"], "steps with their statements")
        classes = {step["description"]: step["class"] for step in plan["steps"]}
        equal(classes.get("rename column goods.pages to sheets"), "locks", f"{classes}")
        equal([step["class"] for step in plan["removals"]], ["loses data"], "the removals")
        check("color" in plan["removals"][0]["description"], f"{plan['removals']}")
        equal(server.store.rows("SELECT * FROM goods ORDER BY id"), before, "a plan changes nothing")
        check("to take" in command_of(server, "status", code=1), "what is to do")
        command_of(server, "apply")
        state = document(server, "status")
        check(state["pending"]["fits"] and all(step["state"] == "done" for step in state["applied"]), f"{state}")
        check(any(step["actor"].startswith("ada@") for step in state["applied"]), "who did it")
        rows, sheets = total(server, "sheets")
        # SQLite holds a decimal scaled.
        equal((rows, sheets / (10 if store == "sqlite" else 1)), (31, 7 + sum(n if n % 3 else 1 for n in range(1, 31))), "every value")
        server.start()
        equal(server.client().get("/v1/goods?limit=1").status, 200, "it serves")
        equal(server.stop(), 0, "the exit code")
        check("color" in "".join(document(server, "apply")["left"]), "what is kept is said")
        equal(server.store.rows("SELECT count(color) FROM goods"), [("31",)], "and is there")
        command_of(server, "apply", "--allow-data-loss")
        equal(command_of(server, "plan"), "", "nothing is left")


def test_a_database_that_is_not_there_yet():
    with Server(FIRST) as server:
        server.stop()
        for file in server.store.path.parent.glob("live.db*"):
            file.unlink()
        check("CREATE TABLE" in command_of(server, "plan"), "all of it")
        check(not server.store.path.exists(), "and nothing is made")
        command_of(server, "apply")
        equal(command_of(server, "plan"), "", "nothing is left")


def test_killed_at_any_point_it_goes_on(store):
    with Server(FIRST, store) as server:
        server.stop()
        fill(server, 20_000)
        server.contract.write_text(THIRD)
        chance = random.Random(7)
        kills = 0
        for attempt in range(RETRIES):
            process = subprocess.Popen(
                [command, "migrate", "apply", "--allow-data-loss", "--contract", str(server.contract)], cwd=server.folder,
                env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                # Longer each time, so that it comes to an end.
                _, words = process.communicate(timeout=0.02 + 0.03 * attempt * chance.random())
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kills += 1
                continue
            equal(process.returncode, 0, words)
            break
        else:
            raise Failed("it came to no end")
        check(kills > 2, f"killed {kills} times")
        equal(command_of(server, "plan"), "", "nothing is left")
        rows, sheets = total(server, "sheets")
        equal((rows, sheets / (10 if store == "sqlite" else 1)), (20_000, sum(n if n % 3 else 1 for n in range(1, 20_001))), "every value")
        if store == "postgres":
            equal(server.store.rows("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"), [], "indexes that are no use")
            equal(server.store.rows("SELECT conname FROM pg_constraint WHERE NOT convalidated OR conname LIKE '\\_martlet_nn%'"), [], "conditions")
        server.start()
        equal(server.client().get("/v1/goods?limit=1").status, 200, "it serves")


def test_two_at_once():
    with Server(FIRST, "postgres") as server:
        server.stop()
        fill(server, 20_000)
        server.contract.write_text(SECOND)
        processes = [
            subprocess.Popen(
                [command, "migrate", "apply", "--contract", str(server.contract)], cwd=server.folder, env=server.environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for process in processes:
            _, words = process.communicate(timeout=300)
            equal(process.returncode, 0, words)
        equal(len(document(server, "plan", code=1)["steps"]), 0, "nothing is left")
        steps = [step["name"] for step in document(server, "status")["applied"] if step["migration"] > 1]
        equal(len(steps), len(set(steps)), f"no step was taken twice: {steps}")


def test_a_table_that_is_held_is_waited_for():
    with Server(FIRST, "postgres") as server:
        server.stop()
        server.contract.write_text(FIRST.replace("color: string", "color: string\n      hue: string"))
        holder = subprocess.Popen(
            ["psql", "-X", "-q", "-At", server.store.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdin.write("BEGIN; SELECT count(*) FROM goods;\n")
        holder.stdin.flush()
        holder.stdout.readline()
        process = subprocess.Popen(
            [command, "migrate", "apply", "--contract", str(server.contract)], cwd=server.folder, env=server.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # Whoever comes meanwhile is kept waiting a moment at most.
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
        deadline = time.monotonic() + 30
        while not server.store.rows(waiting):
            check(time.monotonic() < deadline and process.poll() is None, "it never waited")
        began = time.monotonic()
        server.store.rows("SELECT count(*) FROM goods")
        check(time.monotonic() - began < 2, "a reader waited for long")
        holder.stdin.write("COMMIT;\n")
        holder.stdin.close()
        holder.wait(30)
        _, words = process.communicate(timeout=120)
        equal(process.returncode, 0, words)
        equal(command_of(server, "plan"), "", "nothing is left")


class Load:
    """Clients of a service, and what went wrong."""

    def __init__(self, server, token, count=4):
        self.server = server
        self.wrong = []
        self.counts = [0] * count
        self.over = threading.Event()
        self.made = []
        self.slowest = 0
        self.threads = [threading.Thread(target=self.work, args=(server.client(token), number)) for number in range(count)]

    def work(self, client, number):
        step = 0
        identity = None
        while not self.over.is_set():
            began = time.monotonic()
            try:
                if step % 4 == 0:
                    answer = client.send("POST", "/v1/goods", {"name": f"load {number} {step}", "pages": step, "state": "new"})
                    if answer.status == 201:
                        identity = answer.json["id"]
                        self.made.append(identity)
                elif step % 4 == 1:
                    answer = client.send("PATCH", f"/v1/goods/{identity}", {"name": f"changed {step}"})
                elif step % 4 == 2:
                    answer = client.get(f"/v1/goods/{identity}")
                else:
                    answer = client.get("/v1/goods?limit=5&filter=state=='new'" if number % 2 else "/v1/goods?limit=5")
                if answer.status not in (200, 201):
                    self.wrong.append(repr(answer))
            except (OSError, http.client.HTTPException) as problem:
                self.wrong.append(repr(problem))
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.counts[number] += 1
            step += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)


class LockWatch:
    """Looks again and again who holds a lock that keeps readers or writers of a table away, and for how long."""

    QUERY = (
        "SELECT l.pid, coalesce(a.xact_start::text, ''), l.mode, c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
        "LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.granted AND c.relkind = 'r' AND l.relation > 16383 "
        "AND l.mode IN ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')"
    )

    def __init__(self, url):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-At", "-F", "\t", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seen = {}
        self.over = threading.Event()
        self.looks = 0
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.over.is_set():
            began = time.monotonic()
            self.process.stdin.write(self.QUERY + ";\nSELECT 'end';\n")
            self.process.stdin.flush()
            self.looks += 1
            while (line := self.process.stdout.readline().rstrip("\n")) not in ("end", ""):
                first, _ = self.seen.get(line, (began, began))
                self.seen[line] = (first, began)
            self.over.wait(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(30)
        self.process.stdin.close()
        self.process.wait(30)

    @property
    def longest(self):
        return max(((last - first, lock) for lock, (first, last) in self.seen.items()), default=(0, "none"))


def test_under_load_no_request_fails():
    with Server(FIRST, "postgres", arguments=("--log-level", "notice")) as server:
        fill(server, 30_000)
        token = server.token("ada", "clerk")
        with Load(server, token) as load, LockWatch(server.store.url) as watch:
            deadline = time.monotonic() + 30
            while min(load.counts) < 20:
                check(time.monotonic() < deadline, f"there is no load: {load.counts}")
            server.contract.write_text(SECOND)
            words = document(server, "apply")["applied"]
            reached = list(load.counts)
            while any(now < before + 20 for now, before in zip(load.counts, reached)):
                check(time.monotonic() < deadline + 300, "the load stands still")
        equal(load.wrong[:3], [], f"of {sum(load.counts)} requests beside {len(words)} steps")
        check(len(words) >= 15 and watch.looks > 20, f"{words}")
        # Three times what is promised: on a busy machine a look may come late, never a lock.
        check(watch.longest[0] < 0.3, f"held for {watch.longest}")
        equal(command_of(server, "plan", code=1).count("[loses data]"), 1, "nothing but the removal is left")
        kept = {row[0] for row in server.store.rows("SELECT id FROM goods")}
        check(set(load.made) <= kept, "a record that was acknowledged is gone")
        equal(server.store.rows("SELECT count(*) FROM goods WHERE pages IS NULL"), [("0",)], "every row has the default")


def test_files_run_once_and_a_migration_is_taken_back(store):
    with Server(FIRST, store) as server:
        server.stop()
        fill(server, 9)
        server.contract.write_text(FIRST.replace("color: string", "color: string\n      hue: {type: string, required: true}"))
        check("demands" in (words := command_of(server, "apply", code=1)) or "give it a default" in words, words)
        folder = server.folder / "migrations"
        folder.mkdir()
        (folder / "README").write_text("no SQL")
        file = folder / "01_hues.sql"
        file.write_text("-- one for each;\nUPDATE goods SET hue = 'h' || color;\n")
        plan = [step["description"] for step in document(server, "plan")["steps"]]
        equal(plan[:2], ["add column goods.hue", "01_hues.sql"], "the order")
        command_of(server, "apply")
        equal(server.store.rows("SELECT count(*) FROM goods WHERE hue = 'h' || color"), [("9",)], "what the file did")
        equal(command_of(server, "plan"), "", "nothing is left")
        file.write_text("UPDATE goods SET hue = 'other';\n")
        check("01_hues.sql" in command_of(server, "apply", code=1), "it was changed")
        check("01_hues.sql" in command_of(server, "down", code=1), "nothing brings back what a file did")
        # Another migration, which can be taken back.
        file.write_text("-- one for each;\nUPDATE goods SET hue = 'h' || color;\n")
        standing = server.contract.read_text()
        server.contract.write_text(standing.replace("color: string", "color: {type: string, index: true}\n      size: integer"))
        command_of(server, "apply")
        taken = document(server, "down")["taken_back"]
        check("add column goods.size" in taken and any("index" in name for name in taken), f"{taken}")
        server.contract.write_text(standing)
        equal(command_of(server, "plan"), "", "the contract before fits")
        # What somebody else does is told.
        if store == "postgres":
            server.store.rows("CREATE INDEX somebodys ON goods (color)")
        else:
            with sqlite3.connect(server.store.path) as connection:
                connection.execute("CREATE INDEX somebodys ON goods (color)")
            connection.close()
        equal(document(server, "status")["pending"]["drifted"], ["goods"], "the drift")
        server.start()
        check(any("schema drift" in line and "goods" in line for line in list(server.log)), "the log says so")
        equal(server.client().get("/v1/goods?limit=1").status, 200, "and it serves")


def test_wrong_words():
    with Server(FIRST) as server:
        for words in (("plam",), ("plan", "--format", "yaml"), ()):
            check("martlet" in command_of(server, *words, code=2), "it says what is wrong")
        # The service has the file.
        check("another process" in command_of(server, "apply", code=3), "it says who has it")
        command_of(server, "plan")


if __name__ == "__main__":
    run(globals())
