"""What peers make the process hold has one bound (docs/memory.md): it is kept, small requests go on being answered, and
everything comes back."""

import collections
import http.client
import re
import resource
import socket
import struct
import threading
import time
from random import Random

from harness import Failed, Server, check, equal, run

LISTS = 15
CONTRACT = """
martlet: 1
service: {name: memory, version: v1}
store: {url: "${DATABASE_URL}", timeout: {wait: 60s}}
roles: [writer]
resources:
  notes:
    fields:
      mark: {type: string, index: true, required: true}
      text: {type: text}
      more: {type: text}
LISTS
    access: {read: anyone, create: [writer], update: [writer], delete: [writer]}
""".replace("LISTS", "\n".join(f"      list{number}: {{type: json}}" for number in range(LISTS)))

LIMIT_MIB = 192
# What the process is made of beside what requests hold: code, caches, the stores' connections, and what the allocator keeps.
BESIDE_MIB = 160
SLOW_CLIENTS = 60
PIPELINING_CLIENTS = 900
ROWS = 100
TEXT_BYTES = 60_000
# A small request while the large answers wait for their readers; and while sixty of them are made at once, by few cores.
SMALL_SECONDS = 1.0
# A debug build, with coverage, works at the bodies of a burst for four seconds on a machine of its own, and for thirty on a busy one.
BURST_SECONDS = 120.0
RETURN_SECONDS = 60
ANSWER_SECONDS = 60


def mib(server, name):
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(rf"{name}:\s+(\d+) kB", status.read()).group(1)) / 1024


def metric(server, name):
    text = server.client().get("/metrics").body.decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))


def until(condition, words, seconds=RETURN_SECONDS):
    """Looks again and again: nothing tells when a process has given its memory back."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        check(time.monotonic() < end, words() if callable(words) else words)
        pause.wait(0.05)


def given_back(server):
    """Nothing is held but the connections of this test and the request that asks."""
    held = lambda: metric(server, "martlet_memory_held_bytes")
    until(lambda: held() < 100_000, lambda: f"{held():.0f} bytes are still held")


def served(store, *arguments):
    return Server(CONTRACT, store, arguments=["--memory", f"{LIMIT_MIB}MiB", "--threads", "2", "--log-level", "notice", *arguments])


def filled(server):
    """100 records of 120 kB; the id of the last one, and one small record's."""
    client = server.client(server.token("ada", "writer"))
    for number in range(ROWS):
        made = client.send("POST", "/v1/notes", {"mark": "large", "text": f"{number:06}" + "x" * TEXT_BYTES, "more": "y" * TEXT_BYTES})
        equal(made.status, 201, "a large record")
    small = client.send("POST", "/v1/notes", {"mark": "small", "text": "y"})
    equal(small.status, 201, "a small record")
    return client, small.json["id"]


