"""What breaks beneath the service: a clear 503 while it lasts, nothing lost that was acknowledged, and well again without a restart.

Each test prints its figures: how long until writes were refused and readiness was red, and how long after the cause was gone both were
well again. docs/reliability.md holds them.
"""

import contextlib
import os
import pathlib
import random
import resource
import shutil
import subprocess
import tempfile
import time

from breaking import CONTRACT, Writers, fault, figures, milliseconds, ready, refused_start, until
from harness import Failed, Server, check, equal, run
from own_postgres import OwnPostgres


@contextlib.contextmanager
def small_disk(mebibytes):
    """A folder on a file system of that size; None where this machine lets nobody mount one."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-small-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)], stderr=subprocess.DEVNULL
    ).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def fill(ballast):
    """Takes all but a little of a small disk: the writers take the rest."""
    with ballast.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while (free := os.statvfs(ballast.parent)).f_bavail * free.f_frsize > 3_000_000:
                file.write(bytes(1 << 20))


def test_the_disk_is_full():
    with small_disk(160) as folder:
        if folder is None:
            print("        no file system can be mounted here: only the file size limit is tested", flush=True)
            return
        ballast = folder / "ballast"
        with Server(CONTRACT, url=f"sqlite:{folder}/faults.db") as server:
            fault(server, "disk full (SQLite)", lambda: fill(ballast), ballast.unlink)


def test_a_file_may_grow_no_more():
    with Server(CONTRACT) as server:
        path = pathlib.Path(server.store.path)
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]

        def limit():
            size = max(path.stat().st_size, path.with_name(path.name + "-wal").stat().st_size)
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size + 300_000, hard))

        fault(
            server, "file size limit (SQLite)", limit,
            lambda: resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard)),
        )


def test_a_read_only_file_is_said_at_start():
    with Server(CONTRACT) as server:
        equal(server.stop(), 0, "its end")
        path = server.store.path
        folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-read-only-"))
        try:
            with small_disk(24) as disk:
                if disk is None:
                    print("        no file system can be mounted here: not tested", flush=True)
                    return
                shutil.copy(path, disk / "faults.db")
                subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
                words = refused_start(CONTRACT, folder, f"sqlite:{disk}/faults.db")
                check("ead-only" in words and "faults.db" in words, f"what it says: {words}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def test_a_second_process_on_one_file():
    with Server(CONTRACT) as server:
        with Writers(server, 4) as writers:
            until(lambda: len(writers.acknowledged) > 20, "the first writes")
            folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-second-"))
            words = refused_start(CONTRACT, folder, server.store.url)
            shutil.rmtree(folder, ignore_errors=True)
            check("another process" in words, f"what it says: {words}")
            began = time.monotonic()
            until(lambda: writers.first_success(began), "the first process goes on")
        equal((writers.problem, writers.refused), (None, []), "the first process")
        writers.all_there(server)


def test_a_damaged_file():
    """Pages that are cut off or overwritten are an error of the start or of the request; never a crash, never a record that is not one."""
    generator = random.Random(7)
    with Server(CONTRACT) as server:
        with Writers(server, 4) as writers:
            until(lambda: len(writers.acknowledged) > 400, "the first writes")
        writers.sound()
        equal(server.stop(), 0, "its end")
        path = pathlib.Path(server.store.path)
        sound = path.read_bytes()
        known = {identifier: mark for mark, identifier, _ in writers.acknowledged}
        refused = answered = errors = 0
        for attempt in range(24):
            damaged = bytearray(sound)
            if attempt % 3 == 0:
                damaged = damaged[: generator.randrange(100, len(sound))]
            else:
                for _ in range(3):
                    page = generator.randrange(0, len(sound) // 4096) * 4096
                    # The head of a page and its list of cells; what lies in a cell is only bytes to SQLite.
                    for _ in range(4):
                        damaged[page + generator.randrange(0, 60)] ^= 1 << generator.randrange(8)
            path.write_bytes(damaged)
            try:
                server.start()
            except Failed as words:
                check("SQLite" in str(words) or "database" in str(words), f"what it says: {words}")
                check(server.process.returncode > 0, f"it crashed: {server.process.returncode}: {words}")
                refused += 1
                continue
            client = server.client()
            for identifier in generator.sample(list(known), 60):
                answer = client.get(f"/v1/entries/{identifier}")
                check(answer.status in (200, 404, 500, 503), f"damage {attempt}: {answer}")
                if answer.status == 200:
                    equal(answer.json["id"], identifier, f"damage {attempt}: another record")
                answered, errors = answered + 1, errors + (answer.status >= 500)
            listed = client.get("/v1/entries?limit=100")
            check(listed.status in (200, 500, 503), f"damage {attempt}: {listed}")
            written = client.send("POST", "/v1/entries", {"mark": f"damage-{attempt}"})
            check(written.status in (201, 409, 500, 503), f"damage {attempt}: {written}")
            check(server.process.poll() is None, f"damage {attempt}: it crashed")
            client.close()
            server.kill()
            for rest in ("-wal", "-shm"):
                path.with_name(path.name + rest).unlink(missing_ok=True)
        figures("damaged file (SQLite)", files=24, refused_at_start=refused, requests=answered, answered_with_an_error=errors)
        path.write_bytes(sound)
        server.start()
        writers.all_there(server)


def test_the_disk_of_postgres_is_full():
    with small_disk(160) as folder:
        if folder is None:
            print("        no file system can be mounted here: not tested", flush=True)
            return
        if os.getuid() == 0:
            folder.chmod(0o755)
            shutil.chown(folder, "postgres")
        ballast = folder / "ballast"
        with OwnPostgres() as database:
            database.psql(f"CREATE TABLESPACE small LOCATION '{folder}'")
            database.psql("ALTER ROLE martlet SET default_tablespace = small")
            with Server(CONTRACT, url=database.url) as server:
                fault(server, "disk full (PostgreSQL)", lambda: fill(ballast), ballast.unlink)


def test_postgres_is_a_standby():
    with OwnPostgres(wal_level="replica") as primary:
        with OwnPostgres(of=primary) as standby:
            equal(standby.psql("SELECT pg_is_in_recovery()"), [("t",)], "the standby")
            # Without its tables nothing can be served, and it is said why.
            folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-standby-"))
            words = refused_start(CONTRACT, folder, standby.url)
            shutil.rmtree(folder, ignore_errors=True)
            check("standby" in words or "read-only" in words, f"what it says: {words}")
            # With them it serves reads.
            with Server(CONTRACT, url=primary.url) as server:
                client = server.client()
                made = client.send("POST", "/v1/entries", {"mark": "first"})
                equal(made.status, 201, f"a write: {made}")
            place = primary.psql("SELECT pg_current_wal_lsn()")[0][0]
            until(lambda: standby.psql(f"SELECT pg_last_wal_replay_lsn() >= '{place}'") == [("t",)], "the standby to follow")
            with Server(CONTRACT, url=standby.url) as server:
                client = server.client()
                equal(client.get(f"/v1/entries/{made.json['id']}").json.get("mark"), "first", "a read of the standby")
                equal(ready(server), 200, "readiness of a standby that nobody wrote to")
                answer = client.send("POST", "/v1/entries", {"mark": "second"})
                equal((answer.status, answer.headers.get("retry-after")), (503, "10"), f"a write to the standby: {answer}")
                red = time.monotonic()
                until(lambda: ready(server) == 503, "red readiness")
                red = time.monotonic() - red
                standby.promote()
                promoted = time.monotonic()
                until(lambda: client.send("POST", "/v1/entries", {"mark": "third"}).status == 201, "a write after the promotion")
                written = time.monotonic() - promoted
                until(lambda: ready(server) == 200, "green readiness")
                figures(
                    "standby (PostgreSQL)", red_after=milliseconds(red), writing_after_promotion=milliseconds(written),
                    green_after=milliseconds(time.monotonic() - promoted),
                )


def test_postgres_is_killed_and_comes_back():
    with OwnPostgres() as database, Server(CONTRACT, url=database.url) as server:
        fault(server, "killed and started (PostgreSQL)", database.kill, database.start, reads=False)


def test_postgres_has_no_connection_left():
    """SQLSTATE 53300, which the server says for a role just as it does for all."""
    with OwnPostgres() as database:
        database.psql("CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app")
        with Server(CONTRACT, url=database.url.replace("martlet@", "app@")) as server:
            def take_all():
                database.psql("ALTER ROLE app CONNECTION LIMIT 0")
                database.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")

            fault(
                server, "no connection left (PostgreSQL)", take_all,
                lambda: database.psql("ALTER ROLE app CONNECTION LIMIT -1"), reads=False,
            )
            # At start as well.
            database.psql("ALTER ROLE app CONNECTION LIMIT 0")
            equal(server.stop(), 0, "its end")
            words = refused_start(CONTRACT, server.folder, server.environment["DATABASE_URL"])
            check("too many connections" in words, f"what it says: {words}")


if __name__ == "__main__":
    run(globals())
