"""Raw requests to a running server, beside two independent parsers: it may be stricter than they are, never laxer.

Each case is sent on a connection of its own, with a plain GET behind it. When that GET is answered, the server has
found the end of the case; both parsers then have to find the same number of requests, without an error, and end with
that GET. What the server refuses needs no comparison. A part of the cases is known to be good, so that a server that
refuses everything fails too. Needs `h11` and `httptools` (requirements.txt).

Three things are known and no laxity: h11 keeps no connection of HTTP/1.0, h11 refuses the empty line before a request
that RFC 9112 section 2.2 has a server ignore, and httptools knows a list of methods where RFC 9110 has any token.
"""

import concurrent.futures
import random
import socket

import h11
import httptools

from harness import Server, check, equal, run

CONTRACT = """\
martlet: 1
service:
  name: differential
resources:
  notes:
    fields:
      text: text
    access:
      read: anyone
"""
SEED = 20_260_730
CASES = 6000
# Its answer says so.
LAST = b"GET /health/live?last HTTP/1.1\r\nHost: a\r\nX-Request-Id: the-last-one\r\nConnection: close\r\n\r\n"

METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]
ODD_METHODS = ["get", "G ET", "GET ", " GET", "G\tET", "G@T", "", "GÉT", "GET\0"]
TARGETS = ["/", "/health/live", "/v1/notes?limit=1", "http://a/", "/%20", "/a?b=c&d"]
ODD_TARGETS = ["*", "/a b", "/a\tb", "/a\0b", "/ü", "a", "", "http://", "http://u@a/", "//a", "/a#b", "/\x7f", "/a\rb"]
VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]
ODD_VERSIONS = ["HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.", "HTTP/11", "HTTP/1.1 ", " HTTP/1.1", "", "HTTP/1.1\t", "XTTP/1.1"]
ENDS = ["\n", "\r", "\r\r\n", "\n\r", " \r\n", "\0\r\n"]
HOSTS = ["Host: a", "host: a:80", "HOST: [::1]:8080"]
ODD_HOSTS = ["Host: a\r\nHost: a", "Host : a", "Host:\ta b", "Host: a/b", "Host:", " Host: a", "Host: a\0", "Host: a, b", "X: y"]
FIELDS = ["Accept: */*", "X-Y:z", "X-Empty:", "X: a\tb", "X: \xe9", "Connection: keep-alive", "Content-Type: text/plain"]
ODD_FIELDS = [
    "X y: z", "X : y", ": y", "X", "X: a\r\n b", "X: a\0b", "X: a\rb", "X: a\nb", "X: \x01", "X: \x7f", "X\0: y", "[X]: y", "X;: y",
    "\x0bX: y", "X\t: y", "Expect: x", "é: x", "X:\x0cy",
]
LENGTHS = ["0", "3", "5", "05", "5 ", "\t5"]
ODD_LENGTHS = ["+5", "-5", "0x5", "5,5", "5, 5", "5 5", "", "5.", "５", "5;", "99999999999999999999", "5\r\nContent-Length: 5", "5\r\nContent-Length: 6"]
CODINGS = ["chunked", "Chunked"]
ODD_CODINGS = [
    "chunked, chunked", "identity", "gzip", "chunked, gzip", "gzip, chunked", "xchunked", "chunkedx", "chunked;", "chunked,", ",chunked",
    "\x0bchunked", "\"chunked\"", "", "chunked\0", "chunked\r\nTransfer-Encoding: identity", "identity\r\nTransfer-Encoding: chunked", "chun\rked",
]
CHUNKS = ["5\r\nhello\r\n0\r\n\r\n", "0\r\n\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n", "0\r\nX: y\r\n\r\n"]
ODD_CHUNKS = [
    "5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\n", "5\r\nhello\r\n0\r\n\n", "\r\n5\r\nhello\r\n0\r\n\r\n",
    "5;\nhello\r\n0\r\n\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "10000000000000005\r\nhello\r\n0\r\n\r\n", "g\r\n\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\r\nX : y\r\n\r\n", "5\r\nhello\r\n0\r\nX\r\n\r\n", "5\r\nhello\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n00\r\n\r\n", "5_0\r\nhello\r\n0\r\n\r\n",
]


