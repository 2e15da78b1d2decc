"""Backups under write load: killed copies, a killed service, moments restored, damage named, a full folder.

MARTLET_CRASH_SEED repeats a run.
"""

import collections
import datetime
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from harness import Server, check, command, equal, run

SEED = int(os.environ.get("MARTLET_CRASH_SEED") or time.time_ns() % 1_000_000)
WAIT_SECONDS = 60

CONTRACT = """
martlet: 1
service: {name: keeper, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/keeper.db}"}
%s
roles: [writer]
resources:
  entries:
    fields:
      mark: {type: string, length: 1..100, required: true, unique: true}
      body: {type: text}
    access: {create: [writer], read: [writer], update: [writer]}
"""
SHIPPED = CONTRACT % 'backup: {to: "file:backups", every: 1d, keep: 7d, ship: 200ms}'
UNSHIPPED = CONTRACT % ""


def wait(condition, words):
    pause = threading.Event()
    end = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        check(time.monotonic() < end, f"{words}: not within {WAIT_SECONDS} s")
        pause.wait(0.01)
    return found


def martlet(server, *arguments, code=0):
    """The command's answer in JSON, and what it told people."""
    done = subprocess.run([command, *arguments], cwd=server.folder, env=server.environment, capture_output=True, text=True, timeout=120)
    equal(done.returncode, code, f"the exit code of martlet {' '.join(arguments)}: {done.stderr.strip()}")
    return (json.loads(done.stdout) if "json" in arguments and done.stdout else None), done.stderr


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def marks(path):
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        equal(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "the integrity check")
        # A timeline begins before the service has made its tables.
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'entries'").fetchone():
            return set()
        return {row[0] for row in connection.execute("SELECT mark FROM entries")}
    finally:
        connection.close()


