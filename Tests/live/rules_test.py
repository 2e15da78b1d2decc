"""Rules over the wire: updates that compare before and after, and contracts whose rules the store cannot serve."""

import subprocess

from harness import Server, check, command, equal, run

SALES = """
martlet: 1
service: {name: sales, version: v1}
roles: [clerk]
store: {url: "${DATABASE_URL}"}
resources:
  offers:
    fields:
      owner: {ref: users, default: caller.id, write: authenticated}
      price: {type: integer, required: true}
    access:
      create: authenticated
      read:   record.owner == caller.id || caller.has_role("clerk")
      update: record.owner == caller.id && input.owner == record.owner && input.price <= record.price + 10
"""


def test_an_update_is_asked_of_both_rows(store):
    with Server(SALES, store) as server:
        ada, bob = server.client(server.token("ada")), server.client(server.token("bob"))
        clerk = server.client(server.token("cleo", "clerk"))
        made = ada.send("POST", "/v1/offers", {"price": 50})
        equal(made.status, 201, "an offer is made")
        path = "/v1/offers/" + made.json["id"]
        patch = {"Content-Type": "application/merge-patch+json"}
        for body in ({"price": 51}, {"price": "x"}, {}):
            equal(bob.send("PATCH", path, body, patch).status, 404, f"another's offer, {body}")
        equal(clerk.send("PATCH", path, {"price": 51}, patch).status, 403, "one that may be read only")
        equal(ada.send("PATCH", path, {"price": 61}, patch).status, 403, "past the rule")
        equal(ada.send("PUT", path, {"price": 61}).status, 403, "past the rule, replaced")
        equal(ada.send("PATCH", path, {"owner": None}, patch).status, 403, "given away")
        equal(ada.get(path).json, made.json, "nothing has changed")
        equal(ada.send("PATCH", path, {"price": 60}, patch).json["price"], 60, "within the rule")
        equal(ada.send("PUT", path, {"price": 70}).json["price"], 70, "within the rule, replaced")


OLD = """martlet: 1
service: {name: old, version: v1}
store: {url: "${DATABASE_URL}"}
resources:
  people:
    table: people
    id: {column: id, type: integer}
    revision: none
    fields:
      active: {type: boolean, column: active, stored_as: {yes: "Y", no: "N"}}
      member: {type: boolean, column: member}
    access:
      read: record.active == record.member
"""


def test_a_contract_whose_rule_cannot_be_asked_is_not_served(store):
    with Server(SALES, store) as server:
        server.stop()
        server.contract.write_text(OLD)
        for words in (["check"], ["serve", "--contract", str(server.contract), "--listen", "127.0.0.1:0"]):
            arguments = words + ([str(server.contract)] if words == ["check"] else [])
            done = subprocess.run(
                [command, *arguments], cwd=server.folder, env=server.environment, capture_output=True, text=True, timeout=60
            )
            equal(done.returncode, 1, f"{words[0]}: the exit code")
            check("martlet.yaml:13:27" in done.stdout + done.stderr, f"{words[0]}: the place is missing: {done.stdout} {done.stderr}")
            check("MRT0506" in done.stdout + done.stderr, f"{words[0]}: the code is missing")


def test_a_rule_that_no_index_serves_is_told_with_its_remedy(store):
    contract = SALES.replace('read:   record.owner == caller.id || caller.has_role("clerk")', "read: record.price == 5")
    with Server(contract, store) as server:
        text = server.martlet("check", str(server.contract))
        check("MRT0507" in text and 'add "index: true" to offers.price' in text, f"no warning: {text}")
        equal(server.client(server.token("ada")).get("/v1/offers").status, 200, "it is served all the same")


if __name__ == "__main__":
    run(globals())
