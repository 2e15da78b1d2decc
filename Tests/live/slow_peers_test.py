"""Peers that are slow on purpose: each has a clock of its own (docs/running.md), and those who are only slow are waited for."""

import re
import socket
import threading
import time

from harness import Server, check, equal, run

CONTRACT = """
martlet: 1
service: {name: slow, version: v1}
store: {url: "${DATABASE_URL}"}
roles: [writer]
resources:
  notes:
    fields:
      text: {type: text}
    access: {read: anyone, create: [writer]}
"""
ROWS = 100
TEXT_BYTES = 60_000
LARGE = b"GET /v1/notes?limit=100 HTTP/1.1\r\nHost: a\r\n\r\n"
SMALL = b"GET /v1/notes?limit=1&fields=id HTTP/1.1\r\nHost: a\r\n\r\n"
# A peer that takes nothing has 30 s, and the clocks are looked at each second.
CUT_SECONDS = 31.0
# How long a slow peer is waited for; longer than that.
WATCHED_SECONDS = 34
LATE_SECONDS = 20


def connected(server, window=4096):
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    peer.connect(server.address)
    peer.settimeout(60)
    return peer


def head_of(peer):
    """The head, and what came of the body with it."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = peer.recv(1024)
        check(piece, f"closed after {text[:100]!r}")
        text += piece
    head, _, rest = text.partition(b"\r\n\r\n")
    return head.decode(), rest


def drip(peer, data, began, pause):
    """Sends a byte a second until the server has had enough; the time of that, and its answer."""
    peer.settimeout(1)
    for number in range(WATCHED_SECONDS + LATE_SECONDS):
        try:
            peer.sendall(data[number : number + 1] or b"a")
            answer = peer.recv(4096)
            return time.monotonic() - began, answer
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began, b""
    return time.monotonic() - began, None


def slow_head(server, found, began, pause):
    with connected(server) as peer:
        found["head"] = drip(peer, b"GET /v1/notes HTTP/1.1\r\nHost: a\r\nX: ", began, pause)


def slow_body(server, found, began, pause):
    with connected(server) as peer:
        peer.sendall(
            f"POST /v1/notes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {found['token']}\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n".encode()
        )
        found["body"] = drip(peer, b'{"text":"', began, pause)


def greedy_reader(server, found, began, pause):
    """Takes a byte a second of six megabytes."""
    with connected(server) as peer:
        peer.sendall(LARGE)
        head_of(peer)
        for _ in range(WATCHED_SECONDS + LATE_SECONDS):
            try:
                if not peer.recv(1):
                    break
            except OSError:
                break
            # What is in its own buffers would go on to be read long after the connection was cut: the system tells of that at once.
            if peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                break
            pause.wait(1)
        found["reader"] = time.monotonic() - began


def honest_reader(server, found, began, pause):
    """Ten kilobytes a second for as long as the others are watched, then the rest."""
    with connected(server, 16_384) as peer:
        peer.sendall(LARGE)
        head, body = head_of(peer)
        expected = int(re.search(r"(?i)content-length: (\d+)", head).group(1))
        taken = len(body)
        while time.monotonic() - began < WATCHED_SECONDS:
            taken += len(peer.recv(1024))
            pause.wait(0.1)
        found["slowly"] = taken
        while taken < expected and (piece := peer.recv(1 << 20)):
            taken += len(piece)
        found["honest"] = (taken, expected)


def pausing_client(server, found, began, pause):
    """Has read its answer, does nothing for longer than a stalled reader has, and asks again."""
    with connected(server, 65_536) as peer:
        statuses = []
        for wait in (WATCHED_SECONDS, 0):
            peer.sendall(SMALL)
            head, body = head_of(peer)
            statuses.append(head.split()[1])
            while len(body) < int(re.search(r"(?i)content-length: (\d+)", head).group(1)):
                body += peer.recv(4096)
            pause.wait(wait)
        found["pausing"] = statuses


def test_slow_peers_are_cut_and_honest_ones_waited_for():
    with Server(CONTRACT, arguments=["--threads", "1", "--log-level", "notice"]) as server:
        found = {"token": server.token("ada", "writer")}
        client = server.client(found["token"])
        for _ in range(ROWS):
            equal(client.send("POST", "/v1/notes", {"text": "x" * TEXT_BYTES}).status, 201, "a record")
        began, pause = time.monotonic(), threading.Event()
        peers = [slow_head, slow_body, greedy_reader, honest_reader, pausing_client]
        threads = [threading.Thread(target=peer, args=(server, found, began, pause)) for peer in peers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(
            f"cut: a slow head after {found['head'][0]:.1f} s, a slow body after {found['body'][0]:.1f} s, "
            f"a slow reader after {found['reader']:.1f} s; an honest one got {found['slowly']} bytes meanwhile"
        )
        for name, least, status in (("head", 9, 408), ("body", 29, 408)):
            seconds, answer = found[name]
            check(answer is not None and answer.startswith(b"HTTP/1.1 %d " % status), f"a slow {name} was answered with {answer!r}")
            check(least < seconds < least + LATE_SECONDS, f"a slow {name} was cut after {seconds:.1f} s")
        check(CUT_SECONDS - 2 < found["reader"] < CUT_SECONDS + LATE_SECONDS, f"a slow reader was cut after {found['reader']:.1f} s")
        equal(*found["honest"], "what an honest slow reader got")
        check(found["slowly"] < 1_000_000, "the honest reader was not slow")
        equal(found["pausing"], ["200", "200"], "a client that pauses")
        held = lambda: float(re.search(r"^martlet_memory_held_bytes (\S+)$", server.client().get("/metrics").body.decode(), re.M).group(1))
        end = time.monotonic() + LATE_SECONDS
        while held() > 100_000:
            check(time.monotonic() < end, f"{held():.0f} bytes are still held")
            pause.wait(0.05)
        equal(server.stop(), 0, "the exit code")


run(globals())
