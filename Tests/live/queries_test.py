"""Named queries and schemas of json fields over the wire."""

from harness import Server, equal, run

SHOP = """
martlet: 1
service: {name: shop, version: v1}
store: {url: "${DATABASE_URL}"}
roles: [finance]
resources:
  sales:
    fields:
      owner:  {ref: users, default: caller.id}
      placed: {type: timestamp, required: true, index: true}
      total:  {type: money, required: true}
      extra:
        type: json
        schema:
          type: object
          additionalProperties: false
          properties:
            colours: {type: array, items: {$ref: "#/$defs/colour"}}
          $defs: {colour: {enum: [red, green]}}
    access: {create: authenticated, read: record.owner == caller.id || caller.has_role("finance")}
queries:
  by_day:
    description: What was sold on each day.
    params: {since: {type: date, required: true}}
    from: sales
    where: placed >= timestamp(params.since)
    group: {day: date(placed), currency: total.currency}
    select: {sales: count(), amount: sum(total.amount)}
    sort: day
    limit: 2
    access: authenticated
"""


def sale(client, day, amount, **more):
    body = {"placed": f"2026-01-0{day}T10:00:00Z", "total": {"amount": amount, "currency": "EUR"}, **more}
    return client.send("POST", "/v1/sales", body)


def test_queries(store):
    with Server(SHOP, store) as server:
        ada, bob = (server.client(server.token(name)) for name in ("ada", "bob"))
        for client, day, amount in [(ada, 1, 5), (ada, 1, 7), (ada, 2, 1), (ada, 3, 2), (bob, 1, 100)]:
            equal(sale(client, day, amount).status, 201, "sold")
        path = "/v1/queries/by_day?since=2026-01-01"
        first = ada.get(path)
        rows = [{"day": "2026-01-01", "currency": "EUR", "sales": 2, "amount": 12}, {"day": "2026-01-02", "currency": "EUR", "sales": 1, "amount": 1}]
        equal((first.status, first.json["data"]), (200, rows), "hers alone, by day")
        following = ada.get(first.headers["link"].split(";")[0].strip("<>"))
        equal([row["amount"] for row in following.json["data"]], [2], "the page behind")
        equal(following.json["page"]["next"], None, "and no more")
        equal(bob.get(path).json["data"][0]["amount"], 100, "his alone")
        again = ada.send("GET", path, None, {"If-None-Match": first.headers["etag"]})
        equal(again.status, 304, "the same still")
        equal(server.client().get(path).status, 401, "without a token")
        equal((ada.get("/v1/queries/by_day").json["code"], ada.get(path + "&until=1").json["code"]),
              ("bad_parameter", "unknown_parameter"), "parameters")
        equal((ada.get("/v1/queries/by_dya").status, ada.send("POST", path, {}).status), (404, 405), "paths and methods")
        described = server.client().get("/v1/openapi.json").json
        query = described["paths"]["/v1/queries/by_day"]["get"]
        equal([one.get("name", one.get("$ref")) for one in query["parameters"]][:2], ["since", "limit"], "described")


def test_schemas(store):
    with Server(SHOP, store) as server:
        ada = server.client(server.token("ada"))
        wrong = sale(ada, 1, 1, extra={"colours": ["red", "blue"], "color": 1})
        equal((wrong.status, sorted((one["pointer"], one["code"]) for one in wrong.json["errors"])),
              (422, [("/extra/color", "unknown_field"), ("/extra/colours/1", "enum")]), "all that is wrong, with its place")
        equal(sale(ada, 1, 1, extra={"colours": ["red", "green"]}).status, 201, "what fits")
        schemas = server.client().get("/v1/openapi.json").json["components"]["schemas"]
        body = schemas["SalesCreate"]["properties"]["extra"]["anyOf"][0]["$ref"].split("/")[-1]
        reference = schemas[body]["properties"]["colours"]["items"]["$ref"]
        place = schemas
        for name in reference.split("/")[3:]:
            place = place[name]
        equal(place["enum"], ["red", "green"], "references lead on in the document")


if __name__ == "__main__":
    run(globals())
