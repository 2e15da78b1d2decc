"""Many peers, most of them idle, slow or mad: what a connection costs, and whether honest clients notice.

`crowd.py` without arguments does all; the number of idle connections may be given.
"""

import os
import re
import resource
import socket
import sys
import time
import urllib.request

import open_loop
from engine import Engine, build
from machine import goal, resident_mebibytes, say

IDLE = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
WAVE = 5_000
ITEM = "/v1/products/00000000-0000-7000-8001-000000000007"
# 127.0.0.x: one address has some 28,000 ports.
SOURCES = 8


def connect(address, source):
    peer = socket.socket()
    peer.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    peer.bind((f"127.0.0.{1 + source % SOURCES}", 0))
    peer.connect(address)
    return peer


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def metric(address, name):
    text = urllib.request.urlopen(f"http://{address[0]}:{address[1]}/metrics", timeout=30).read().decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.M)[1])


def until(condition, words, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{words} did not come about within {seconds} s")
        time.sleep(0.1)


def idle(service, address):
    """Connections that have had one answer and do nothing more: the resident memory of each."""
    say(f"{IDLE:,} idle connections")
    warm = [connect(address, place) for place in range(64)]
    request = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    for peer in warm:
        peer.sendall(request)
        peer.recv(4096)
    before, fds = resident_mebibytes(service.pid), descriptors(service.pid)
    peers = []
    for place in range(IDLE - len(warm)):
        peer = connect(address, place)
        peer.sendall(request)
        peers.append(peer)
    for peer in peers:
        if not peer.recv(4096).startswith(b"HTTP/1.1 200"):
            raise SystemExit("an idle connection got no answer")
    # Idle connections give their buffers back when they are looked at: each once a second.
    time.sleep(3)
    held = resident_mebibytes(service.pid)
    each = (held - before) * 1024 / len(peers)
    open_now = descriptors(service.pid) - fds
    print(f"\n{len(peers):,} idle connections more: {held - before:.1f} MiB more ({before:.1f} before), {each:.2f} KiB each; {open_now} descriptors more")
    for peer in peers + warm:
        peer.close()
    until(lambda: descriptors(service.pid) <= fds, "as few descriptors as before")
    return [goal("12 KiB in what a connection takes", 12 / max(each, 0.01), 1)]


def honest(generator, address, token, parts, work=lambda until: None):
    """An honest client of its own process beside `work`: 200 small requests a second, each counted from when it was due, for so many
    seconds a part. What was found of each part."""
    request = f"GET {ITEM} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with generator.start(address, request, 4, [(200, seconds) for seconds in parts]) as running:
        work(time.monotonic() + sum(parts))
    for found in running.phases:
        found["missing"] = found["due"] - found["accepted"]["count"]
    return running.phases


def waves(address, until):
    """Thousands come, ask once, and go, again and again. How many came."""
    request = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    came = 0
    while time.monotonic() < until:
        peers = [connect(address, place) for place in range(WAVE)]
        for peer in peers:
            peer.sendall(request)
        for peer in peers:
            peer.recv(4096)
        for peer in peers:
            peer.close()
        came += WAVE
    return came


def enemies(address, token, until):
    """A thousand peers: slow heads, slow bodies, readers that take a byte a second, and garbage."""
    post = f"POST /v1/entries HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    listing = f"GET /v1/items?limit=100&include=product HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    garbage = [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 64, b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]

    def fresh(kind, number):
        peer = connect(address, number)
        if kind == 1:
            peer.sendall(post.encode())
        elif kind == 2:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.sendall(listing.encode() * 20)
        peer.setblocking(False)
        return kind, peer

    peers = [fresh(number % 4, number) for number in range(1_000)]
    number = 0
    while time.monotonic() < until:
        for place, (kind, peer) in enumerate(peers):
            number += 1
            try:
                if kind == 0:
                    peer.sendall(b"G")
                elif kind == 1:
                    peer.sendall(b" ")
                elif kind == 2:
                    peer.recv(1)
                else:
                    peer.sendall(garbage[number % len(garbage)])
                    peer.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                peer.close()
                peers[place] = fresh(kind, number)
            if number % 20 == 0:
                time.sleep(0.02)
    for _, peer in peers:
        peer.close()


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    engine = Engine(build())
    met = []
    try:
        engine.fill()
        with engine.serve("--log-level", "error") as service, open_loop.Generator(core=None) as generator:
            host, port = service.address.removeprefix("http://").split(":")
            address, token = (host, int(port)), engine.token()
            met += idle(service, address)
            # A first time, so that what is kept for good has been taken.
            waves(address, time.monotonic() + 2)
            enemies(address, token, time.monotonic() + 2)
            time.sleep(2)
            memory, fds = resident_mebibytes(service.pid), descriptors(service.pid)
            found = {}
            (found["alone"],) = honest(generator, service.address, token, [10])
            (found["beside waves"],) = honest(generator, service.address, token, [10], lambda until: waves(address, until))
            # They come with 5,000 lists of 100 in one moment, which is work like any other.
            found["while the enemies come"], found["beside enemies"] = honest(
                generator, service.address, token, [3, 17], lambda until: enemies(address, token, until))
            until(lambda: descriptors(service.pid) <= fds + 2, "as few descriptors as before")
            until(lambda: metric(address, "martlet_memory_held_bytes") < 200_000, "memory that nobody holds")
            time.sleep(2)
            after = resident_mebibytes(service.pid)
            print(f"\n| an honest client, 200 requests a second | p50 ms | p99 ms | most ms | not answered |\n|---|---|---|---|---|")
            for words, one in found.items():
                part = one["accepted"]
                print(f"| {words} | {part['p50']:.2f} | {part['p99']:.2f} | {part['most']:.1f} | {one['missing']} |")
            print(f"\nmemory {memory:.1f} MiB before, {after:.1f} after; descriptors {fds} before, {descriptors(service.pid)} after")
            normal, besieged = (found[words]["accepted"]["p99"] for words in ("alone", "beside enemies"))
            met += [
                goal("twice the normal p99, in the p99 beside enemies", 2 * normal / besieged, 1),
                goal("honest requests, all of which were answered", 1 - sum(one["missing"] for one in found.values()), 1),
                goal("memory before, and 4 MiB, in memory after", (memory + 4) / after, 1),
            ]
    finally:
        engine.remove()
    sys.exit(not all(met))


main()
