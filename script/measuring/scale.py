"""32 connections: one process, two processes with one event loop each, and one process with 2 connections to the database."""

import concurrent.futures
import os
import re
import sys

from engine import Engine, build, create_script, list_script, read_script
from machine import Load, cpu_seconds, goal, in_turns, wrk

# What wrk takes where nobody says otherwise.
SECONDS = 5
url = os.environ["DATABASE_URL"]
database = int(os.environ["POSTGRES_PID"])
command = build()
whole = Engine(command, database=url)
halves = [Engine(command, database=url, threads=1) for _ in range(2)]
few = Engine(command, database=url)


def have_in_common(engines):
    """One service: the same signing key, so that one token is good for all."""
    for engine in engines[1:]:
        engine.environment["MARTLET_DATA"] = engines[0].environment["MARTLET_DATA"]


def with_pool(engine, connections):
    contract = engine.folder / "martlet.yaml"
    text, changes = re.subn(r"^store: \{url: (\S+)\}$", rf"store: {{url: \1, pool: {connections}}}", contract.read_text(), flags=re.M)
    assert changes == 1
    contract.write_text(text)


def together(loads):
    """Two loads that ran beside each other, as one."""
    weigh = lambda part: sum(getattr(load, part) * load.rate for load in loads) / sum(load.rate for load in loads)
    return Load(
        rate=sum(load.rate for load in loads), p50=weigh("p50"), p99=max(load.p99 for load in loads),
        errors=sum(load.errors for load in loads), cpu=weigh("cpu"), served=sum(load.served for load in loads))


have_in_common([whole, *halves, few])
with_pool(few, 2)
met = []
try:
    whole.fill()
    with whole.serve() as one, halves[0].serve() as left, halves[1].serve() as right, few.serve() as narrow:
        token = whole.token()
        turn = iter(range(10_000))

        def shared(script):
            with concurrent.futures.ThreadPoolExecutor() as pool:
                runs = [pool.submit(wrk, process, process.address, 16, SECONDS, script()) for process in (left, right)]
                return together([run.result() for run in runs])

        for title, script in {
            "GET by id": lambda: read_script(token),
            "list of 20 with a filter": lambda: list_script(token, include=False),
            "create": lambda: create_script(token, f"scale{next(turn)}"),
        }.items():
            rates = in_turns(f"PostgreSQL: {title}, 32 clients", {
                "one process, 20 connections": lambda: wrk(one, one.address, script=script()),
                "two processes": lambda: shared(script),
                "one process, 2 connections": lambda: wrk(narrow, narrow.address, script=script()),
            })
            before = cpu_seconds(database)
            load = wrk(one, one.address, script=script())
            used = (cpu_seconds(database) - before) / (load.rate * SECONDS) * 1e6
            print(f"\nCPU a request: the service {load.cpu:.0f} µs, PostgreSQL {used:.0f} µs")
            met.append(goal("two processes, of one", rates["two processes"] / rates["one process, 20 connections"], 1.0))
            met.append(goal("20 connections (what it does without a word), of 2", rates["one process, 20 connections"] / rates["one process, 2 connections"], 1.0))
finally:
    for engine in (whole, *halves, few):
        engine.remove()
sys.exit(not all(met))
