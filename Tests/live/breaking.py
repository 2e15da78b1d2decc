"""Writers that never pause, and what is looked at while something breaks beneath the service they write to."""

import http.client
import os
import subprocess
import threading
import time

from harness import Client, Failed, check, command, equal

WORKERS = 16
# The longest that any of it may take, so that a test that waits in vain ends.
WAIT_SECONDS = 40
PADDING = "x" * 2000

CONTRACT = """
martlet: 1
service: {name: faults, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/faults.db}", timeout: 5s}
resources:
  entries:
    fields:
      mark:   {type: string, length: 1..100, required: true, unique: true}
      padding: {type: text}
    access: {create: anyone, read: anyone}
"""


class Writers:
    """Clients that create entries without a pause, until they are told to end."""

    def __init__(self, server, count=WORKERS):
        self.address = server.address
        self.acknowledged = []  # (mark, id, when)
        self.refused = []  # (when, answer); None where no whole answer came
        self.seconds = []  # how long each answer took
        self.running = True
        self.problem = None
        self.threads = [threading.Thread(target=self.work, args=(number,)) for number in range(count)]

    def work(self, number):
        client, step = Client(self.address), 0
        while self.running and not self.problem:
            mark, began = f"{number}-{step}", time.monotonic()
            step += 1
            try:
                answer = client.send("POST", "/v1/entries", {"mark": mark, "padding": PADDING})
            except (OSError, http.client.HTTPException):
                answer = None
            now = time.monotonic()
            self.seconds.append(now - began)
            if answer is not None and answer.status == 201:
                self.acknowledged.append((mark, answer.json["id"], now))
                continue
            self.refused.append((now, answer))
            if answer is None or answer.status not in (503, 504):
                self.problem = f"{answer}"
            elif not answer.headers.get("retry-after", "").isdigit():
                self.problem = f"no Retry-After: {answer}"
            # A client that is told to wait does not ask ten thousand times a second.
            threading.Event().wait(0.02)
        client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join()

    def first_refusal(self, after):
        return next((when for when, _ in list(self.refused) if when >= after), None)

    def first_success(self, after):
        return next((when for _, _, when in list(self.acknowledged) if when >= after), None)

    def sound(self):
        check(self.problem is None, f"a write was answered otherwise: {self.problem}")

    def all_there(self, server):
        """What was acknowledged is found, each under its id."""
        client = server.client()
        for mark, identifier, _ in self.acknowledged:
            answer = client.get(f"/v1/entries/{identifier}")
            equal((answer.status, answer.json.get("mark")), (200, mark), "a write that was acknowledged")
        client.close()
        return len(self.acknowledged)


def until(found, words, seconds=WAIT_SECONDS):
    """Waits for what `found` gives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (result := found()) is not None and result is not False:
            return result
        threading.Event().wait(0.01)
    raise Failed(f"not within {seconds} s: {words}")


def ready(server):
    client = server.client()
    try:
        return client.get("/health/ready").status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        client.close()


def readable(server):
    client = server.client()
    answer = client.get("/v1/entries?limit=3")
    client.close()
    equal(answer.status, 200, f"reading while writes are refused: {answer}")


def figures(title, **values):
    print(f"        {title}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items()), flush=True)


def milliseconds(seconds):
    return f"{seconds * 1000:.0f} ms"


def fault(server, title, begin, end, reads=True, writers=None):
    """Writes go on while a fault begins and ends; gives the writers, which have ended."""
    writers = writers or Writers(server)
    with writers:
        until(lambda: len(writers.acknowledged) > 50, "the first writes")
        equal(ready(server), 200, "readiness before")
        began = time.monotonic()
        begin()
        refused = until(lambda: writers.first_refusal(began), "a refused write")
        red = until(lambda: ready(server) == 503 and time.monotonic(), "red readiness")
        if reads:
            readable(server)
        check(server.process.poll() is None, "the service ended")
        ending = time.monotonic()
        end()
        ended = time.monotonic()
        well = max(ended, until(lambda: writers.first_success(ending), "a write after the cause was gone"))
        green = until(lambda: ready(server) == 200 and time.monotonic(), "green readiness")
    writers.sound()
    figures(
        title, refused_after=milliseconds(refused - began), red_after=milliseconds(red - began),
        writing_again_after=milliseconds(well - ended), green_after=milliseconds(green - ended),
        slowest_answer=milliseconds(max(writers.seconds)), acknowledged_and_found=writers.all_there(server),
    )
    return writers


def refused_start(contract, folder, url, user=None):
    """Starts the service, which must say what is wrong and end."""
    (folder / "martlet.yaml").write_text(contract)
    words = [command, "serve", "--contract", str(folder / "martlet.yaml"), "--listen", "127.0.0.1:0"]
    done = subprocess.run(
        ["runuser", "-u", user, "--", *words] if user else words, cwd=folder, capture_output=True, text=True, timeout=WAIT_SECONDS,
        env={**os.environ, "DATABASE_URL": url, "MARTLET_DATA": str(folder / "keys"), "NO_COLOR": "1"},
    )
    check(done.returncode not in (0, None) and done.returncode > 0, f"it started: {done}")
    return (done.stdout + done.stderr).strip()
