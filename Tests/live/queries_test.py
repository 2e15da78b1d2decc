"""Named queries, also in SQL, and schemas of json fields over the wire."""

from harness import Server, check, equal, run

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



WRITTEN = SHOP.rstrip() + """
  largest:
    params: {least: {type: integer, required: true}, kind: string}
    sql:
      sqlite: select total_currency as currency, max(total_amount) as amount from sales where total_amount >= :least and (:kind is null or :kind = total_currency) group by total_currency
      postgres: select total_currency as currency, max(total_amount) as amount from sales where total_amount >= :least and (:kind is null or :kind = total_currency) group by total_currency;
    bypasses_rules: true
    columns: {currency: string, amount: {type: integer, description: In cents.}}
    sort: currency
    timeout: 2s
    access: [finance]
  endless:
    sql: with recursive c(n) as (select 1 union all select 1 from c) select max(n) as n from c
    bypasses_rules: true
    columns: {n: integer}
    timeout: 300ms
    access: [finance]
"""


def test_queries_in_sql(store):
    with Server(WRITTEN, store) as server:
        ada, fin = server.client(server.token("ada")), server.client(server.token("fin", "finance"))
        for day, amount in [(1, 5), (2, 700)]:
            equal(sale(ada, day, amount).status, 201, "sold")
        path = "/v1/queries/largest?least=1"
        first = fin.get(path)
        equal((first.status, first.json["data"]), (200, [{"currency": "EUR", "amount": 700}]), "another's, by no row rule")
        equal(fin.send("GET", path, None, {"If-None-Match": first.headers["etag"]}).status, 304, "the same still")
        equal((ada.get(path).status, server.client().get(path).status), (403, 401), "who may not")
        for value in ("1;drop+table+sales", "1+or+1=1", "1)--", "x"):
            equal(fin.get(f"/v1/queries/largest?least={value}").json["code"], "bad_parameter", value)
        for value in ("EUR'+or+'1'='1", "';drop+table+sales;--", "%5C", "$1", "?1"):
            equal(fin.get(f"{path}&kind={value}").json["data"], [], value)
        equal(fin.get(f"{path}&kind=EUR").json["data"], first.json["data"], "nothing was dropped")
        ended = fin.get("/v1/queries/endless")
        equal((ended.status, ended.json["code"]), (504, "timeout"), "its own time")
        equal(fin.get("/v1/queries/endless?limit=1").json["code"], "bad_parameter", "what has no sort has no pages")
        described = server.client().get("/v1/openapi.json").json["paths"]
        rows = described["/v1/queries/largest"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["data"]["items"]
        equal(rows["properties"]["amount"]["type"], ["integer", "null"], "described")
        equal(rows["properties"]["amount"]["description"], "In cents.", "described")
        names = [one.get("name", one.get("$ref")) for one in described["/v1/queries/endless"]["get"]["parameters"]]
        check(not any(name.endswith(("limit", "after")) for name in names), f"the parameters of a query that is told whole: {names}")


def test_a_statement_that_the_database_refuses_stops_the_start(store):
    wrong = WRITTEN.replace("union all select 1 from c", "union all select nothing from c")
    line = 1 + wrong[:wrong.index("select nothing")].count("\n")
    try:
        Server(wrong, store).__enter__()
    except Exception as problem:
        check(f":{line}: queries.endless.sql:" in str(problem) and "nothing" in str(problem), f"what is said: {problem}")
    else:
        check(False, "it started")

if __name__ == "__main__":
    run(globals())
