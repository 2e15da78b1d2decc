"""A service that goes on: another contract by SIGHUP and by --watch, sockets and notices of systemd."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

from harness import Client, Failed, Server, check, command, equal, run

NOTES = """
martlet: 1
service: {name: notes, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/notes.db}"}
roles: [writer]
resources:
  notes:
    fields:
      text: {type: string, required: true, index: true}
    access: {create: [writer], read: anyone}
"""
MORE = NOTES + """
  tags:
    fields: {name: {type: string, required: true}}
    access: {create: [writer], read: anyone}
""".lstrip("\n")
BROKEN = NOTES.replace("type: string", "type: strng")
WAIT_SECONDS = 20


def until(condition, words):
    """Looks again and again until something holds."""
    deadline = time.monotonic() + WAIT_SECONDS
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"waited in vain until {words}")
        pause.wait(0.02)


def lines(server, words):
    return [line for line in list(server.log) if words in line]


def hang_up(server, contract, words):
    """Writes another contract and has it read; waits for what is said of it."""
    before = len(lines(server, words))
    server.contract.write_text(contract)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: len(lines(server, words)) > before, f"the log says {words}")


class Load:
    """Clients that read and write all the time, and what went wrong."""

    def __init__(self, server, token, count=6):
        self.wrong = []
        self.count = 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(server.client(token), number)) for number in range(count)]

    def work(self, client, number):
        step = 0
        while not self.over.is_set():
            try:
                if number % 2:
                    answer = client.get("/v1/notes?limit=1")
                    expected = 200
                else:
                    answer = client.send("POST", "/v1/notes", {"text": f"{number}-{step}"})
                    expected = 201
                if answer.status != expected:
                    self.wrong.append(repr(answer))
            except (OSError, http.client.HTTPException) as problem:
                self.wrong.append(repr(problem))
            self.count += 1
            step += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)


def test_another_contract_is_served_without_a_lost_request(store):
    # Without a line for each request, so that what is waited for stays in sight.
    with Server(NOTES, store, arguments=("--log-level", "notice")) as server:
        token = server.token("ada", "writer")
        client = server.client(token)
        equal(client.get("/v1/tags").status, 404, "before")
        kept = client.connection.sock
        with Load(server, token) as load:
            until(lambda: load.count > 50, "there is load")
            for _ in range(5):
                hang_up(server, MORE, "contract reloaded")
                equal(client.get("/v1/tags").status, 200, "a resource that came")
                hang_up(server, NOTES, "contract reloaded")
                equal(client.get("/v1/tags").status, 404, "a resource that went")
        equal(load.wrong[:3], [], f"of {load.count} requests beside the changes")
        check(client.connection.sock is kept, "the connection was closed")
        kept = server.store.rows("SELECT count(*) FROM notes")
        check(int(kept[0][0]) > 10, f"notes: {kept}")
        equal(server.stop(), 0, "the exit code")


def test_a_contract_that_cannot_be_served_changes_nothing(store):
    with Server(NOTES, store) as server:
        token = server.token("ada", "writer")
        client = server.client(token)
        made = client.send("POST", "/v1/notes", {"text": "kept"})
        equal(made.status, 201, f"{made}")
        hang_up(server, BROKEN, "contract refused")
        check(lines(server, "MRT0301"), "the mistake is shown")
        hang_up(server, "martlet: [", "contract refused")
        server.contract.unlink()
        before = len(lines(server, "contract refused"))
        server.process.send_signal(signal.SIGHUP)
        until(lambda: len(lines(server, "contract refused")) > before, "a contract that is gone is refused")
        # The schema does not fit, and says so; nothing is half done.
        hang_up(server, MORE.replace("text: {type: string, required: true, index: true}", "text: {type: integer}"), "contract refused")
        equal(client.get("/v1/tags").status, 404, "nothing of the refused contract is served")
        # Another store needs a restart.
        hang_up(server, MORE.replace("store: {", "store: {pool: 7, "), "contract refused")
        check(any("restart" in line for line in lines(server, "contract refused")), "what to do is said")
        equal(client.get(f"/v1/notes/{made.json['id']}").json["text"], "kept", "the first contract is served on")
        hang_up(server, MORE, "contract reloaded")
        equal(client.get("/v1/tags").status, 200, "once it is mended")


def test_what_the_figures_count_goes_on():
    with Server(NOTES) as server:
        client = server.client()

        def figures():
            text = client.get("/metrics").body.decode()
            return [line for line in text.splitlines() if line.startswith("martlet_http_requests_total") and 'route="/v1/notes"' in line]

        client.get("/v1/notes")
        hang_up(server, MORE, "contract reloaded")
        client.get("/v1/notes")
        equal([line.rsplit(" ", 1)[1] for line in figures()], ["2"], "one line, and both requests")


def test_no_figure_stands_twice_beside_an_operations_port():
    with Server(NOTES, arguments=("--operations", "127.0.0.1:0")) as server:
        port = int(lines(server, '"ready"')[0].split('"operations":"http://127.0.0.1:')[1].split('"')[0])
        operations = Client(("127.0.0.1", port))
        for client in (server.client(), operations):
            equal(client.get("/nothing").status, 404, "an unknown path")
            equal(client.get("/health").status, 200, "health")
        names = [line.rsplit(" ", 1)[0] for line in operations.get("/metrics").body.decode().splitlines() if not line.startswith("#")]
        equal([name for name in set(names) if names.count(name) > 1], [], "figures that stand twice")


def test_watching_takes_up_what_is_saved():
    files = {"more.yaml": b"resources: {}\n"}
    with Server(NOTES.replace("martlet: 1", "martlet: 1\ninclude: [more.yaml]"), files=files, arguments=("--watch",)) as server:
        client = server.client()
        included = server.folder / "more.yaml"
        included.write_text("resources:\n  tags:\n    fields: {name: string}\n    access: {read: anyone}\n")
        until(lambda: client.get("/v1/tags").status == 200, "the included file is taken up")
        included.write_text("resources:\n  tags:\n    fields: {name: strng}\n")
        until(lambda: lines(server, "contract refused"), "a mistake is refused")
        equal(client.get("/v1/tags").status, 200, "the one before")
        # As an editor saves: another file takes the name.
        other = server.folder / "more.new"
        other.write_text("resources:\n  labels:\n    fields: {name: string}\n    access: {read: anyone}\n")
        other.rename(included)
        until(lambda: client.get("/v1/labels").status == 200, "the renamed file is taken up")
        included.unlink()
        until(lambda: len(lines(server, "contract refused")) > 1, "a file that is gone is refused")
        included.write_text("resources: {}\n")
        until(lambda: client.get("/v1/labels").status == 404, "and taken up when it is back")


def systemd(name):
    """A socket as systemd has one, for what a service tells."""
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(name)
    told.settimeout(WAIT_SECONDS)
    return told


def test_systemd_is_told():
    folder = tempfile.mkdtemp(prefix="martlet-live-")
    for name, shown in ((f"{folder}/notify", None), (f"\0martlet-{os.getpid()}", f"@martlet-{os.getpid()}")):
        with systemd(name) as told:
            server = Server(NOTES)
            server.environment["NOTIFY_SOCKET"] = shown or name
            with server:
                equal(told.recv(100), b"READY=1", "when it serves")
                hang_up(server, MORE, "contract reloaded")
                text = told.recv(100).decode()
                check(text.startswith("RELOADING=1\nMONOTONIC_USEC="), text)
                microseconds = int(text.rsplit("=", 1)[1])
                check(abs(microseconds / 1e6 - time.monotonic()) < WAIT_SECONDS, f"its time: {text}")
                equal(told.recv(100), b"READY=1", "when the other contract is served")
                equal(server.stop(), 0, "the exit code")
                equal(told.recv(100), b"STOPPING=1", "when it ends")


def test_a_socket_that_is_handed_over_outlives_the_service():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        address = listener.getsockname()
        server = Server(NOTES)
        try:
            server.environment["LISTEN_FDS"] = "1"
            # The variable names the process itself, which a shell knows that becomes it. The socket is its descriptor 3.
            words = ["sh", "-c", f"exec 3<&{listener.fileno()}; LISTEN_PID=$$ exec {command} serve --contract {server.contract} --log json"]
            first, second = (
                lambda: subprocess.Popen(
                    words, cwd=server.folder, env=server.environment, pass_fds=[listener.fileno()], stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                for _ in range(2)
            )
            process = first()
            equal(Client(address).get("/v1/notes").status, 200, "through the socket")
            process.terminate()
            equal(process.wait(40), 0, "the exit code")
            # Nobody serves now: who connects waits for the next one.
            waiting = {}
            thread = threading.Thread(target=lambda: waiting.update(answer=Client(address).get("/v1/notes")))
            thread.start()
            process = second()
            thread.join(WAIT_SECONDS)
            equal(getattr(waiting.get("answer"), "status", None), 200, "who came between the two")
            process.terminate()
            equal(process.wait(40), 0, "the exit code")
            # What is meant for another process is left alone.
            server.environment["LISTEN_PID"] = "1"
            with server:
                check(server.address != address, "a socket of somebody else's")
        finally:
            server.__exit__(None)


run(globals())
