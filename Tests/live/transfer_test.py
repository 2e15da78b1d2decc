"""Exports and imports: over HTTP with clients that leave, dawdle and lie, and by the command, killed in the midst of it."""

import gzip
import json
import pathlib
import resource
import signal
import socket
import subprocess
import threading

import brotli
from harness import Server, check, command, equal, run

CONTRACT = """
martlet: 1
service: {name: transfer, version: v1}
store: {url: "${DATABASE_URL}"}
roles: [writer, reader]
resources:
  items:
    history: true
    fields:
      code:  {type: string, unique: true, required: true, length: 1..40}
      name:  {type: string, length: 0..10000}
      pieces: {type: integer, default: 1}
    access: {create: [writer], read: authenticated, export: [writer]}
"""

ROWS = 20_000
NDJSON = {"Accept": "application/x-ndjson"}


def lines(count, start=0, size=0):
    return b"".join(b'{"code":"c%d","name":"%s","pieces":%d}\n' % (number, b"x" * size, number) for number in range(start, start + count))


def codes(server):
    return [code for code, in server.store.rows("SELECT code FROM items")]


def upload(client, body, kind="application/x-ndjson", **headers):
    return client.send("POST", "/v1/items", body, {"Content-Type": kind, **headers})


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0


def test_what_is_imported_is_exported(store):
    with Server(CONTRACT, store) as server:
        client = server.client(server.token("ada", "writer"))
        answer = upload(client, lines(ROWS))
        equal((answer.status, answer.json), (200, {"created": ROWS, "refused": 0, "errors": []}), "the import")
        equal(sorted(codes(server)), sorted(f"c{number}" for number in range(ROWS)), "what is stored")
        equal(server.store.rows("SELECT count(*) FROM _martlet_events WHERE resource = 'items'"), [(str(ROWS),)], "events")
        answer = client.send("GET", "/v1/items", headers=NDJSON)
        equal(answer.status, 200, "the export")
        rows = [json.loads(line) for line in answer.body.splitlines()]
        equal(sorted(row["code"] for row in rows), sorted(codes(server)), "what is exported")
        equal([row["id"] for row in rows], sorted(row["id"] for row in rows), "the order")
        for coding, unpack in (("gzip", gzip.decompress), ("br", brotli.decompress)):
            packed = client.send("GET", "/v1/items?fields=code", headers={"Accept": "text/csv", "Accept-Encoding": coding})
            equal(packed.headers.get("content-encoding"), coding, "the coding")
            text = unpack(packed.body).decode()
            equal(text.split("\r\n"), ["code", *[row["code"] for row in rows], ""], f"as comma-separated values in {coding}")
            check(len(packed.body) < len(text) / 2, f"{len(text)} bytes became {len(packed.body)} in {coding}")
        head = client.send("HEAD", "/v1/items", headers=NDJSON)
        equal((head.status, head.body), (200, b""), "HEAD")
        reader = server.client(server.token("bob", "reader"))
        equal(reader.send("GET", "/v1/items", headers=NDJSON).status, 403, "an export that is not granted")
        equal(upload(reader, lines(1)).status, 403, "an import that is not granted")
        equal(upload(server.client(), lines(1)).status, 401, "an import by nobody")
        equal(upload(client, b"x", "application/xml").status, 415, "another form")


