"""The Nth call of the disk fails, by strace: nothing acknowledged is lost, the file stays sound, and a failed fsync is said so.

A scenario starts the service on a new SQLite file, creates records one by one, kills the service and starts it again. It is run once to
count the calls that it makes, and then with each kind of failure at calls spread over it: MARTLET_INJECTIONS says how many of each
kind (4 unless set), `all` fails every single one.
"""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from faults_test import CONTRACT
from harness import Failed, Server, check, command, equal, run

RECORDS = 12
KINDS = [
    ("fdatasync", "error=EIO"),
    ("fsync", "error=EIO"),
    ("pwrite64", "error=EIO"),
    ("pwrite64", "error=ENOSPC"),
    ("pwrite64", "error=EINTR"),
    # A write that takes nothing. (A shorter one cannot be injected: the octets that it says it took would be missing.)
    ("pwrite64", "retval=0"),
    ("pread64", "error=EIO"),
    ("ftruncate", "error=EIO"),
]


class Traced(Server):
    """A server under strace."""

    def __init__(self, *words, **options):
        super().__init__(CONTRACT, **options)
        # strace runs what the server's own command stands for.
        self.wrapper = self.folder / "martlet"
        self.trace = self.folder / "trace"
        self.wrapper.write_text(f'#!/bin/sh\nexec strace -f -qq -o "{self.trace}" {" ".join(words)} "{command}" "$@"\n')
        self.wrapper.chmod(0o755)
        self.program = str(self.wrapper)

    def kill_traced(self):
        """The service itself; strace ends with it."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        self.process.wait(30)


def records(server, acknowledged, refused):
    client = server.client()
    for number in range(RECORDS):
        answer = client.send("POST", "/v1/entries", {"mark": f"record-{number}", "padding": "x" * 500})
        if answer.status == 201:
            acknowledged[f"record-{number}"] = answer.json["id"]
        else:
            check(answer.status in (500, 503), f"record {number}: {answer}")
            refused.append((number, answer))
    client.close()


def calls():
    """How many calls of each kind the scenario makes."""
    names = sorted({name for name, _ in KINDS})
    with Traced("-e", "trace=" + ",".join(names)) as server:
        acknowledged, refused = {}, []
        records(server, acknowledged, refused)
        equal((len(acknowledged), refused), (RECORDS, []), "the scenario without a failure")
        server.kill_traced()
        text = server.trace.read_text()
    return {name: text.count(f" {name}(") for name in names}


def sound(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def scenario(name, failure, place):
    """What became of it: (refused at start, records acknowledged, records refused)."""
    words = f"{name} {failure} at call {place}"
    acknowledged, refused, starts = {}, [], True
    server = Traced("-e", f"trace={name}", "-e", f"inject={name}:{failure}:when={place}")
    try:
        try:
            server.start()
        except Failed as problem:
            check(server.process.wait(30) > 0, f"{words}: it crashed at its start: {problem}")
            said = any(word in str(problem) for word in ("disk", "database", "error", "No space"))
            check(said, f"{words}: what it says: {problem}")
            starts = False
        if starts:
            records(server, acknowledged, refused)
            check(server.process.poll() is None, f"{words}: the service ended")
            client = server.client()
            if refused and name == "fdatasync" and refused[-1][0] == RECORDS - 1:
                equal(client.get("/health/ready").status, 503, f"{words}: readiness after a failed fsync")
                # Lines gather for some milliseconds before they are written.
                end = time.monotonic() + 10
                while not any("opened anew" in line for line in server.log):
                    check(time.monotonic() < end, f"{words}: the log says what to do")
                    threading.Event().wait(0.01)
            if "EINTR" in failure:
                equal(refused, [], f"{words}: an interrupted call is made again")
            client.close()
            server.kill_traced()
        server.program = command
        server.start()
        client = server.client()
        for mark, identifier in acknowledged.items():
            answer = client.get(f"/v1/entries/{identifier}")
            equal((answer.status, answer.json.get("mark")), (200, mark), f"{words}: what was acknowledged")
        answer = client.send("POST", "/v1/entries", {"mark": "afterwards"})
        equal(answer.status, 201, f"{words}: a write after the next start: {answer}")
        client.close()
        equal(server.stop(), 0, f"{words}: its end")
        check(sound(server.store.path), f"{words}: the file is damaged")
    except BaseException:
        server.__exit__(Failed)
        raise
    server.__exit__(None)
    return starts, len(acknowledged), len(refused)


def test_the_nth_call_fails():
    if shutil.which("strace") is None or subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode:
        print("        strace is missing or may not trace: not tested", flush=True)
        return
    wanted = os.environ.get("MARTLET_INJECTIONS", "4")
    counted = calls()
    for name, failure in KINDS:
        count = counted[name]
        number = count if wanted == "all" else min(count, int(wanted))
        places = sorted({1 + turn * (count - 1) // max(1, number - 1) for turn in range(number)})
        outcomes = [scenario(name, failure, place) for place in places]
        print(
            f"        {name} {failure}: {len(places)} of {count} calls, {sum(not starts for starts, _, _ in outcomes)} refused at start, "
            f"{sum(found for _, found, _ in outcomes)} records acknowledged and found, {sum(lost for _, _, lost in outcomes)} refused",
            flush=True,
        )


if __name__ == "__main__":
    run(globals())
