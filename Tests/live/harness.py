"""What the live tests share: a server of the built command in a temporary folder, on SQLite or on PostgreSQL, and a client.

A test is a program: it defines functions named test_*, and ends with `run(globals())`, which prints `N passed, N failed`.
A function with a parameter `store` is run once for each store. Environment: MARTLET_COMMAND (the command), and
MARTLET_TEST_POSTGRES (the URL of a database whose server may be given further ones).
"""

import collections
import http.client
import inspect
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback

root = pathlib.Path(__file__).resolve().parents[2]
command = os.environ.get("MARTLET_COMMAND") or str(root / ".build/debug/martlet")

READY_SECONDS = 30
STOP_SECONDS = 40
REQUEST_SECONDS = 30


class Failed(Exception):
    """What was expected did not happen."""


def check(condition, words):
    if not condition:
        raise Failed(words)


def equal(found, expected, words):
    if found != expected:
        raise Failed(f"{words}: found {found!r}, expected {expected!r}")


class SQLite:
    name = "sqlite"

    def __init__(self, folder):
        self.path = folder / "data" / "live.db"
        self.path.parent.mkdir(exist_ok=True)
        self.url = f"sqlite:{self.path}"

    def rows(self, query):
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            return [tuple(str(value) for value in row) for row in connection.execute(query)]
        finally:
            connection.close()

    def close(self):
        pass


class Postgres:
    name = "postgres"
    numbers = iter(range(1_000_000))

    def __init__(self, folder):
        self.admin = os.environ["MARTLET_TEST_POSTGRES"]
        self.database = f"live_{os.getpid()}_{next(Postgres.numbers)}"
        base, _, _ = self.admin.rpartition("/")
        self.url = f"{base}/{self.database}"
        self.psql(self.admin, f"CREATE DATABASE {self.database}")

    @staticmethod
    def psql(url, query):
        done = subprocess.run(
            ["psql", "-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", query, url], capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise Failed(f"psql: {done.stderr.strip()}")
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def rows(self, query):
        return self.psql(self.url, query)

    def close(self):
        self.psql(self.admin, f"DROP DATABASE {self.database} WITH (FORCE)")


stores = {"sqlite": SQLite, "postgres": Postgres}


class Server:
    """`martlet serve` on a free port. A context: stopped and its folder removed at the end."""

    def __init__(self, contract, store="sqlite", files=None, arguments=(), url=None):
        """`contract` is the text of one; `files` more files beside it, name to octets; `url` a database that is there already."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-live-"))
        self.contract = self.folder / "martlet.yaml"
        self.contract.write_text(contract)
        for name, content in (files or {}).items():
            (self.folder / name).write_bytes(content)
        self.arguments = list(arguments)
        self.store = stores[store](self.folder)
        self.environment = {**os.environ, "MARTLET_DATA": str(self.folder / "data"), "DATABASE_URL": url or self.store.url, "NO_COLOR": "1"}
        # What is run as the command.
        self.program = command
        self.process = None
        self.address = None
        self.log = collections.deque(maxlen=400)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__(None)
            raise
        return self

    def __exit__(self, kind, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        if kind:
            print("".join(f"    {line}\n" for line in list(self.log)[-25:]), end="", file=sys.stderr)
        self.store.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        ready = threading.Event()
        self.address = None
        self.process = subprocess.Popen(
            [self.program, "serve", "--contract", str(self.contract), "--listen", "127.0.0.1:0", "--log", "json", *self.arguments],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        threading.Thread(target=self.read, args=(self.process.stdout, ready), daemon=True).start()
        if not ready.wait(READY_SECONDS) or self.address is None:
            self.kill()
            raise Failed("the server did not get ready: " + " | ".join(list(self.log)[-5:]))

    def read(self, stream, ready):
        for line in stream:
            self.log.append(line.rstrip("\n"))
            if not ready.is_set() and "ready" in line and (found := re.search(r"127\.0\.0\.1:([1-9]\d*)", line)):
                self.address = ("127.0.0.1", int(found.group(1)))
                ready.set()
        ready.set()

    def kill(self):
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self):
        """As an operator would; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def martlet(self, *arguments):
        done = subprocess.run(
            [command, *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise Failed(f"martlet {' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def token(self, subject, *roles, **options):
        words = ["token", "--contract", str(self.contract), "--as", subject]
        for role in roles:
            words += ["--role", role]
        for name, value in options.items():
            words += [f"--{name}", value]
        return self.martlet(*words)

    def client(self, token=None):
        return Client(self.address, token)

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """One connection, kept open; opened again after an error."""

    def __init__(self, address, token=None):
        self.address = address
        self.token = token
        self.connection = None

    def send(self, method, path, body=None, headers=None):
        """Raises OSError or HTTPException where no whole answer came."""
        headers = dict(headers or {})
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.address, timeout=REQUEST_SECONDS)
        try:
            self.connection.request(method, path, body=body, headers=headers)
            response = self.connection.getresponse()
            return Answer(response, response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def get(self, path, **headers):
        return self.send("GET", path, headers=headers)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def run(names):
    """Runs every test_* function of a module and exits: 0 when none failed."""
    passed = failed = 0
    wanted = sys.argv[1:]
    for name, function in list(names.items()):
        if not name.startswith("test_") or (wanted and not any(word in name for word in wanted)):
            continue
        takes_store = "store" in inspect.signature(function).parameters
        for store in stores if takes_store else [None]:
            title = f"{name[5:].replace('_', ' ')}{f' ({store})' if store else ''}"
            try:
                if store == "postgres":
                    check(os.environ.get("MARTLET_TEST_POSTGRES"), "MARTLET_TEST_POSTGRES is not set: no PostgreSQL to test with")
                function(**({"store": store} if store else {}))
                print(f"ok      {title}", flush=True)
                passed += 1
            except Failed as problem:
                print(f"FAILED  {title}: {problem}", flush=True)
                failed += 1
            except Exception:
                print(f"FAILED  {title}:", flush=True)
                traceback.print_exc(file=sys.stdout)
                failed += 1
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)
