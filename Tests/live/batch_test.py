"""Batches over the wire: several changes in one transaction, or none."""

from harness import Server, check, equal, run

SHOP = """
martlet: 1
service: {name: shop, version: v1}
store: {url: "${DATABASE_URL}"}
resources:
  orders:
    fields:
      owner: {ref: users, default: caller.id}
      title: {type: string, length: 1..20, required: true, unique: true}
      state: {type: enum, values: [open, paid], default: open}
    access: {create: authenticated, read: record.owner == caller.id, update: record.owner == caller.id}
    states: {field: state, transitions: {pay: {from: open, to: paid, access: record.owner == caller.id}}}
  items:
    fields: {order: {ref: orders, required: true}, quantity: {type: integer, minimum: 1, required: true}}
    access: {create: record.order.owner == caller.id, read: record.order.owner == caller.id}
"""


def test_all_or_nothing(store):
    with Server(SHOP, store) as server:
        ada = server.client(server.token("ada"))
        operations = [
            {"method": "POST", "path": "/v1/orders", "body": {"title": "tea"}, "as": "order"},
            {"method": "POST", "path": "/v1/items", "body": {"order": {"$from": "order.id"}, "quantity": 0}},
        ]
        refused = ada.send("POST", "/v1/batch", {"operations": operations})
        equal((refused.status, refused.json["operation"], refused.json["errors"][0]["pointer"]), (422, 1, "/operations/1/body/quantity"), "refused")
        equal(ada.get("/v1/orders").json["data"], [], "nothing was done")
        operations[1]["body"]["quantity"] = 2
        operations.append({"method": "POST", "path": "/v1/orders/{order.id}/pay"})
        headers = {"Idempotency-Key": "k", "X-Request-Id": "batch-1"}
        done = ada.send("POST", "/v1/batch", {"operations": operations}, headers)
        equal([one["status"] for one in done.json["results"]], [201, 201, 200], "done")
        again = ada.send("POST", "/v1/batch", {"operations": operations}, headers)
        equal((again.headers.get("idempotency-replayed"), again.body), ("true", done.body), "the same again")
        order = done.json["results"][2]
        read = ada.get(order["body"] and "/v1/orders/" + order["body"]["id"])
        equal((read.json, read.headers["etag"]), (order["body"], order["etag"]), "what was answered is what is there")
        kinds = "SELECT resource, action, request FROM _martlet_events WHERE resource <> 'users' ORDER BY position"
        equal([tuple(map(str, row)) for row in server.store.rows(kinds)],
              [("orders", "create", "batch-1"), ("items", "create", "batch-1"), ("orders", "pay", "batch-1")], "one event each")
        equal(server.client().send("POST", "/v1/batch", {"operations": operations[:1]}).status, 401, "without a token")
        equal(ada.send("POST", "/v1/batch", b"x" * (1 << 20 | 1), {"Content-Type": "application/json"}).status, 413, "too long")
        quiet = ada.send("POST", "/v1/batch", {"operations": [{"method": "POST", "path": "/v1/orders", "body": {"title": "b"}}]}, {"Prefer": "return=minimal"})
        equal((quiet.status, quiet.body, quiet.headers["preference-applied"]), (204, b"", "return=minimal"), "preferred so")


if __name__ == "__main__":
    run(globals())
