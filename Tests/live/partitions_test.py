"""Tables in parts: what operators see of them, and what clients do when the parts run out."""

import datetime
import json
import subprocess

from harness import Failed, Postgres, Server, check, command, equal, run

PLAIN = """
martlet: 1
service: {name: shop, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/shop.db}"}
resources:
  orders:
    fields: {note: {type: string, search: true}, rank: {type: integer, index: true}}
    history: true
    access: {create: anyone, read: anyone, update: anyone, delete: anyone, export: anyone}
  lines:
    fields: {order: {ref: orders, on_delete: cascade}}
    access: {create: anyone, read: anyone}
"""
PARTED = PLAIN.replace("    history: true\n", "    history: true\n    partition: {by: created_at, every: day, keep: 30}\n")
PARTS = ("SELECT c.relname FROM pg_inherits AS h JOIN pg_class AS c ON c.oid = h.inhrelid "
         "WHERE h.inhparent = 'orders'::regclass ORDER BY 1")


def today(days=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("orders_p%Y%m%d")


def parts(server):
    return [row[0] for row in server.store.rows(PARTS)]


def made(client, resource="orders", body=None):
    answer = client.send("POST", f"/v1/{resource}", body if body is not None else {"note": "some words", "rank": 1})
    equal(answer.status, 201, f"making one of {resource}: {answer.body!r}")
    return answer.json["id"]


def martlet(server, *words):
    return subprocess.run([command, *words, "--contract", str(server.contract)], cwd=server.folder, env=server.environment,
                          capture_output=True, text=True, timeout=120)


def test_check_says_nothing_of_it(store):
    with Server(PARTED, store) as server:
        done = martlet(server, "check")
        equal(done.returncode, 0, done.stdout + done.stderr)
        check("partition" not in done.stdout + done.stderr, f"check: {done.stdout}")
        client = server.client()
        order = made(client)
        made(client, "lines", {"order": order})
        equal(client.send("GET", f"/v1/orders/{order}").status, 200, "reading it")
        equal(len(client.send("GET", "/v1/orders?search=word").json["data"]), 1, "finding it")
        equal(client.send("DELETE", f"/v1/orders/{order}").status, 204, "deleting it")
        equal(client.send("GET", "/v1/lines").json["data"], [], "what went along")


def test_parts_that_ran_out_are_an_outage_of_one_table_that_a_start_ends():
    with Server(PARTED, "postgres") as server:
        check(today() in parts(server) and today(14) in parts(server), f"parts at the start: {parts(server)}")
        client = server.client()
        kept = made(client)
        health = client.send("GET", "/health").json
        equal(health["dependencies"]["partitions"]["status"], "ok", f"{health}")
        metrics = client.send("GET", "/metrics").body.decode()
        line = [line for line in metrics.splitlines() if line.startswith('martlet_partitions_ahead_seconds{resource="orders"}')]
        check(line and 13 * 86_400 < float(line[0].split()[1]) <= 15 * 86_400, f"ahead: {line}")
        server.store.rows(f"ALTER TABLE orders DETACH PARTITION {today()}")
        server.store.rows(f"ALTER TABLE orders DETACH PARTITION {today(1)}")
        answer = client.send("POST", "/v1/orders", {"note": "nowhere"})
        equal(answer.status, 503, f"a record without a part: {answer.body!r}")
        equal(client.send("POST", "/v1/lines", {}).status, 201, "another table's")
        check(any("no partition of relation" in line for line in server.log), "the log says why")
        equal(server.store.rows("SELECT count(*) FROM _martlet_events WHERE resource = 'orders'"), [("1",)], "events of orders")
        server.stop()
        server.store.rows(f"DROP TABLE {today(1)}")
        server.store.rows(f"ALTER TABLE {today()} RENAME TO aside")
        server.start()
        check(today() in parts(server) and today(1) in parts(server), f"parts after a start: {parts(server)}")
        client = server.client()
        equal(client.send("GET", f"/v1/orders/{kept}").status, 404, "what was taken away by hand")
        made(client)


def test_a_full_table_becomes_the_first_part_while_it_is_used():
    with Server(PLAIN, "postgres") as server:
        client = server.client()
        ids = [made(client) for _ in range(40)]
        for order in ids[:10]:
            made(client, "lines", {"order": order})
        server.contract.write_text(PARTED)
        plan = martlet(server, "migrate", "plan")
        check("[locks] cut orders into parts" in plan.stdout, plan.stdout + plan.stderr)
        # The process of before goes on.
        done = martlet(server, "migrate", "apply")
        equal(done.returncode, 0, done.stdout + done.stderr)
        order = made(client)
        equal(client.send("PATCH", f"/v1/orders/{ids[0]}", {"note": "changed"}).status, 200, "a change by the old process")
        server.stop()
        server.start()
        client = server.client()
        equal(len(client.send("GET", "/v1/orders?limit=100").json["data"]), 41, "records")
        equal(client.send("DELETE", f"/v1/orders/{ids[1]}").status, 204, "one goes, and its line")
        equal(len(client.send("GET", "/v1/lines").json["data"]), 9, "lines")
        equal(client.send("GET", f"/v1/orders/{order}/history").status, 200, "history")
        equal(parts(server)[0], "orders_p00000000", "the first part")
        status = martlet(server, "migrate", "status")
        equal(status.returncode, 0, status.stdout + status.stderr)
        server.stop()
        server.contract.write_text(PLAIN)
        try:
            server.start()
        except Failed:
            check(any("nobody would make the next one" in line for line in server.log), f"{list(server.log)[-5:]}")
        else:
            raise Failed("a service without the parts started")


def test_explain_shows_the_parts_that_are_met():
    with Server(PARTED, "postgres") as server:
        order = made(server.client())
        shown = martlet(server, "explain", "GET", f"/v1/orders/{order}").stdout
        check(today() in shown and today(1) not in shown and "whole table" not in shown, shown)
        shown = martlet(server, "explain", "GET", "/v1/orders").stdout
        check("Append" in shown and "whole table" not in shown, shown)


run(globals())