def asking(server, request, window=4096):
    """A client that has sent that and reads nothing."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    peer.connect(server.address)
    peer.settimeout(ANSWER_SECONDS)
    peer.sendall(request)
    return peer


def heads(peers):
    """The status and the head of each answer."""
    found = []
    for peer in peers:
        text = b""
        while b"\r\n\r\n" not in text:
            piece = peer.recv(4096)
            check(piece, f"a connection was closed without an answer: {text[:200]!r}")
            text += piece
        head = text.split(b"\r\n\r\n")[0].decode()
        found.append((int(head.split()[1]), head))
    return found


def small_requests(client, ident, rounds, health="/health/live", patience=0.0):
    """The longest time of small requests of all kinds, each of which must be answered; after `patience` seconds of refusals at most."""
    longest = 0
    for number in range(rounds):
        for method, path, body, status in [
            ("GET", health, None, 200),
            ("GET", f"/v1/notes/{ident}", None, 200),
            ("GET", "/v1/notes?mark=small&limit=5", None, 200),
            ("POST", "/v1/notes", {"mark": "more", "text": f"{number}"}, 201),
        ]:
            begin = time.monotonic()
            while (answer := client.send(method, path, body)).status == 503 and time.monotonic() - begin < patience:
                equal(answer.headers.get("retry-after"), "1", "a refusal's Retry-After")
                threading.Event().wait(0.01)
            longest = max(longest, time.monotonic() - begin)
            equal(answer.status, status, f"{method} {path} while the large ones wait: {answer}")
    return longest


def test_clients_that_do_not_read_are_held_to_the_limit(store):
    with served(store) as server:
        client, ident = filled(server)
        before = mib(server, "VmRSS")
        request = b"GET /v1/notes?mark=large&limit=100 HTTP/1.1\r\nHost: a\r\n\r\n"
        peers = [asking(server, request) for _ in range(SLOW_CLIENTS)]
        burst = small_requests(client, ident, 10)
        answers = heads(peers)
        longest = small_requests(client, ident, 40, "/health/ready")
        statuses = [status for status, _ in answers]
        peak = mib(server, "VmHWM")
        held, limit = metric(server, "martlet_memory_held_bytes"), metric(server, "martlet_memory_limit_bytes")
        print(
            f"{statuses.count(200)} of {SLOW_CLIENTS} got the answer; RSS {before:.0f} MiB before, {peak:.0f} at most; "
            f"{held / 2**20:.0f} MiB held; the longest small request took {burst * 1000:.0f} ms while they were made, {longest * 1000:.0f} ms then"
        )
        equal(sorted(set(statuses)), [200, 503], "the statuses")
        for status, head in answers:
            if status == 503:
                check("\r\nRetry-After: 1" in head, f"a refusal without Retry-After: {head}")
        check(statuses.count(200) >= 5, "hardly any large answer was given although there is room")
        check(peak <= LIMIT_MIB + BESIDE_MIB, f"the process grew to {peak:.0f} MiB")
        check(longest < SMALL_SECONDS, f"a small request took {longest:.2f} s")
        check(burst < BURST_SECONDS, f"a small request took {burst:.2f} s while the large answers were made")
        equal(limit, LIMIT_MIB * 2**20, "the limit's metric")
        check(held <= limit, f"{held:.0f} bytes are held, and the limit is {limit:.0f}")
        # Nobody is refused for having waited for a connection: the contract lets them wait for as long as the clients do.
        check(metric(server, "martlet_memory_refusals_total") > 0, "refusals are not counted")
        for peer in peers:
            peer.close()
        given_back(server)
        until(lambda: mib(server, "VmRSS") < before + 64, lambda: f"RSS was {before:.0f} MiB before and is {mib(server, 'VmRSS'):.0f}")
        print(f"RSS {mib(server, 'VmRSS'):.0f} MiB after")
        equal(client.get("/v1/notes?mark=large&limit=100").status, 200, "a large list afterwards")
        equal(server.stop(), 0, "the exit code")


def post(server, token, body, length=None):
    head = (
        f"POST /v1/notes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length or len(body)}\r\n\r\n"
    )
    return head.encode() + body


def test_large_bodies_are_refused_before_anything_is_written(store):
    with served(store) as server:
        client, ident = filled(server)
        token = client.token
        before = mib(server, "VmRSS")
        # All but the last byte, so that none of them can be carried out yet; many small values weigh most.
        values = b"[" + b"1," * 32_000 + b"1]"
        body = b'{"mark":"flood",' + b",".join(b'"list%d":' % number + values for number in range(LISTS)) + b"}"
        peers = []
        lock = threading.Lock()

        def send():
            for _ in range(20):
                peer = asking(server, b"")
                try:
                    peer.sendall(post(server, token, body)[:-1])
                except OSError:
                    pass  # Refused already: the answer is read below.
                with lock:
                    peers.append(peer)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        burst = small_requests(client, ident, 10)
        for peer in peers:
            try:
                peer.sendall(b"}")
            except OSError:
                pass
        burst = max(burst, small_requests(client, ident, 10))
        made = refused = cut = 0
        for peer in peers:
            try:
                status, head = heads([peer])[0]
            except OSError:
                # It went on sending after the refusal, and was reset before it read that.
                cut += 1
                continue
            check(status in (201, 503), f"a large body was answered with {head}")
            made += status == 201
            refused += status == 503
            check(status == 201 or "\r\nRetry-After: 1" in head, f"a refusal without Retry-After: {head}")
        peak = mib(server, "VmHWM")
        print(
            f"{made} of {len(peers)} large bodies were taken, {refused} refused, {cut} cut; RSS {before:.0f} MiB before, {peak:.0f} at most; "
            f"the longest small request took {burst * 1000:.0f} ms while they came"
        )
        check(refused > 0, "nothing was refused")
        check(peak <= LIMIT_MIB + BESIDE_MIB, f"the process grew to {peak:.0f} MiB")
        check(burst < BURST_SECONDS, f"a small request took {burst:.2f} s while the large bodies came")
        rows = server.store.rows("SELECT count(*) FROM notes WHERE mark = 'flood'")
        equal(int(rows[0][0]), made, "the records of large bodies")
        for peer in peers:
            peer.close()
        given_back(server)
        equal(server.stop(), 0, "the exit code")


def test_pipelined_requests_of_many_connections_are_held_to_the_limit():
    with served("sqlite") as server:
        client, ident = filled(server)
        before = mib(server, "VmRSS")
        one = b"GET /v1/notes?mark=large&limit=1 HTTP/1.1\r\nHost: a\r\n\r\n"
        peers = []
        for _ in range(PIPELINING_CLIENTS):
            peer = asking(server, b"")
            peer.setblocking(False)
            try:
                peer.send(one * 4000)
            except BlockingIOError:
                pass
            peers.append(peer)
        # They ask for more than can be served.
        longest = small_requests(client, ident, 5, patience=BURST_SECONDS)
        peak = mib(server, "VmHWM")
        print(f"RSS {before:.0f} MiB before, {peak:.0f} at most; the longest small request took {longest * 1000:.0f} ms")
        check(peak <= LIMIT_MIB + BESIDE_MIB, f"the process grew to {peak:.0f} MiB")
        for peer in peers:
            peer.close()
        given_back(server)


IDLE_CLIENTS = 3_000
IDLE_KIB = 8


def test_idle_connections_hold_little():
    with served("sqlite") as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        # A request through all of the service, so that what it needs for it has been taken before.
        request = b"GET /v1/notes HTTP/1.1\r\nHost: a\r\n\r\n"
        warm = [asking(server, request, 65536) for _ in range(50)]
        equal({status for status, _ in heads(warm)}, {200}, "the first answers")
        before = mib(server, "VmRSS")
        peers = []
        for _ in range(IDLE_CLIENTS):
            peers.append(asking(server, request, 65536))
        equal({status for status, _ in heads(peers)}, {200}, "the answers")
        each = lambda: (mib(server, "VmRSS") - before) * 1024 / IDLE_CLIENTS
        until(lambda: each() < IDLE_KIB, lambda: f"an idle connection holds {each():.1f} KiB")
        for peer in peers[::100]:
            peer.sendall(request)
        equal({status for status, _ in heads(peers[::100])}, {200}, "the answers after a rest")
        print(f"an idle connection holds {each():.1f} KiB")


STORM_THREADS = 10
STORM_UNREAD = 3


def storm(server, token, ident, seed, counts):
    """Requests that are answered, refused, cut, left or broken, in an order that the seed says."""
    random = Random(seed)
    client = server.client(token)
    unread = collections.deque()
    large = b'{"mark":"flood","text":"' + b"z" * 300_000 + b'"}'
    wrong = b'{"mark":7,"list1":[' + b"1," * 20_000 + b"1]}"
    lists = b"GET /v1/notes?mark=large&limit=%d HTTP/1.1\r\nHost: a\r\n\r\n"

    def leave(request):
        """Without reading the answer, with a reset."""
        peer = asking(server, request, 65_536)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    def read_nothing():
        unread.append(asking(server, lists % 100))
        if len(unread) > STORM_UNREAD:
            unread.popleft().close()

    def send(method, path, body, **headers):
        return client.send(method, path, body, {"Content-Type": "application/json", **headers})

    def read_some():
        peer = asking(server, lists % random.randint(1, 100))
        try:
            for _ in range(random.randint(1, 8)):
                peer.recv(65_536)
        finally:
            peer.close()

    kinds = [
        lambda: client.get(f"/v1/notes?mark=large&limit={random.randint(1, 30)}"),
        lambda: client.get(f"/v1/notes?limit={random.randint(1, 100)}&sort=text"),
        lambda: client.get(f"/v1/notes/{ident}"),
        lambda: client.get("/v1/notes/00000000-0000-7000-8000-000000000000"),
        lambda: client.get("/v1/notes?after=forged"),
        lambda: client.send("GET", f"/v1/notes/{ident}", headers={"Authorization": "Bearer x.y.z"}),
        lambda: send("POST", "/v1/notes", large),
        lambda: send("POST", "/v1/notes", large, **{"Idempotency-Key": f'"{random.randint(0, 20)}"'}),
        lambda: send("POST", "/v1/notes", wrong),
        lambda: send("POST", "/v1/notes", large[:-3]),
        lambda: send("POST", "/v1/notes", b"[" * 90_000),
        lambda: send("POST", "/v1/notes", b" " * 1_100_000),
        lambda: send("PATCH", f"/v1/notes/{ident}", large, **{"If-Match": '"0.x"'}),
        lambda: leave(lists % random.randint(1, 100)),
        lambda: leave(lists % 20 * random.randint(2, 50)),
        lambda: leave(post(server, token, large)[: random.randint(1, 300_000)]),
        lambda: leave(post(server, token, large)),
        lambda: leave(b"GET /v1/notes HTTP/1.1\r\nHost: a\r\nX: " + b"x" * random.randint(1, 15_000)),
        lambda: leave(b"POST /v1/notes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        read_some,
        read_nothing,
    ]
    # Enough answers that nobody takes for memory to be short at once, then everything in an order of each thread's own.
    for kind in [read_nothing] * STORM_UNREAD + random.sample(kinds, len(kinds)):
        try:
            answer = kind()
            key = answer.status if answer else "left"
        except (OSError, http.client.HTTPException):
            key = "cut"
        counts.append(key)
    client.close()
    # Of those that read nothing some were refused: all of them together are more than there is room for.
    for peer in unread:
        try:
            counts += [status for status, _ in heads([peer])]
        except (OSError, Failed):
            counts.append("cut")
        peer.close()


def test_hundreds_of_failing_requests_leave_nothing_behind(store):
    with served(store) as server:
        client, ident = filled(server)
        given_back(server)
        counts = []
        threads = [
            threading.Thread(target=storm, args=(server, client.token, ident, seed, counts)) for seed in range(STORM_THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"{len(counts)} requests: " + ", ".join(f"{number} {key}" for key, number in sorted(collections.Counter(counts).items(), key=str)))
        check(503 in counts and 200 in counts and 422 in counts and 412 in counts, "the storm has not been what it should be")
        given_back(server)
        equal(server.client().get("/v1/notes?mark=large&limit=100").status, 200, "a large list afterwards")
        equal(server.stop(), 0, "the exit code")


run(globals())
