"""Records found by their words, over the wire."""

import sqlite3
import urllib.parse

from harness import Server, check, equal, run

SHOP = """
martlet: 1
service: {name: shop, version: v1}
store: {url: "${DATABASE_URL}"}
resources:
  products:
    fields:
      name: {type: string, length: 1..200, required: true, search: true}
      kind: {type: enum, values: [a, b], default: a, index: true}
    access: {create: anyone, read: anyone, update: anyone, delete: anyone}
"""

NAMES = ["Crème Brûlée", "Creme caramel", "Green tea, 100 g", "green-tea mug", "東京 バナナ", "AND OR NOT"]


def found(client, words, more=""):
    answer = client.get(f"/v1/products?limit=100&search={urllib.parse.quote(words)}{more}")
    equal(answer.status, 200, f"search={words}: {answer.body}")
    return sorted(one["name"] for one in answer.json["data"])


def test_words_find_records(store):
    with Server(SHOP, store) as server:
        client = server.client(None)
        for name in NAMES:
            equal(client.send("POST", "/v1/products", {"name": name}).status, 201, name)
        for words, wanted in {
            "creme": [0, 1], "CRÈME brul": [0], "green tea": [2, 3], '"tea mug"': [3], "tea-mug": [3], "東京": [4], "and not": [5],
            "tea OR creme": [], "100": [2], "tea*": [2, 3],
        }.items():
            equal(found(client, words), sorted(NAMES[place] for place in wanted), words)
        equal(found(client, "green", "&kind=b"), [], "with a filter")
        equal(client.get("/v1/products?search=green+te&count=exact").json["page"]["total"], 2, "a plus is a space")
        body = client.send("QUERY", "/v1/products", {"search": "green", "limit": 1}).json
        equal(len(body["data"]), 1, "as QUERY")
        link = client.get("/v1/products?search=green&limit=1").headers["link"]
        check("search=green" in link, f"the link to the next page has the words: {link}")
        for words in ["", "%20", "*", "%22", "%00", "a+" * 17, "x" * 101, "w" * 7000]:
            answer = client.get("/v1/products?search=" + words)
            equal((answer.status, answer.json["code"]), (400, "bad_parameter"), f"search={words[:20]}")
        names = [one.get("name") for one in client.get("/v1/openapi.json").json["paths"]["/v1/products"]["get"]["parameters"]]
        check("search" in names, f"the description has it: {names}")


def test_a_field_becomes_searched(store):
    plain = SHOP.replace(", search: true", "")
    with Server(plain, store) as server:
        client = server.client(None)
        for name in NAMES:
            client.send("POST", "/v1/products", {"name": name})
        answer = client.get("/v1/products?search=creme")
        equal((answer.status, answer.json["code"]), (400, "unknown_parameter"), "nothing is searched")
        check("search: true" in answer.body.decode(), "the remedy")
        equal(server.stop(), 0, "the exit code")
        server.contract.write_text(SHOP)
        server.start()
        client = server.client(None)
        equal(found(client, "creme"), ["Creme caramel", "Crème Brûlée"], "rows that were there")
        plan = server.martlet("explain", "GET", "/v1/products?search=creme&sort=-id")
        check("reads the whole table" not in plan, plan)
        equal(server.stop(), 0, "the exit code")
        if store == "sqlite":
            # Another program's changes are indexed as well.
            with sqlite3.connect(server.store.path) as file:
                file.execute("UPDATE products SET name = 'Something else' WHERE name = 'Creme caramel'")
            server.start()
            equal(found(server.client(None), "creme"), ["Crème Brûlée"], "changed by another program")
            equal(server.stop(), 0, "the exit code")
        server.contract.write_text(plain)
        server.start()
        equal(server.client(None).send("POST", "/v1/products", {"name": "later"}).status, 201, "the index is gone")


if __name__ == "__main__":
    run(globals())