class Load:
    """Clients that create entries without a pause; when each was sent, and when it was acknowledged."""

    def __init__(self, server, workers=8):
        self.server = server
        self.token = server.token("keeper", "writer")
        self.sent, self.acknowledged, self.problems = {}, {}, []
        self.running = threading.Event()
        self.workers = workers
        self.number = 0
        self.lock = threading.Lock()

    def __enter__(self):
        self.running.set()
        self.threads = [threading.Thread(target=self.work) for _ in range(self.workers)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running.clear()
        for thread in self.threads:
            thread.join(WAIT_SECONDS)

    def work(self):
        client = self.server.client(self.token)
        try:
            while self.running.is_set():
                with self.lock:
                    self.number += 1
                    mark = f"m{self.number}"
                self.sent[mark] = time.time()
                answer = client.send("POST", "/v1/entries", {"mark": mark, "body": "x" * random.randint(0, 3000)})
                if answer.status == 201:
                    self.acknowledged[mark] = time.time()
                elif answer.status != 503:
                    self.problems.append(f"{mark}: {answer}")
        except OSError:
            pass  # killed
        except Exception as problem:
            self.problems.append(str(problem))
        finally:
            client.close()

    def reach(self, count):
        wait(lambda: len(self.acknowledged) >= count or self.problems, f"{count} writes")
        equal(self.problems, [], "answers that are wrong")

    def compare(self, found, at, words):
        """What was acknowledged by a moment is there, and nothing that was sent after it."""
        lost = sorted(mark for mark, when in list(self.acknowledged.items()) if when <= at and mark not in found)
        early = sorted(mark for mark in found if self.sent[mark] > at)
        equal((lost, early), ([], []), f"{words}: lost, and too early")


def test_a_killed_service_is_restored_to_what_is_told():
    random.seed(SEED)
    print(f"        seed {SEED}", flush=True)
    with Server(SHIPPED) as server, Load(server) as load:
        load.reach(300)
        wait(lambda: any((server.folder / "backups").glob("*/base-*.json")), "a whole copy")
        load.reach(800)
        server.kill()
        killed = time.time()
        load.running.clear()
        for thread in load.threads:
            thread.join(WAIT_SECONDS)
        report, _ = martlet(server, "restore", "--into", "second.db", "--format", "json")
        point = moment(report["recovery_point"])
        found = marks(server.folder / "second.db")
        load.compare(found, point, "the whole log")
        print(f"        recovery point {killed - point:.3f} s before the kill, {len(load.acknowledged)} acknowledged, "
              f"{len(set(load.acknowledged) - found)} lost, restored in {report['recovery_milliseconds']} ms", flush=True)
        check(killed - point < 10, f"the recovery point lies {killed - point} s before the kill, with a log that is shipped each 0.2 s")
        # Nothing of the log is more than what was told to be kept back.
        first = moment(report["base_time"])
        for number in range(6):
            at = random.uniform(first, point)
            other, _ = martlet(server, "restore", "--at", text(at), "--into", f"third-{number}.db", "--format", "json")
            check(moment(other["recovery_point"]) <= at, "a recovery point after what was asked for")
            load.compare(marks(server.folder / f"third-{number}.db"), at, f"at {text(at)}")
        # The service that was killed begins a timeline of its own, and what it found in its file is in that.
        server.start()
        wait(lambda: len(martlet(server, "backup", "list", "--format", "json")[0]) == 2, "a second timeline")
        equal(server.stop(), 0, "the exit code after SIGTERM")
        after, _ = martlet(server, "restore", "--into", "fourth.db", "--format", "json")
        equal(set(load.acknowledged) - marks(server.folder / "fourth.db"), set(), "acknowledged entries that are gone after the restart")
        martlet(server, "restore", "--force")
        server.start()
        client = server.client(load.token)
        equal(client.send("POST", "/v1/entries", {"mark": "after"}).status, 201, "a write on what was restored")
        client.close()


def test_damage_is_named_and_refused():
    with Server(SHIPPED) as server, Load(server, workers=4) as load:
        load.reach(200)
        wait(lambda: len(list((server.folder / "backups").glob("*/log-*.seg"))) >= 4, "segments")
        wait(lambda: any((server.folder / "backups").glob("*/base-*.json")), "a whole copy")
        load.__exit__()
        equal(server.stop(), 0, "the exit code after SIGTERM")
        report, words = martlet(server, "backup", "verify", "--format", "json")
        equal(report["rows"]["entries"], len(load.acknowledged), "rows that were counted")
        segments = sorted((server.folder / "backups").glob("*/log-*.seg"))
        base = next((server.folder / "backups").glob("*/base-*.db"))
        manifest = base.with_suffix(".json")
        for path in (segments[1], base, manifest, segments[-1]):
            whole = path.read_bytes()
            for place in (0, 20, len(whole) // 2, len(whole) - 1):
                broken = bytearray(whole)
                broken[place] ^= 0x40
                path.write_bytes(broken)
                for arguments in (("backup", "verify"), ("restore", "--into", "second.db")):
                    _, words = martlet(server, *arguments, code=1)
                    check(path.name in words, f"{path.name} is not named: {words}")
                check(not (server.folder / "second.db").exists(), "a database was made of a damaged backup")
            path.write_bytes(whole)
        segments[1].rename(server.folder / "gone")
        _, words = martlet(server, "backup", "verify", code=1)
        number = int(segments[1].name.split("-")[1])
        check(f"the commits {number} to" in words, f"the missing segment is not named: {words}")
        (server.folder / "gone").rename(segments[1])
        martlet(server, "backup", "verify")
        # Backups of another service are taken only by who says where they go.
        server.contract.write_text(SHIPPED.replace("keeper", "other"))
        _, words = martlet(server, "restore", "--force", code=1)
        check("of the service keeper" in words, f"another service's backup was restored: {words}")


def test_a_killed_copy_is_no_backup():
    with Server(UNSHIPPED) as server:
        path = server.store.path
        connection = sqlite3.connect(path)
        equal(server.stop(), 0, "the exit code after SIGTERM")
        with connection:
            connection.execute("CREATE TABLE ballast (body BLOB)")
            connection.executemany("INSERT INTO ballast VALUES (randomblob(1000000))", [()] * 150)
        connection.close()
        server.start()
        backups = server.folder / "backups"
        with Load(server, workers=4) as load:
            load.reach(50)
            for number in range(3):
                shutil.rmtree(backups, ignore_errors=True)
                process = subprocess.Popen([command, "backup", "--to", "backups"], cwd=server.folder, env=server.environment,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                wait(lambda: any(part.stat().st_size > number * 20_000_000 for part in backups.glob("*/*.part")) or process.poll() is not None,
                     "a copy that has begun")
                check(process.poll() is None, "the copy was over before it was killed")
                process.kill()
                process.communicate()
                equal(martlet(server, "backup", "list", "--to", "backups", "--format", "json")[0], [], "backups after a kill")
                martlet(server, "backup", "verify", "--to", "backups", code=1)
                martlet(server, "restore", "--from", "backups", "--into", "second.db", code=1)
            before = time.time()
            made, _ = martlet(server, "backup", "--to", "backups", "--format", "json")
            load.reach(len(load.acknowledged) + 20)
        at = moment(made["time"])
        check(before <= at, "a backup of before it was asked for")
        report, _ = martlet(server, "backup", "verify", "--to", "backups", "--format", "json")
        equal((report["rows"]["ballast"], report["miscounted"]), (150, []), "what was restored")
        martlet(server, "restore", "--from", "backups", "--into", "second.db")
        found = marks(server.folder / "second.db")
        lost = sorted(mark for mark, when in load.acknowledged.items() if when <= before and mark not in found)
        equal(lost, [], "acknowledged before the backup began, and not in it")
        # Beside the service that has the file, and over a database that is there.
        _, words = martlet(server, "restore", "--from", "backups", "--force", code=1)
        check("another process" in words, f"an open database was replaced: {words}")
        equal(server.stop(), 0, "the exit code after SIGTERM")
        _, words = martlet(server, "restore", "--from", "backups", code=1)
        check("--force" in words, f"a database was replaced: {words}")


def test_what_is_broken_off_leaves_nothing():
    with Server(UNSHIPPED) as server:
        equal(server.stop(), 0, "the exit code after SIGTERM")
        connection = sqlite3.connect(server.store.path)
        with connection:
            connection.execute("CREATE TABLE ballast (body BLOB)")
            connection.executemany("INSERT INTO ballast VALUES (randomblob(1000000))", [()] * 100)
        connection.close()
        martlet(server, "backup", "--to", "backups")
        scratch = server.folder / "scratch"
        scratch.mkdir()
        tasks = [(("backup", "verify", "--to", "backups", "--scratch", "scratch"), "scratch/martlet-verify-*.db"),
                 (("restore", "--from", "backups", "--into", "second.db"), "second.db.restoring")]
        for words, draft in tasks:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                end = time.monotonic() + WAIT_SECONDS
                while True:
                    process = subprocess.Popen([command, *words], cwd=server.folder, env=server.environment,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    wait(lambda: list(server.folder.glob(draft)) or process.poll() is not None, "a file that is written")
                    process.send_signal(number)
                    code = process.wait(WAIT_SECONDS)
                    if code != 0:
                        break
                    # It was over before the signal came.
                    check(time.monotonic() < end, f"{words} was never ended in time")
                    (server.folder / "second.db").unlink(missing_ok=True)
                equal(code, 128 + number, f"the exit code of {words} after {number}")
                equal(list(server.folder.glob(draft + "*")), [], f"what {words} leaves after {number}")
                check(not (server.folder / "second.db").exists(), "a database that is not whole")
        # Under nohup it goes on.
        process = subprocess.Popen([command, *tasks[0][0]], cwd=server.folder, env=server.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        wait(lambda: list(server.folder.glob(tasks[0][1])) or process.poll() is not None, "a file that is written")
        process.send_signal(signal.SIGHUP)
        equal(process.wait(WAIT_SECONDS), 0, "the exit code where a hangup is ignored")
        # A file that may grow no more, as a full disk.
        for words in [(*words,) for words, _ in tasks] + [("backup", "--to", "others")]:
            done = subprocess.run([command, *words], cwd=server.folder, env=server.environment, capture_output=True, text=True, timeout=120,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
            equal(done.returncode, 1, f"the exit code of {words}: {done.stderr}")
            check(done.stderr.startswith("martlet: "), f"{words}: {done.stderr}")
        equal([*scratch.iterdir(), *server.folder.glob("second.db.restoring*"), *server.folder.glob("others/*")], [], "what was left")
        martlet(server, *tasks[1][0])


def test_a_copy_by_command_takes_nothing_from_what_is_shipped():
    with Server(SHIPPED) as server:
        with Load(server, workers=2) as load:
            load.reach(50)
            martlet(server, "backup")
            before = len(load.acknowledged)
            load.reach(before + 50)
        equal(server.stop(), 0, "the exit code after SIGTERM")
        listed, _ = martlet(server, "backup", "list", "--format", "json")
        equal([entry["backup"].endswith("-copy") for entry in listed], [False, True], "the copy after the service's own")
        martlet(server, "restore", "--into", "second.db")
        equal(marks(server.folder / "second.db"), marks(server.store.path), "the entries")
        # Just the moment of the copy, which stands for itself.
        report, _ = martlet(server, "restore", "--at", listed[1]["time"], "--into", "third.db", "--format", "json")
        equal(report["backup"], listed[1]["backup"], "the backup of the copy's moment")
        check(len(marks(server.folder / "third.db")) < len(load.acknowledged), "later entries are in the copy")


def test_a_full_folder_stops_no_write():
    whole = Server(SHIPPED)
    whole.log = collections.deque(maxlen=1_000_000)
    with whole as server:
        backups = server.folder / "backups"
        client = server.client()
        with Load(server, workers=4) as load:
            load.reach(50)
            wait(lambda: any(backups.glob("*/base-*.json")), "a whole copy")
            timeline = next(backups.glob("*"))
            timeline.rename(server.folder / "away")
            wait(lambda: client.get("/health").json["dependencies"]["backup"]["status"] == "failing", "a word about it in /health")
            equal(client.get("/health/ready").status, 200, "readiness")
            check("martlet_backup_failing 1" in client.get("/metrics").body.decode(), "the figure is not told")
            load.reach(len(load.acknowledged) + 100)
            (server.folder / "away").rename(timeline)
            wait(lambda: client.get("/health").json["dependencies"]["backup"]["status"] == "ok", "the folder is there again")
        client.close()
        wait(lambda: any("backup behind" in line for line in list(server.log)), "a word about it in the log")
        wait(lambda: any("backup well again" in line for line in list(server.log)), "a word that it is well in the log")
        equal(server.stop(), 0, "the exit code after SIGTERM")
        martlet(server, "restore", "--into", "second.db")
        equal(marks(server.folder / "second.db"), marks(server.store.path), "the entries")


if __name__ == "__main__":
    run(globals())
