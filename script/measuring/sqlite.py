import sys

import peers
from engine import Engine, build, create_script, list_script, read_script, rows
from machine import goal, in_turns, wrk

engine = Engine(build())
pocketbase = peers.PocketBase(rows)
met = []
try:
    engine.fill()
    pocketbase.fill()
    with engine.serve() as ours, pocketbase.serve() as theirs:
        token = engine.token()

        def run(process, script, connections=32):
            return lambda: wrk(process, process.address, connections=connections, script=script)

        rates = in_turns("SQLite: health, for scale", {"martlet": lambda: wrk(ours, ours.url)})
        health = rates["martlet"]
        rates = in_turns("SQLite: GET by id, 32 connections", {
            "PocketBase": run(theirs, pocketbase.read_script()), "martlet": run(ours, read_script(token)),
        })
        met.append(goal("of PocketBase", rates["martlet"] / rates["PocketBase"], 3))
        met.append(goal("of /health/live", rates["martlet"] / health, 0.5))
        rates = in_turns("SQLite: list of 20 with a filter and an include, 32 connections", {
            "PocketBase": run(theirs, pocketbase.list_script()), "martlet": run(ours, list_script(token, include=True)),
        })
        met.append(goal("of PocketBase", rates["martlet"] / rates["PocketBase"], 3))
        turn = iter(range(1000))
        rates = in_turns("SQLite: durable create with event and idempotency record, 64 connections", {
            "PocketBase (synchronous=NORMAL, no event)": run(theirs, pocketbase.create_script(), 64),
            "bare loop, three inserts a commit": peers.sqlite_loop,
            "martlet": lambda: wrk(ours, ours.address, connections=64, script=create_script(token, f"run{next(turn)}")),
        })
        met.append(goal("of PocketBase", rates["martlet"] / rates["PocketBase (synchronous=NORMAL, no event)"], 3))
        met.append(goal("of the bare loop", rates["martlet"] / rates["bare loop, three inserts a commit"], 3))
finally:
    engine.remove()
    pocketbase.remove()
sys.exit(not all(met))