class Generator:
    """Requests of which most have one oddity; some have none, some several."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.odd_share = 0.0

    def pick(self, plain, odd):
        return self.random.choice(odd if self.random.random() < self.odd_share else plain)

    def request(self):
        end = lambda: self.pick(["\r\n"], ENDS) if self.random.random() < 0.3 else "\r\n"
        head = self.pick(["", "", "\r\n"], ["\n", "\r\n\r\n", " "]) if self.random.random() < 0.2 else ""
        version = self.pick(VERSIONS, ODD_VERSIONS)
        head += self.pick([" "], ["  ", "\t"]).join([self.pick(METHODS, ODD_METHODS), self.pick(TARGETS, ODD_TARGETS), version]) + end()
        lines = [self.pick(HOSTS, ODD_HOSTS)]
        for _ in range(self.random.randrange(3)):
            lines.append(self.pick(FIELDS, ODD_FIELDS))
        # No answer ends a connection of HTTP/1.0 that is to be kept.
        if version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        body = ""
        kind = self.random.randrange(4)
        if kind in (1, 3) and (kind == 1 or self.random.random() < self.odd_share):
            length = self.pick(LENGTHS, ODD_LENGTHS)
            lines.append(f"Content-Length:{self.pick([' ', ''], [chr(9)])}{length}")
            digits = "".join(character for character in length if character in "0123456789")
            body = "hello world"[: min(int(digits or 0), 11)]
        if kind in (2, 3) and version != "HTTP/1.0":
            lines.append(f"Transfer-Encoding{self.pick([':'], [' :', chr(9) + ':'])} {self.pick(CODINGS, ODD_CODINGS)}")
            body = self.pick(CHUNKS, ODD_CHUNKS)
        self.random.shuffle(lines)
        return (head + "".join(line + end() for line in lines) + end() + body).encode("latin-1", "replace")

    def case(self):
        self.odd_share = self.random.choice([0, 0.05, 0.1, 0.3])
        return b"".join(self.request() for _ in range(self.random.choice([1, 1, 1, 2])))


def by_h11(octets):
    """The targets of the requests it finds; an error ends the list with None."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(octets)
    found = []
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return found
            if isinstance(event, h11.Request):
                target, method = event.target, event.method
            if isinstance(event, h11.EndOfMessage):
                found.append(target)
                connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                connection.send(h11.EndOfMessage())
            if event is h11.PAUSED:
                if connection.our_state is h11.MUST_CLOSE:
                    return found
                connection.start_next_cycle()
    except h11.ProtocolError:
        return found + [None]


class Listening:
    def __init__(self):
        self.found = []

    def on_url(self, url):
        self.target = url

    def on_message_complete(self):
        self.found.append(self.target)


def by_httptools(octets):
    """As above."""
    listening = Listening()
    parser = httptools.HttpRequestParser(listening)
    try:
        parser.feed_data(octets)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        return listening.found + [None]
    return listening.found


def ask(address, octets):
    """How many answers came, and whether the last GET was among them."""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(octets + LAST)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    return answer.count(b"HTTP/1.1 "), b"the-last-one" in answer


def has_empty_line_before(case):
    """Whether a request of the case begins with an empty line: at its begin, or before its second method."""
    return case.startswith(b"\r\n") or any(b"\r\n" + method.encode() + b" " in case for method in METHODS)


def compare(server, case):
    """None, or what is wrong."""
    count, is_whole = ask(server.address, case)
    if not is_whole:
        return None, False
    for name, parse in (("h11", by_h11), ("httptools", by_httptools)):
        if name == "h11" and (b"HTTP/1.0" in case or has_empty_line_before(case)):
            continue
        if name == "httptools" and b"get " in case:
            continue
        found = parse(case + LAST)
        if None in found or len(found) != count or not found[-1].endswith(b"?last"):
            return f"{case!r}: answered {count}, {name} finds {found}", True
    return None, True


def test_the_server_is_never_laxer_than_h11_and_httptools():
    generator = Generator(SEED)
    cases = list({generator.case(): None for _ in range(CASES)})
    with Server(CONTRACT) as server:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            results = list(pool.map(lambda case: compare(server, case), cases))
    problems = [words for words, _ in results if words]
    taken = sum(was_taken for _, was_taken in results)
    check(not problems, f"{len(problems)} of {len(cases)} cases are taken more laxly:\n" + "\n".join(problems[:20]))
    check(taken >= len(cases) // 8, f"only {taken} of {len(cases)} cases were taken")
    check(taken <= len(cases) * 7 // 8, f"{taken} of {len(cases)} cases were taken: nothing is refused any more")


def test_good_requests_are_taken():
    good = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\n",
        b"GET http://a/b HTTP/1.1\r\nHost: a\r\nX: \xc3\xbc\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    with Server(CONTRACT) as server:
        for case in good:
            problem, was_taken = compare(server, case)
            equal(problem, None, "a good request")
            check(was_taken, f"{case!r} was refused")


run(globals())
