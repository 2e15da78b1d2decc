"""More load than can be served, in an open loop: requests come when they come, whatever became of those before them.

The service (one event loop), and PostgreSQL, have one core; the load generator has the other. What one core can serve is
measured first, by closed loops of 32 and of 64 connections; then come half of that, ten times it, and half again.
"""

import os
import sys

import open_loop
from engine import Engine, build, head
from machine import goal, say, wrk

CORE = "0"
SECONDS = 10
CONNECTIONS = 4000
kinds = {
    # The store works for some milliseconds: what refusing nine of ten pays for.
    "a list that looks at 9,000 rows": ("/v1/products?stock=7&limit=90", 10),
    # So little work that refusing it costs a third as much: ten times of this is more than one core can even refuse.
    "GET by id": ("/v1/products/00000000-0000-7000-8001-000000000007", 2),
}


def pinned(engine):
    """`serve` on one core: what is started inherits it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(CORE)})
    try:
        return engine.serve()
    finally:
        os.sched_setaffinity(0, before)


def measure(name, engine, generator):
    met = []
    with pinned(engine) as service:
        token = engine.token()
        for kind, (path, times) in kinds.items():
            script = head("GET", path, token) + ' request = function() return head .. rest .. "\\r\\n" end'
            peak = max(wrk(service, service.address, connections, 4, script).served for connections in (32, 64))
            say(f"{name}, {kind}: {peak:,.0f} a second at most")
            request = f"GET {path} HTTP/1.1\r\nHost: measured\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            rates = [(peak / 2, 4), (peak * times, SECONDS), (peak / 2, 8)]
            before, flood, after, tenths = generator.run(service.address, request, CONNECTIONS, rates)
            goodput = flood["accepted"]["count"] / SECONDS / peak
            begun = (4 + SECONDS) * 10
            late = [tenth["tenth"] for tenth in tenths if tenth["tenth"] >= begun and (tenth["refused"] or tenth["failed"] or tenth["slowest"] > 200)]
            recovery = (max(late) + 1 - begun) / 10 if late else 0
            lost = sum(phase["failed"] + phase["unanswered"] + phase["other"] for phase in (before, flood, after))
            print(f"\n{name}: {kind}, {times} times {peak:,.0f} a second for {SECONDS} s\n")
            print("| | a second | p50 ms | p99 ms | most ms |\n|---|---|---|---|---|")
            for words, phase, seconds in (("half of it before", before, 4), ("accepted", flood, SECONDS), ("half of it after", after, 8)):
                part = phase["accepted"]
                print(f"| {words} | {part['count'] / seconds:,.0f} | {part['p50']:.1f} | {part['p99']:.1f} | {part['most']:.0f} |")
            part = flood["refused"]
            print(f"| refused | {part['count'] / SECONDS:,.0f} | {part['p50']:.1f} | {part['p99']:.1f} | {part['most']:.0f} |")
            print(f"\nwithout Retry-After {flood['without_retry']}; lost {lost}; waited for a connection at most {flood['backlog_most']}", flush=True)
            results = [
                goal("the share of the peak that is still served", goodput, 0.9 if times >= 10 else 0),
                goal("200 ms in p99s of what is accepted", 200 / max(0.01, flood["accepted"]["p99"]), 1),
                goal("50 ms in p99s of what is refused", 50 / max(0.01, part["p99"]), 1),
                goal("5 s in times until nothing is refused or late any more", 5 / max(0.1, recovery), 1),
                goal("answers that are neither, and refusals without Retry-After: none is", 1 - lost - flood["without_retry"], 1),
            ]
            if times >= 10:
                met += results
    return met


def main():
    command = build()
    met = []
    wanted = sys.argv[1:] or ["SQLite", "PostgreSQL"]
    with open_loop.Generator() as generator:
        for name, database in (("SQLite", None), ("PostgreSQL", os.environ.get("DATABASE_URL"))):
            if name not in wanted:
                continue
            engine = Engine(command, database=database, threads=1)
            try:
                engine.fill()
                met += measure(name, engine, generator)
            finally:
                engine.remove()
    sys.exit(not all(met))


main()