def test_a_client_that_leaves_ends_an_export():
    with Server(CONTRACT) as server:
        client = server.client(server.token("ada", "writer"))
        equal(upload(client, lines(4000, size=5000)).status, 200, "the import")
        token = client.token
        for _ in range(5):
            with socket.create_connection(server.address) as peer:
                peer.sendall(
                    f"GET /v1/items HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
                check(peer.recv(4096).startswith(b"HTTP/1.1 200"), "the export began")
        # 20 MB each to five peers that read nothing: what waits for them stays small.
        before = resident(server.process.pid)
        peers = []
        for _ in range(5):
            peer = socket.create_connection(server.address)
            peer.sendall(
                f"GET /v1/items HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            check(peer.recv(1) == b"H", "an answer")
            peers.append(peer)
        equal(client.get("/v1/items?limit=1").status, 200, "others are served meanwhile")
        check(resident(server.process.pid) < before + 40, f"{before} MiB became {resident(server.process.pid)}")
        for peer in peers:
            peer.close()
        ended = [line for line in server.log if "499" in line]
        check(len(ended) >= 5, f"{len(ended)} exports were logged as abandoned")


def test_an_export_over_http_1_0_ends_with_the_connection():
    with Server(CONTRACT) as server:
        client = server.client(server.token("ada", "writer"))
        upload(client, lines(3000))
        with socket.create_connection(server.address) as peer:
            peer.sendall(f"GET /v1/items HTTP/1.0\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer {client.token}\r\n\r\n".encode())
            received = b""
            while piece := peer.recv(65536):
                received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        check(b"chunked" not in head.lower(), "no chunks")
        equal(len(body.splitlines()), 3000, "records")


def raw_import(server, token, key=None):
    peer = socket.create_connection(server.address)
    peer.settimeout(60)
    extra = f'Idempotency-Key: "{key}"\r\n' if key else ""
    peer.sendall(
        f"POST /v1/items HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n{extra}"
        f"Authorization: Bearer {token}\r\n\r\n".encode())
    return peer


def chunk(octets):
    return b"%x\r\n%s\r\n" % (len(octets), octets)


def test_a_sender_that_leaves_or_dawdles_and_comes_again(store):
    with Server(CONTRACT, store) as server:
        client = server.client(server.token("ada", "writer"))
        whole = lines(5000)
        for part in (0, 1, 70_000, 150_001):
            with raw_import(server, client.token, "again") as peer:
                peer.sendall(chunk(whole[:part]) if part else b"")
        # In small pieces, over the end of lines.
        with raw_import(server, client.token, "again") as peer:
            for start in range(0, 3000, 7):
                peer.sendall(chunk(whole[start:start + 7]))
            peer.sendall(chunk(whole[3003:]) + b"0\r\n\r\n")
            received = b""
            while not received.endswith(b"}"):
                piece = peer.recv(65536)
                check(piece, f"no answer: {received!r}")
                received += piece
        check(b'{"created":5000,"refused":0,' in received, f"the answer: {received!r}")
        equal(sorted(codes(server)), sorted(f"c{number}" for number in range(5000)), "each once")
        answer = upload(client, whole, **{"Idempotency-Key": '"again"'})
        equal((answer.json["created"], answer.headers.get("idempotency-replayed")), (5000, "true"), "the same again")
        equal(upload(client, whole + lines(1, 5000), **{"Idempotency-Key": '"again"'}).status, 422, "another body")


def test_a_body_without_lines_is_read_in_bounded_memory():
    with Server(CONTRACT) as server:
        client = server.client(server.token("ada", "writer"))
        before = resident(server.process.pid)
        with raw_import(server, client.token) as peer:
            piece = chunk(b"x" * (1 << 20))
            for _ in range(200):
                peer.sendall(piece)
            peer.sendall(chunk(b"\n" + lines(1)) + b"0\r\n\r\n")
            received = b""
            while not received.endswith(b"}"):
                received += peer.recv(65536) or check(False, "no answer")
        check(b'"created":1,"refused":1,' in received, f"the answer: {received!r}")
        check(resident(server.process.pid) < before + 30, f"{before} MiB became {resident(server.process.pid)}")


def test_garbage_is_refused_line_by_line():
    with Server(CONTRACT) as server:
        client = server.client(server.token("ada", "writer"))
        for octets in (b"\x00\xff\n" * 500, b"[" * 100_000, b'{"code":"\xc3\x28"}\n', b'{"code":1}\n{"code":"a","code":"b"}\n', b"\n\n\n", b"{}"):
            answer = upload(client, octets)
            equal((answer.status, answer.json["created"]), (200, 0), f"{octets[:20]!r}")
        for octets, status in ((b"", 200), (b"code\n\"a", 422), (b"code,code\n", 422), (b"\xef\xbb\xbfcode\r\nok\r\n", 200), (b'code\na"b\n', 422)):
            equal(upload(client, octets, "text/csv").status, status, f"{octets[:20]!r}")
        equal(codes(server), ["ok"], "what was made")
        answer = upload(client, b"{}\n", **{"Content-Encoding": "gzip"})
        equal(answer.status, 415, "a compressed body")
        answer = upload(client, b'{"code":"z1"}\n{}\n{"code":"z2"}\n', Prefer="handling=strict")
        equal((answer.status, answer.json["line"], answer.json["created"]), (422, 2, 1), "strict")


def test_sigterm_in_the_midst_of_both():
    with Server(CONTRACT, arguments=["--drain", "2"]) as server:
        client = server.client(server.token("ada", "writer"))
        upload(client, lines(20000, size=500))
        reading = socket.create_connection(server.address)
        reading.sendall(
            f"GET /v1/items HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer {client.token}\r\n\r\n".encode())
        check(reading.recv(1) == b"H", "an answer")
        writing = raw_import(server, client.token, "drain")
        body = lines(3000, 100_000)
        writing.sendall(chunk(body[:100_000]))
        equal(server.stop(), 0, "the exit code")
        received = b""
        try:
            while piece := reading.recv(1 << 20):
                received += piece
        except ConnectionError:
            pass
        check(not received.endswith(b"0\r\n\r\n"), "an export that was cut has no end")
        writing.close()
        reading.close()
        server.start()
        client = server.client(client.token)
        answer = upload(client, body, **{"Idempotency-Key": '"drain"'})
        equal((answer.status, answer.json["created"]), (200, 3000), "taken up again")
        equal(len(codes(server)), len(set(codes(server))), "each once")


def martlet(server, *arguments, check_exit=0):
    done = subprocess.run(
        [command, *arguments], cwd=server.folder, env=server.environment, capture_output=True, text=True, timeout=120)
    equal(done.returncode, check_exit, f"martlet {' '.join(arguments)}: {done.stderr}")
    return done


def test_the_command_killed_in_the_midst_makes_each_record_once(store):
    with Server(CONTRACT, store) as server:
        server.stop()
        (server.folder / "items.ndjson").write_bytes(lines(ROWS))
        words = [command, "import", "items", "items.ndjson", "--as", "ada", "--role", "writer"]
        killed = 0
        for attempt in range(40):
            process = subprocess.Popen(words, cwd=server.folder, env=server.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                # Later each time, so that it dies at its beginning, in a group and between two.
                process.wait(0.15 + attempt * 0.05)
                equal(process.returncode, 0, "the exit code of the last one")
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
        else:
            process = subprocess.run(words, cwd=server.folder, env=server.environment, capture_output=True)
            equal(process.returncode, 0, "the exit code")
        check(killed > 2, f"it was killed {killed} times")
        equal(sorted(codes(server)), sorted(f"c{number}" for number in range(ROWS)), "each once")
        equal(server.store.rows("SELECT count(*) FROM _martlet_events WHERE resource = 'items'"), [(str(ROWS),)], "events")
        done = martlet(server, *words[1:])
        check("done already" in done.stdout, done.stdout)


def test_what_the_command_says(store):
    with Server(CONTRACT, store) as server:
        server.stop()
        (server.folder / "items.csv").write_bytes(b"code,name,pieces\r\na,\"x, y\",\r\nb,,x\r\na,,1\r\n")
        who = ["--as", "ada", "--role", "writer"]
        done = martlet(server, "import", "items", "items.csv", *who, check_exit=1)
        check(done.stdout.startswith("1 made, 2 refused"), done.stdout)
        check("line 3: validation" in done.stderr and "line 4: unique" in done.stderr, done.stderr)
        done = martlet(server, "import", "items", "items.csv", *who, "--key", "other", "--format", "json", check_exit=1)
        equal(json.loads(done.stdout)["refused"], 3, "as JSON")
        martlet(server, "import", "items", "items.csv", check_exit=1)
        martlet(server, "import", "items", "none.csv", *who, check_exit=1)
        martlet(server, "import", "items", "items.txt", *who, check_exit=2)
        martlet(server, "import", "itms", "items.csv", *who, check_exit=2)
        martlet(server, "import", "items", "items.csv", "--as", "ada", "--role", "none", check_exit=2)
        done = martlet(server, "export", "items", "--form", "csv", "--fields", "code,name,pieces", *who)
        equal(done.stdout.replace("\r\n", "\n"), 'code,name,pieces\na,"x, y",\n', "the export")
        martlet(server, "export", "items", "-o", "out.ndjson", *who)
        equal(len((server.folder / "out.ndjson").read_text().splitlines()), 1, "records in the file")
        martlet(server, "export", "items", "-o", "out.ndjson", *who, check_exit=1)
        martlet(server, "export", "items", "-o", "two.csv", "--as", "bob", "--role", "reader", check_exit=1)
        check(not (server.folder / "two.csv").exists(), "nothing of an export that was refused")
        if store == "sqlite":
            server.start()
            done = martlet(server, "import", "items", "items.csv", *who, check_exit=3)
            check("running" in done.stderr, done.stderr)


def test_a_full_disk_in_the_midst_loses_nothing_and_doubles_nothing():
    with Server(CONTRACT) as server:
        server.stop()
        (server.folder / "items.ndjson").write_bytes(lines(ROWS, size=200))
        words = ["import", "items", "items.ndjson", "--as", "ada", "--role", "writer"]
        done = subprocess.run(
            [command, *words], cwd=server.folder, env=server.environment, capture_output=True, text=True, timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6 << 20, 6 << 20)))
        equal(done.returncode, 3, f"the exit code: {done.stderr}")
        check("unavailable" in done.stderr and "created" in done.stderr, done.stderr)
        made = len(codes(server))
        check(0 < made < ROWS, f"{made} were made")
        martlet(server, *words)
        equal(sorted(codes(server)), sorted(f"c{number}" for number in range(ROWS)), "each once")


def test_a_killed_service_goes_on_where_the_import_ended(store):
    with Server(CONTRACT, store) as server:
        token = server.token("ada", "writer")
        body = lines(ROWS)
        for attempt in range(4):
            sender = threading.Thread(target=lambda: ignore(lambda: upload(server.client(token), body, **{"Idempotency-Key": '"k"'})))
            sender.start()
            time_out = 0.3 + attempt * 0.3
            sender.join(time_out)
            server.kill()
            sender.join(30)
            server.start()
        answer = upload(server.client(token), body, **{"Idempotency-Key": '"k"'})
        equal((answer.status, answer.json["created"]), (200, ROWS), "the last one")
        equal(sorted(codes(server)), sorted(f"c{number}" for number in range(ROWS)), "each once")


def ignore(work):
    try:
        work()
    except Exception:
        pass


if __name__ == "__main__":
    run(globals())
