"""A table of a million rows is migrated while it is read and written; and the planner over 500 tables."""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from engine import build
from machine import root

sys.path.insert(0, str(root / "Tests/live"))
os.environ["MARTLET_COMMAND"] = str(build())
import harness  # noqa: E402
from migrate_test import FIRST, SECOND, Load, LockWatch, document, fill  # noqa: E402

ROWS = int(os.environ.get("MARTLET_ROWS", "1000000"))
TABLES = 500
BUSY_SECONDS = 5


def under_load():
    with harness.Server(FIRST, "postgres", arguments=("--log-level", "notice")) as server:
        fill(server, ROWS)
        server.store.rows("ANALYZE goods")
        token = server.token("ada", "clerk")
        with Load(server, token) as load, LockWatch(server.store.url) as watch:
            time.sleep(BUSY_SECONDS)
            before = sum(load.counts)
            server.contract.write_text(SECOND)
            began = time.monotonic()
            done = subprocess.run(
                [harness.command, "migrate", "apply", "--contract", str(server.contract)],
                cwd=server.folder, env=server.environment, capture_output=True, text=True)
            took = time.monotonic() - began
            during = sum(load.counts) - before
        if done.returncode != 0:
            print(done.stderr)
            return False
        steps = [step for step in document(server, "status")["applied"] if step["migration"] > 1]
        for step in steps:
            print(f"  {step['microseconds'] / 1000:8.0f} ms  {step['name'][:100]}")
        held, lock = watch.longest
        print(f"{ROWS:,} rows, {len(steps)} steps in {took:.0f} s; beside them {during:,} requests ({during / took:.0f} a second), "
              f"{len(load.wrong)} failed; slowest {load.slowest * 1000:.0f} ms")
        print(f"the longest lock that keeps users away: {held * 1000:.0f} ms, {lock!r}; looked at {watch.looks:,} times (goal 100)")
        for wrong in load.wrong[:3]:
            print(wrong)
        return not load.wrong and held < 0.1


def planner():
    fields = "\n".join(f"      f{n}: {{type: string, length: 0..100, index: true}}" for n in range(8))
    resources = "\n".join(f"  r{n}:\n    fields:\n{fields}\n    access: {{read: anyone}}" for n in range(TABLES))
    contract = (
        'martlet: 1\nservice: {name: wide, version: v1}\nstore: {url: "${DATABASE_URL}"}\nresources:\n' + resources + "\n"
    )
    isGood = True
    for store in ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "martlet.yaml").write_text(contract)
            database = harness.stores[store](path)
            environment = {**os.environ, "DATABASE_URL": database.url, "MARTLET_DATA": folder}

            def run(*words):
                began = time.monotonic()
                done = subprocess.run([harness.command, *words], cwd=folder, env=environment, capture_output=True, text=True)
                if done.returncode != 0:
                    raise RuntimeError(done.stderr)
                return time.monotonic() - began

            made = run("migrate", "apply")
            check = statistics.median(run("check") for _ in range(5))
            plan = statistics.median(run("migrate", "plan") for _ in range(5))
            changed = contract.replace("      f0: {", "      g0: string\n      f0: {")
            (path / "martlet.yaml").write_text(changed)
            wide = statistics.median(run("migrate", "plan") for _ in range(5))
            print(f"{TABLES} tables on {store}: made in {made * 1000:.0f} ms; plan, nothing to do {plan * 1000:.0f} ms, a field more in each "
                  f"{wide * 1000:.0f} ms (goal 1,000; of it the contract itself, martlet check, {check * 1000:.0f} ms)")
            isGood = isGood and max(plan, wide) < 1
            database.close()
    return isGood


isFast = planner()
isQuiet = under_load()
sys.exit(not (isFast and isQuiet))
