"""Backups of a PostgreSQL cluster by the server's own tools: copies and the log behind them while it is served, moments, kills, a gap in
the log, damage, and what cannot be done."""

import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import Client, Failed, check, command, equal, run
from own_postgres import OwnPostgres, PgBouncer, as_postgres

WAIT_SECONDS = 120

CONTRACT = """
martlet: 1
service: {name: keeper, version: v1}
store: {url: "${DATABASE_URL}"%s}
backup: {to: "file:backups", every: 1d, keep: 7d}
roles: [writer]
resources:
  entries:
    fields: {mark: {type: string, length: 1..100, required: true}}
    access: {read: anyone, create: [writer]}
"""


def wait(condition, words):
    pause = threading.Event()
    end = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        check(time.monotonic() < end, f"{words}: not within {WAIT_SECONDS} s")
        pause.wait(0.05)
    return found


def own(**settings):
    return OwnPostgres(wal_level="replica", max_wal_senders=6, **settings)


class Keeper:
    """A folder with a contract, and the command as the user that a server may run as. A context."""

    def __init__(self, server, more=""):
        self.server = server
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-cluster-"))
        (self.folder / "martlet.yaml").write_text(CONTRACT % more)
        # The user of the server may not be let into the folder of the build.
        self.command = self.folder / "martlet"
        shutil.copy(command, self.command)
        if os.getuid() == 0:
            for path in (self.folder, self.command, self.folder / "martlet.yaml"):
                shutil.chown(path, "postgres")
        self.environment = {**os.environ, "DATABASE_URL": server.url, "TMPDIR": str(self.folder), "MARTLET_DATA": str(self.folder / "data")}
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.poll() is None:
                # Not the process that changed the user: the command would outlive it.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(getattr(process, "number", process.pid), signal.SIGKILL)
                process.wait(WAIT_SECONDS)
        if kind and (self.folder / "log").exists():
            print((self.folder / "log").read_text()[-4000:])
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def backups(self):
        return self.folder / "backups"

    def start(self, *arguments, output=subprocess.PIPE, **environment):
        # exec: what is killed is the command itself.
        words = ["sh", "-c", 'echo $$ >"$0.pid.new"; mv "$0.pid.new" "$0.pid"; exec "$@"', str(self.folder / "command"),
                 str(self.command), *arguments]
        (self.folder / "command.pid").unlink(missing_ok=True)
        process = subprocess.Popen(
            as_postgres(*words), cwd=self.folder, env={**self.environment, **environment}, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, text=True,
        )
        self.processes.append(process)
        process.number = int(wait(lambda: self.pid_of_command(), "the command begins"))
        return process

    def pid_of_command(self):
        with contextlib.suppress(OSError):
            return (self.folder / "command.pid").read_text().strip()

    def martlet(self, *arguments, code=0, **environment):
        process = self.start(*arguments, **environment)
        out, words = process.communicate(timeout=WAIT_SECONDS)
        equal(process.returncode, code, f"the exit code of martlet {' '.join(arguments)}: {words.strip()}")
        return (json.loads(out) if "json" in arguments and out else None), words

    def serve(self, **environment):
        """The service and a client of it."""
        log = self.folder / "log"
        place = log.stat().st_size if log.exists() else 0
        with log.open("a") as output:
            process = self.start("serve", "--listen", "127.0.0.1:0", "--log", "json", output=output, **environment)

        def address():
            check(process.poll() is None, f"the service ended: {log.read_text()[-1500:]}")
            return re.search(r"127\.0\.0\.1:([1-9]\d*)", log.read_text()[place:])

        port = int(wait(address, "the service is ready").group(1))
        token, _ = subprocess.run(
            as_postgres(str(self.command), "token", "--as", "keeper", "--role", "writer"), cwd=self.folder, env=self.environment,
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout, None
        return process, Client(("127.0.0.1", port), token.strip())

    def stop(self, process):
        os.kill(process.number, signal.SIGTERM)
        process.wait(WAIT_SECONDS)

    def kill(self, process):
        os.kill(process.number, signal.SIGKILL)
        process.wait(WAIT_SECONDS)

    def copies(self):
        return sorted(self.backups.glob("*/cluster.json"))

    def logs(self):
        return sorted(self.backups.glob("wal-*"))

    def whole(self, log):
        return sorted(path for path in log.iterdir() if len(path.name) == 24)

    def verify(self, *arguments, code=0):
        return self.martlet("backup", "verify", "--format", "json", *arguments, code=code)


def health(client):
    return client.get("/health").json["dependencies"]["backup"]["status"]


def figure(client, name):
    return float(re.search(rf"^martlet_backup_{name} (\S+)$", client.get("/metrics").body.decode(), re.MULTILINE).group(1))


def now(server):
    """The server's clock, after all that was committed."""
    ((moment,),) = server.psql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    return moment


def insert(server, count):
    server.psql(f"INSERT INTO marks SELECT 'm' || g FROM generate_series(1, {count}) g")


def received(server):
    """Until all that is committed is in the folder: the server knows how far it is there, durably."""
    ((end,),) = server.psql("SELECT pg_current_wal_flush_lsn()")
    query = f"SELECT count(*) FROM pg_stat_replication WHERE application_name LIKE 'martlet_log_%' AND flush_lsn >= '{end}'"
    try:
        wait(lambda: server.psql(query) == [("1",)], "the log is received")
    except Failed as problem:
        rows = server.psql("SELECT application_name, state, sent_lsn, flush_lsn, pg_current_wal_flush_lsn() FROM pg_stat_replication")
        raise Failed(f"{problem}: {rows}, wanted {end}") from None


def receivers(server):
    return int(server.psql("SELECT count(*) FROM pg_stat_replication WHERE application_name LIKE 'martlet_log_%'")[0][0])


def contents(server):
    tables = [name for (name,) in server.psql(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1")]
    check(len(tables) > 2, f"hardly a table: {tables}")
    return {table: sorted(server.psql(f"SELECT t::text FROM {table} t")) for table in tables}


def test_a_cluster_is_restored_to_a_moment_and_to_a_second():
    with own() as server, Keeper(server) as keeper:
        server.psql("CREATE TABLE marks (mark text)")
        server.psql("CREATE SCHEMA other CREATE TABLE \"odd ' name\" (a int)")
        service, client = keeper.serve()
        wait(keeper.copies, "the first copy")
        insert(server, 30)
        moment = now(server)
        for number in range(20):
            equal(client.send("POST", "/v1/entries", {"mark": f"e{number}"}).status, 201, "an entry")
        server.psql("SELECT pg_switch_wal()")
        insert(server, 120)
        last = now(server)
        equal(client.send("POST", "/v1/entries", {"mark": "the last"}).status, 201, "an entry")
        received(server)
        equal(health(client), "ok", "the health")
        equal(figure(client, "failing"), 0, "the figure")
        wait(lambda: figure(client, "waiting_seconds") == 0, "nothing waits")
        check(figure(client, "copy_timestamp_seconds") > 1e9, "the copy's moment is not told")
        expected = contents(server)
        # Another one that is to do the same stands by.
        other = keeper.start("backup", "receive", output=subprocess.DEVNULL)
        report, _ = keeper.verify()
        equal(report["rows"]["public.marks"], 150, "all rows")
        equal(report["rows"]["public.entries"], 21, "all entries")
        equal(report["rows"]["other.odd ' name"], 0, "the rows of a table with an odd name")
        check(report["recovery_point"] > last, f"the recovery point {report['recovery_point']} is before {last}")
        print(f"        restored and counted in {report['recovery_milliseconds']} ms", flush=True)
        equal([receivers(server), len(keeper.copies())], [1, 1], "receivers and copies")
        report, _ = keeper.verify("--at", moment)
        equal([report["rows"]["public.marks"], report["rows"]["public.entries"]], [30, 0], "the rows of the moment")
        check(report["recovery_point"] <= moment, "a recovery point after what was asked for")
        # A moment that the log does not reach is told, and not taken for its end.
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        keeper.verify("--at", later.strftime("%Y-%m-%dT%H:%M:%SZ"), code=1)
        keeper.verify("--at", "2020-01-01T00:00:00Z", code=1)
        # Stopped in order it leaves nothing that runs; the other one takes over where it stopped, without another copy.
        keeper.stop(service)
        wait(lambda: receivers(server) == 1, "the other one takes over")
        insert(server, 1)
        received(server)
        keeper.stop(other)
        wait(lambda: receivers(server) == 0, "the receiver has ended")
        expected["public.marks"] = sorted([*expected["public.marks"], ("(m1)",)])
        equal([len(keeper.logs()), len(keeper.copies())], [1, 1], "folders of log and copies")
        listed, _ = keeper.martlet("backup", "list", "--format", "json")
        equal([(entry["service"], entry["log"]) for entry in listed], [("keeper", keeper.logs()[0].name)], "what is listed")
        keeper.martlet("restore", "--into", "data-2")
        _, words = keeper.martlet("restore", "--into", "data-2", code=1)
        check("is there" in words, f"a folder was written over: {words}")
        with OwnPostgres(restored=keeper.folder / "data-2") as second:
            wait(lambda: second.psql("SELECT pg_is_in_recovery()") == [("f",)], "the second has recovered")
            found = contents(second)
            equal(found.keys(), expected.keys(), "the tables of the second")
            for table, rows in expected.items():
                check(found[table] == rows, f"{table} has {len(found[table])} rows in the second, {len(rows)} in the first")
        equal([path.name for path in keeper.folder.iterdir() if path.name.startswith("mv-")], [], "scratch folders that are left")


def test_a_killed_copy_is_none_and_a_killed_service_goes_on():
    with own() as server, Keeper(server) as keeper:
        server.psql("CREATE TABLE marks (mark text)")
        server.psql("INSERT INTO marks SELECT repeat(md5(g::text), 30) FROM generate_series(1, 100000) g")
        for attempt in range(20):
            process = keeper.start("backup")
            tool = wait(lambda: child(process.number, "pg_basebackup") or process.poll() is not None, "the copy begins")
            if tool is True:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(tool, signal.SIGSTOP)
                if process.poll() is None and list(keeper.backups.glob("*/cluster.part")):
                    break
                os.kill(tool, signal.SIGCONT)
            process.communicate(timeout=WAIT_SECONDS)
            shutil.rmtree(keeper.backups)
        else:
            raise Failed("no copy was met while it was made")
        keeper.kill(process)
        os.kill(tool, signal.SIGCONT)
        wait(lambda: not pathlib.Path(f"/proc/{tool}/exe").exists(), "the tool ends with the command")
        equal(keeper.copies(), [], "copies that count")
        _, words = keeper.verify(code=1)
        check("has no backup" in words, f"half a copy was taken for one: {words}")
        listed, _ = keeper.martlet("backup", "list", "--format", "json")
        equal(listed, [], "what is listed")
        service, client = keeper.serve()
        wait(keeper.copies, "the next copy")
        equal(len([path for path in keeper.backups.iterdir() if re.match(r"\d{8}T", path.name)]), 1, "what the killed one left is there")
        for _ in range(3):
            client.send("POST", "/v1/entries", {"mark": "before"})
            received(server)
            keeper.kill(service)
            wait(lambda: receivers(server) == 0, "the receiver ends with the service")
            server.psql("INSERT INTO marks VALUES ('while nobody looked')")
            service, client = keeper.serve()
            wait(lambda: receivers(server) == 1, "the log is received again")
        received(server)
        report, _ = keeper.verify()
        equal([report["rows"]["public.marks"], report["rows"]["public.entries"]], [100_003, 3], "all rows")
        equal([len(keeper.copies()), len(keeper.logs())], [1, 1], "copies and folders of log")
        # A receiver that dies is started again; so is one that lost its server, and health tells of it meanwhile.
        os.kill(child(service.number, "pg_receivewal"), signal.SIGKILL)
        wait(lambda: health(client) == "failing", "a word about the receiver")
        wait(lambda: health(client) == "ok", "the receiver is back")
        server.stop()
        wait(lambda: health(client) == "failing", "a word about the server")
        equal(figure(client, "failing"), 1, "the figure")
        server.start()
        wait(lambda: health(client) == "ok", "the server is back")
        insert(server, 7)
        received(server)
        report, _ = keeper.verify()
        equal(report["rows"]["public.marks"], 100_010, "all rows")
        equal([len(keeper.copies()), len(keeper.logs())], [1, 1], "copies and folders of log")


def child(number, name):
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{number}/task").iterdir():
            for found in (task / "children").read_text().split():
                if pathlib.Path(f"/proc/{found}/comm").read_text().strip() == name[:15]:
                    return int(found)
    return None


def test_log_that_the_server_no_longer_has_begins_anew():
    with own() as server, Keeper(server) as keeper:
        server.psql("CREATE TABLE marks (mark text)")
        service, client = keeper.serve()
        wait(keeper.copies, "the first copy")
        insert(server, 1)
        received(server)
        first = now(server)
        insert(server, 1)
        received(server)
        keeper.stop(service)
        lost = now(server)
        for _ in range(4):
            insert(server, 1)
            server.psql("SELECT pg_switch_wal()")
            server.psql("CHECKPOINT")
        service, client = keeper.serve()
        wait(lambda: len(keeper.logs()) == 2 and len(keeper.copies()) == 2, "a new log with a copy")
        wait(lambda: health(client) == "ok", "all is well again")
        for words in ("backup behind", "backup begun anew", "backup well again"):
            wait(lambda: words in (keeper.folder / "log").read_text(), f"the log says `{words}`")
        insert(server, 10)
        received(server)
        report, _ = keeper.verify()
        equal(report["rows"]["public.marks"], 16, "the rows behind the gap")
        report, _ = keeper.verify("--at", first)
        equal(report["rows"]["public.marks"], 1, "the rows before the gap")
        _, words = keeper.verify("--at", lost, code=1)
        check("recovery" in words, f"a moment in the gap: {words}")


def test_what_a_signal_ends_leaves_nothing():
    with own() as server, Keeper(server) as keeper:
        server.psql("CREATE TABLE marks (mark text)")
        server.psql("INSERT INTO marks SELECT repeat(md5(g::text), 30) FROM generate_series(1, 50000) g")
        keeper.martlet("backup")
        (copy,) = [path.parent for path in keeper.copies()]

        def ended(arguments, has_begun, leaves_nothing):
            """Ends the command once something has begun; where it was too quick for that, another time."""
            for _ in range(20):
                process = keeper.start(*arguments)
                wait(lambda: has_begun() or process.poll() is not None, f"{arguments} begins")
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.number, signal.SIGTERM)
                process.communicate(timeout=WAIT_SECONDS)
                if process.returncode != 0:
                    return wait(leaves_nothing, f"{arguments} leaves nothing")
                shutil.rmtree(keeper.folder / "data-2", ignore_errors=True)
                for path in keeper.backups.glob("2*"):
                    if path != copy:
                        shutil.rmtree(path)
            raise Failed(f"{arguments} was never met")

        def scratch():
            return list(keeper.folder.glob("mv-*"))

        ended(["backup", "verify"], scratch, lambda: not scratch())
        ended(["backup", "verify"], lambda: list(keeper.folder.glob("mv-*/data/postmaster.pid")), lambda: not scratch())
        ended(["restore", "--into", "data-2"], (keeper.folder / "data-2").exists, lambda: not (keeper.folder / "data-2").exists())
        ended(["backup"], lambda: list(keeper.backups.glob("*/cluster.part")), lambda: list(keeper.backups.glob("2*")) == [copy])
        keeper.verify()


def test_damage_is_named_and_refused():
    with own() as server, Keeper(server) as keeper:
        server.psql("CREATE TABLE marks (mark text)")
        service, _ = keeper.serve()
        wait(keeper.copies, "the first copy")
        for _ in range(3):
            insert(server, 1000)
            server.psql("SELECT pg_switch_wal()")
        insert(server, 1)
        (log,) = keeper.logs()
        wait(lambda: len(keeper.whole(log)) >= 3 and len(list(log.glob("*.json"))) == len(keeper.whole(log)), "proven files of the log")
        received(server)
        keeper.stop(service)
        keeper.verify()
        (manifest,) = keeper.copies()
        table = next(path for path in manifest.parent.glob("cluster/base/*/*") if path.stat().st_size > 8000)
        segment = keeper.whole(log)[-1]
        proof = segment.with_name(segment.name + ".json")

        def refused(name):
            for arguments in (("backup", "verify"), ("restore", "--into", "data-2")):
                _, words = keeper.martlet(*arguments, code=1)
                check(name in words, f"{name} is not named: {words}")
                check(not (keeper.folder / "data-2").exists(), "a folder was made of a damaged backup")

        for path in (table, manifest, segment, proof):
            whole = path.read_bytes()
            for place in (0, len(whole) // 2, len(whole) - 1):
                broken = bytearray(whole)
                broken[place] ^= 0x01
                path.write_bytes(broken)
                refused(path.name)
            path.write_bytes(whole)
        # Missing, in the middle of the log and of the copy.
        for path, name in ((keeper.whole(log)[-2], keeper.whole(log)[-2].name[8:]), (table, table.name)):
            away = keeper.folder / "away"
            path.rename(away)
            refused(name)
            away.rename(path)
        # A damaged file of log hides nothing that came before it.
        broken = bytearray(segment.read_bytes())
        broken[100] ^= 0x01
        whole = segment.read_bytes()
        segment.write_bytes(broken)
        ((moment,),) = [(json.loads(manifest.read_text().splitlines()[0])["ended"],)]
        keeper.verify("--at", moment)
        segment.write_bytes(whole)
        keeper.verify()


def test_what_cannot_be_done_is_said():
    with own() as server, Keeper(server) as keeper:
        server.psql("CREATE TABLE marks (mark text)")
        server.psql("CREATE ROLE plain LOGIN")
        plain = server.url.replace("martlet@", "plain@")
        _, words = keeper.martlet("backup", code=3, DATABASE_URL=plain)
        check("plain lacks the attribute REPLICATION" in words, f"what the user lacks is not said: {words}")
        access = server.data / "pg_hba.conf"
        rules = access.read_text()
        access.write_text("\n".join(line for line in rules.splitlines() if not re.match(r"\S+\s+replication", line)) + "\n")
        server.psql("SELECT pg_reload_conf()")
        wait(lambda: "pg_hba.conf needs a line" in keeper.martlet("backup", code=3)[1], "the line that is missing is said")
        check(not keeper.copies() and not [path for path in keeper.backups.glob("2*")], "something is left of copies that failed")
        access.write_text(rules)
        server.psql("SELECT pg_reload_conf()")
        wait(lambda: keeper.start("backup").wait(WAIT_SECONDS) == 0, "a copy")
        with PgBouncer(server) as pooler:
            _, words = keeper.martlet("backup", code=3, DATABASE_URL=pooler.url)
            check("store.direct must name the server itself" in words, f"a pooler: {words}")
            with Keeper(server, f', pooler: transaction, direct: "{server.url}"') as pooled:
                service, client = pooled.serve(DATABASE_URL=pooler.url)
                wait(pooled.copies, "a copy past the pooler")
                pooled.stop(service)
            # The service serves, and tells of its backup.
            with Keeper(server, ", pooler: transaction") as pooled:
                service, client = pooled.serve(DATABASE_URL=pooler.url)
                wait(lambda: health(client) == "failing", "a word about the pooler")
                equal(client.get("/health/ready").status, 200, "readiness")
                pooled.stop(service)
        _, words = keeper.martlet("backup", code=3, DATABASE_URL=server.url + "?sslpassword=secret")
        check("sslpassword" in words and "=secret" not in words, f"a password was shown to everybody: {words}")
        with OwnPostgres(of=server) as standby:
            _, words = keeper.martlet("backup", code=3, DATABASE_URL=standby.url)
            check("is a standby" in words, f"a standby: {words}")
        server.stop()
        _, words = keeper.martlet("backup", code=3)
        check("cannot be asked" in words, f"a server that is away: {words}")
    with OwnPostgres(wal_level="minimal", max_wal_senders=0) as server, Keeper(server) as keeper:
        _, words = keeper.martlet("backup", code=3)
        check("wal_level = minimal" in words, f"a server without the log for it: {words}")


def test_a_password_is_no_argument():
    with own() as server, Keeper(server) as keeper:
        server.psql("ALTER ROLE martlet PASSWORD 'hunter2 &'")
        access = server.data / "pg_hba.conf"
        access.write_text(access.read_text().replace("trust", "scram-sha-256"))
        server.psql("SELECT pg_reload_conf()")
        for url in (server.url.replace("martlet@", "martlet:hunter2%20%26@"), server.url + "?password=hunter2%20%26"):
            service, client = keeper.serve(DATABASE_URL=url)
            tool = wait(lambda: child(service.number, "pg_receivewal"), "the receiver")
            arguments = pathlib.Path(f"/proc/{tool}/cmdline").read_text()
            check("hunter2" not in arguments and "application_name" in arguments, f"the arguments: {arguments}")
            wait(keeper.copies, "a copy")
            keeper.stop(service)
            shutil.rmtree(keeper.backups)


if __name__ == "__main__":
    run(globals())
