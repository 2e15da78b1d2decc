"""A service under mixed load for a given number of minutes: memory and descriptors over time."""

import os
import random
import socket
import struct
import sys
import threading
import time

from engine import Engine, build, create_script, list_script, read_script
from machine import goal, resident_mebibytes, say, wrk

MINUTES = float(sys.argv[1])
# Figures are taken while nothing is asked: what is counted is what stays.
PAUSE_SECONDS = 2.0


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def rude(address, token, ended):
    """Clients that break off, in every way that there is."""
    host, port = address.removeprefix("http://").split(":")
    listing = f"GET /v1/items?limit=100&include=product HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    chance = random.Random(1)
    while not ended.wait(0.02):
        try:
            peer = socket.create_connection((host, int(port)), timeout=10)
            kind = chance.randrange(4)
            peer.sendall([listing * 3, listing[: chance.randrange(len(listing))], b"\x00\xff" * 40, listing][kind])
            if kind == 3:
                peer.recv(100)
            if kind != 1:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
        except OSError:
            pass


def main():
    engine = Engine(build(), database=os.environ.get("DATABASE_URL"))
    try:
        engine.fill()
        with engine.serve("--log-level", "error") as service:
            token = engine.token()
            scripts = {
                "get": lambda _: read_script(token), "list": lambda _: list_script(token, include=True),
                "create": lambda turn: create_script(token, f"endure{turn}"),
            }
            # A share of the time for each, so that a run of any length has all of them many times.
            step = max(1, min(10, round(MINUTES * 60 / 60)))
            found, requests, errors, turn = [], 0, 0, 0
            started = told = time.monotonic()
            while time.monotonic() - started < MINUTES * 60:
                ended = threading.Event()
                other = threading.Thread(target=rude, args=(service.address, token, ended))
                other.start()
                for name, script in scripts.items():
                    turn += 1
                    # Creates for a second only: two hours of them would fill the disk.
                    seconds = 1 if name == "create" else step
                    load = wrk(service, service.address, connections=(8, 64, 256)[turn // 3 % 3], seconds=seconds, script=script(turn))
                    requests += int(load.rate * seconds)
                    errors += load.errors
                ended.set()
                other.join()
                time.sleep(PAUSE_SECONDS)
                found.append((time.monotonic() - started, resident_mebibytes(service.pid), descriptors(service.pid)))
                if time.monotonic() - told >= 60 or len(found) == 1:
                    told = time.monotonic()
                    say(f"  {found[-1][0] / 60:6.1f} min  {requests:13,} requests  {found[-1][1]:6.1f} MiB  {found[-1][2]} descriptors")
            first = [entry for entry in found if entry[0] <= found[-1][0] / 4] or found[:1]
            last = [entry for entry in found if entry[0] >= found[-1][0] * 3 / 4]
            memory = [max(entry[1] for entry in part) for part in (first, last)]
            files = [max(entry[2] for entry in part) for part in (first, last)]
            print(f"\n{found[-1][0] / 60:.0f} minutes, {requests:,} requests, {errors} errors")
            print(f"memory: {memory[0]:.1f} MiB at most in the first quarter, {memory[1]:.1f} in the last; descriptors {files[0]} and {files[1]}")
            met = [
                goal("memory of the first quarter, a tenth and 2 MiB more, in that of the last", (memory[0] * 1.1 + 2) / memory[1], 1),
                goal("descriptors of the first quarter in those of the last", files[0] / files[1], 1),
                goal("requests without an error", 1 - errors, 1),
            ]
    finally:
        engine.remove()
    sys.exit(not all(met))


main()
