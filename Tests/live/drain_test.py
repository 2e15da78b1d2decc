"""SIGTERM under load: what is in flight is answered whole, what was answered is kept, and the exit code is 0."""

import http.client
import threading

from crash_test import CONTRACT
from harness import Server, check, equal, run

WORKERS = 12
TARGET = 150


def write(client, number, acknowledged, cut, enough):
    """Creates entries until the server closes the connection, or refuses a new one."""
    step = 0
    while True:
        mark = f"{number}-{step}"
        try:
            answer = client.send("POST", "/v1/entries", {"mark": mark, "worker": number})
        except http.client.IncompleteRead:
            cut.append(mark)
            return
        except (OSError, http.client.HTTPException):
            return
        if answer.status == 201:
            acknowledged.append(mark)
        else:
            equal(answer.status, 503, f"an answer while draining: {answer}")
        if len(acknowledged) >= TARGET:
            enough.set()
        if answer.headers.get("connection", "").lower() == "close":
            return
        step += 1


def test_sigterm_under_write_load(store):
    with Server(CONTRACT, store) as server:
        token = server.token("drain", "writer")
        acknowledged, cut, enough = [], [], threading.Event()
        threads = [
            threading.Thread(target=write, args=(server.client(token), number, acknowledged, cut, enough)) for number in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        check(enough.wait(60), f"only {len(acknowledged)} writes were acknowledged")
        equal(server.stop(), 0, "the exit code after SIGTERM")
        for thread in threads:
            thread.join(60)
        check(not any(thread.is_alive() for thread in threads), "a client still waits for its answer")
        equal(cut, [], "answers that were cut off")
        kept = {mark for mark, in server.store.rows("SELECT mark FROM entries")}
        equal(sorted(set(acknowledged) - kept), [], "acknowledged entries that are gone")
        server.start()
        equal(server.client(token).get("/v1/entries?limit=1").status, 200, "after the next start")
        equal(server.stop(), 0, "the exit code of an idle server")


def test_sigint_ends_it_as_sigterm_does():
    with Server(CONTRACT) as server:
        server.process.send_signal(2)
        equal(server.process.wait(40), 0, "the exit code after SIGINT")
        server.start()
        equal(server.client().get("/health/live").status, 200, "healthy after it")


if __name__ == "__main__":
    run(globals())
