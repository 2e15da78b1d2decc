"""The edges of connections and origins, over raw sockets: half-closed clients, clients that are gone, pages of other origins,
documents that are compressed once."""

import gzip
import socket
import struct

import brotli
from harness import REQUEST_SECONDS, Server, check, equal, root, run

SHOP = (root / "examples" / "shop" / "martlet.yaml").read_text()
PAGE = "https://app.example"


def opened(server):
    connection = socket.create_connection(server.address, timeout=REQUEST_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def all_of(connection):
    """What comes until the server closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def half_closed(server, *parts):
    """Sends, shuts its side, and reads to the end."""
    with opened(server) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        return all_of(connection)


def statuses(answer):
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def post(server, token, sku, length=None):
    body = b'{"sku": "%s", "name": "Tea", "price": {"amount": 1, "currency": "EUR"}}' % sku
    head = f"POST /v1/products HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def test_what_a_half_closed_client_sent_whole_is_answered():
    with Server(SHOP) as server:
        token = server.token("ada", "admin")
        get = b"GET /v1/products HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = half_closed(server, get)
        equal(statuses(answer), [200], "one request")
        check(b"\r\nConnection: close\r\n" in answer and answer.endswith(b"}"), f"the answer: {answer}")
        equal(statuses(half_closed(server, post(server, token, b"HALF-1"))), [201], "a write")
        equal(statuses(half_closed(server, get + post(server, token, b"HALF-2") + get)), [200, 201, 200], "three, pipelined")
        # What did not come whole has no effect.
        cut = half_closed(server, post(server, token, b"HALF-3", length=4000))
        check(statuses(cut) in ([], [400]), f"a body that was cut: {cut}")
        equal(half_closed(server, b"GET /v1/products HT"), b"", "a head that was cut")
        found = sorted(record["sku"] for record in server.client().get("/v1/products").json["data"])
        equal(found, ["HALF-1", "HALF-2"], "products")
        equal(server.stop(), 0, "the exit code after SIGTERM")


def test_a_client_that_is_gone_leaves_nothing_behind():
    with Server(SHOP) as server:
        token = server.token("ada", "admin")
        for number in range(20):
            connection = opened(server)
            connection.sendall(post(server, token, b"GONE-%d" % number))
            if number % 2:
                connection.shutdown(socket.SHUT_WR)
            # A reset, as from a process that was killed.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        client = server.client()
        equal(client.get("/v1/products").status, 200, "the next request")
        equal(server.stop(), 0, "the exit code after SIGTERM")
        check(not any("Fatal" in line for line in server.log), "the server trapped")


def vary(answer):
    return [word.strip().lower() for word in answer.headers.get("vary", "").split(",")]


def said(answer):
    return sorted(name for name in answer.headers if name.startswith("access-control-"))


def test_pages_of_other_origins():
    with Server(SHOP, arguments=["--allow-origin", PAGE, "--allow-origin", "HTTP://Localhost:5173"]) as server:
        client = server.client(server.token("ada", "admin"))
        ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}
        for origin in (PAGE, "http://localhost:5173"):
            before = client.send("OPTIONS", "/v1/products", headers={"Origin": origin, **ask})
            equal(before.status, 204, "the preflight")
            equal(before.headers["access-control-allow-origin"], origin, "the preflight's origin")
            check("POST" in before.headers["access-control-allow-methods"], f"methods: {before.headers}")
            check("idempotency-key" in before.headers["access-control-allow-headers"].lower(), f"headers: {before.headers}")
            check("access-control-allow-credentials" not in before.headers, "no cookies")
        answers = {
            201: client.send(
                "POST", "/v1/products", {"sku": "CORS-1", "name": "x", "price": {"amount": 1, "currency": "EUR"}}, {"Origin": PAGE}),
            422: client.send("POST", "/v1/products", {}, {"Origin": PAGE}),
            401: client.send("GET", "/v1/products", headers={"Origin": PAGE, "Authorization": "Bearer x.y.z"}),
            404: client.send("GET", "/nothing", headers={"Origin": PAGE}),
            405: client.send("DELETE", "/v1/products", headers={"Origin": PAGE}),
            200: client.send("GET", "/v1/openapi.json", headers={"Origin": PAGE}),
        }
        for status, answer in answers.items():
            equal(answer.status, status, f"{answer}")
            equal(answer.headers.get("access-control-allow-origin"), PAGE, f"the origin of {status}")
            check("etag" in answer.headers["access-control-expose-headers"].lower(), f"what may be read of {status}")
        # What HTTP itself refuses: a body over the bound.
        with opened(server) as connection:
            connection.sendall(f"POST /v1/products HTTP/1.1\r\nHost: a\r\nOrigin: {PAGE}\r\nContent-Length: 99999999999\r\n\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            refused = all_of(connection)
        check(refused.startswith(b"HTTP/1.1 413 ") and f"Access-Control-Allow-Origin: {PAGE}\r\n".encode() in refused, f"413: {refused}")
        for origin in ("https://evil.example", "null", PAGE + ".evil.example", PAGE + ":444"):
            for method in ("GET", "OPTIONS"):
                answer = client.send(method, "/v1/products", headers={"Origin": origin, **ask})
                equal(said(answer), [], f"what {origin} is told")
                check("origin" in vary(answer), "Vary")
        for wrong in ("*", "app.example", PAGE + "/x"):
            try:
                Server(SHOP, arguments=["--allow-origin", wrong]).__enter__()
            except Exception as problem:
                check("is no origin" in str(problem), f"{wrong}: {problem}")
            else:
                check(False, f"{wrong} was taken")
    with Server(SHOP) as server:
        equal(said(server.client().send("OPTIONS", "/v1/products", headers={"Origin": PAGE, **ask})), [], "without the setting")


CODINGS = (("gzip", gzip.decompress), ("br", brotli.decompress))


def test_documents_are_compressed_once_and_have_strong_tags():
    with Server(SHOP) as server:
        client = server.client()
        for path in ("/v1/openapi.json", "/v1/openapi.yaml", "/docs", "/docs/app.js", "/problems/validation"):
            plain = client.get(path)
            tags = [plain.headers["etag"]]
            for coding, unpack in CODINGS:
                packed = client.get(path, **{"Accept-Encoding": coding})
                equal(packed.headers.get("content-encoding"), coding, f"the coding of {path}")
                equal(unpack(packed.body), plain.body, f"the text of {path}")
                tags.append(packed.headers["etag"])
                check("accept-encoding" in vary(packed), "Vary")
                again = client.get(path, **{"Accept-Encoding": coding, "If-None-Match": tags[-1]})
                equal((again.status, again.body), (304, b""), f"{path} again")
                head = client.send("HEAD", path, headers={"Accept-Encoding": coding})
                equal(int(head.headers["content-length"]), len(packed.body), f"HEAD {path}")
            check(len(set(tags)) == 3 and all(tag.startswith('"') for tag in tags), f"{path}: {tags}")
            equal(client.get(path, **{"If-None-Match": tags[0]}).status, 304, f"{path} again, plain")


def test_records_and_lists_have_a_tag_for_each_coding():
    with Server(SHOP) as server:
        client = server.client(server.token("ada", "admin"))
        for number in range(30):
            made = client.send("POST", "/v1/products", {"sku": f"A-{number}", "name": "again and again " * 8, "price": {"amount": 1, "currency": "EUR"}})
            equal(made.status, 201, made.body)
        for path in ("/v1/products", made.headers["location"]):
            plain = client.get(path)
            tags = [plain.headers["etag"]]
            for coding, unpack in CODINGS:
                for accept in (coding, f"{coding}, identity;q=0"):
                    packed = client.get(path, **{"Accept-Encoding": accept})
                    # A record alone is short: it is coded only for who refuses it as it is.
                    is_coded = len(plain.body) >= 1024 or "identity" in accept
                    equal(packed.headers.get("content-encoding"), coding if is_coded else None, f"{path} for {accept}")
                    equal(unpack(packed.body) if is_coded else packed.body, plain.body, f"{path} in {coding}")
                    check("accept-encoding" in vary(packed), "Vary")
                tags.append(packed.headers["etag"])
                again = client.get(path, **{"Accept-Encoding": coding, "If-None-Match": tags[-1]})
                equal((again.status, again.body, again.headers.get("content-encoding")), (304, b"", None), f"{path} again")
                equal(client.get(path, **{"Accept-Encoding": coding, "If-None-Match": tags[0]}).status, 200, f"{path}, the plain tag")
            equal(len(set(tags)), 3, f"the tags of {path}: {tags}")

if __name__ == "__main__":
    run(globals())
