"""A PostgreSQL of a test's own, which may be killed, frozen, filled and made a standby; and a PgBouncer before one."""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from harness import Failed, Postgres

MARK = "martlet-own-postgres"


def programs():
    """The folder of the server's programs; the newest where there are several."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    for folder in [*found[::-1], *(pathlib.Path(name) for name in os.environ["PATH"].split(os.pathsep))]:
        if (folder / "initdb").exists():
            return folder
    raise Failed("PostgreSQL is missing: no initdb")


def as_postgres(*command):
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else list(command)


def free_port():
    """Below the ports that the system gives to clients: else one takes it while the server is away, or even meets itself there."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class OwnPostgres:
    """A context: stopped and thrown away at its end. `of`: a primary that this one is to follow; `restored`: a data folder to
    take over, whose settings stand as they are."""

    def __init__(self, of=None, restored=None, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{MARK}-"))
        self.port = free_port()
        self.settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), **settings}
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        if restored:
            shutil.move(restored, self.data)
        elif of:
            self.run("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-h", "127.0.0.1", "-p", of.port, "-U", "martlet")
        else:
            self.run("initdb", "-D", self.data, "-U", "martlet", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-k")

    @property
    def data(self):
        return self.folder / "data"

    @property
    def url(self):
        return f"postgres://martlet@127.0.0.1:{self.port}/postgres"

    def run(self, program, *arguments):
        done = subprocess.run(
            as_postgres(str(programs() / program), *map(str, arguments)),
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120,
        )
        if done.returncode != 0:
            raise Failed(f"{program}: {done.stderr.strip()}")

    def start(self):
        words = " ".join(f"-c {name}={value}" for name, value in {**self.settings, "port": self.port}.items())
        try:
            self.run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "60", "-s", "-o", words, "start")
        except Failed as problem:
            raise Failed(f"{problem}: {(self.folder / 'log').read_text()[-1500:]}") from None

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-s", "-m", mode, "stop")

    def promote(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-s", "promote")

    @property
    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def processes(self):
        """The postmaster, and all that it started."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def kill(self):
        """As a machine that runs out of memory would: SIGKILL to every process of it."""
        pids = self.processes()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        # Their shared memory is in use until all are gone.
        while any(pathlib.Path(f"/proc/{pid}/exe").exists() for pid in pids):
            threading.Event().wait(0.01)
        # Where nobody buries the dead (a container), the next one takes them for alive.
        for lock in [self.data / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")]:
            lock.unlink(missing_ok=True)

    def psql(self, query):
        return Postgres.psql(self.url, query)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            for pid in self.processes():
                os.kill(pid, signal.SIGCONT)
            self.stop("immediate")
        except (OSError, Failed):
            pass
        shutil.rmtree(self.folder, ignore_errors=True)


class PgBouncer:
    """A context: PgBouncer in transaction mode before a server, with fewer connections than it has clients."""

    def __init__(self, of, connections=4):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{MARK}-pooler-"))
        self.port = free_port()
        self.process = None
        (self.folder / "users").write_text('"martlet" ""\n')
        (self.folder / "ini").write_text(f"""
[databases]
* = host=127.0.0.1 port={of.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = trust
auth_file = {self.folder}/users
admin_users = martlet
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 500
server_login_retry = 1
""")
        if os.getuid() == 0:
            for path in (self.folder, self.folder / "users", self.folder / "ini"):
                shutil.chown(path, "postgres")

    @property
    def url(self):
        return f"postgres://martlet@127.0.0.1:{self.port}/postgres"

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["pgbouncer", str(self.folder / "ini")], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                user="postgres" if os.getuid() == 0 else None,
            )
        for _ in range(600):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            threading.Event().wait(0.05)
        raise Failed(f"PgBouncer did not start: {(self.folder / 'log').read_text()[-1500:]}")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait(30)

    def admin(self, command):
        done = subprocess.run(
            ["psql", "-X", "-q", "-At", "-c", command, f"postgres://martlet@127.0.0.1:{self.port}/pgbouncer"],
            capture_output=True, text=True, timeout=30,
        )
        if done.returncode != 0:
            raise Failed(f"PgBouncer: {done.stderr.strip()}")

    def psql(self, query):
        return Postgres.psql(self.url, query)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
