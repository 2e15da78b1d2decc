"""PostgreSQL databases that were there before: adopt Chinook and a schema of everything awkward, open the rules, serve them, compare
every row with psql's, and write a value of each type."""

import concurrent.futures
import contextlib
import datetime
import decimal
import json
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

import yaml

from adopt_test import columns, opened, records
from harness import Failed, Postgres, Server, check, command, equal, root, run

CHINOOK = root.parent / "shared" / "data" / "Chinook_PostgreSql.sql"
AWKWARD = pathlib.Path(__file__).parent / "awkward.sql"
CHINOOK_TABLES = 11
CHINOOK_ROWS = 15_607
# As the engine's own sessions write values.
SETTINGS = "-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=iso_8601 -c extra_float_digits=1"


def psql(url, *arguments, text=None):
    done = subprocess.run(
        ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", *arguments, url], input=text, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PGOPTIONS": SETTINGS},
    )
    if done.returncode != 0:
        raise Failed(f"psql: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def database(script):
    """The URL of a fresh database that a script was run in."""
    check(os.environ.get("MARTLET_TEST_POSTGRES"), "MARTLET_TEST_POSTGRES is not set: no PostgreSQL to test with")
    store = Postgres(None)
    try:
        psql(store.url, text=script)
        yield store.url
    finally:
        store.close()


def chinook():
    check(CHINOOK.exists(), f"{CHINOOK.name} is missing beside the checkout")
    text = CHINOOK.read_text(encoding="utf-8")
    return re.sub(r"^(DROP DATABASE|CREATE DATABASE|\\c ).*$", "", text, flags=re.MULTILINE)


def adopt(url, *arguments):
    """The contract that `martlet adopt` writes, as text: it passes `martlet check`."""
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "adopted.yaml"
        done = subprocess.run([command, "adopt", url, "-o", str(target), *arguments], capture_output=True, text=True, timeout=120)
        equal(done.returncode, 0, f"adopt: {done.stderr.strip()}")
        done = subprocess.run([command, "check", "--contract", str(target)], capture_output=True, text=True, timeout=60)
        equal(done.returncode, 0, f"check: {done.stdout}{done.stderr}")
        check("0 errors, 0 warnings" in done.stdout + done.stderr, done.stdout + done.stderr)
        return target.read_text()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def table(resource):
    return (quoted(resource["schema"]) + "." if "schema" in resource else "") + quoted(resource["table"])


def printed(url, resource):
    """The rows of a resource's table as psql prints them: column to text, None for NULL. An array is its elements' texts."""
    keys, mapped = columns(resource)
    names = list(dict.fromkeys([*keys, *mapped]))
    def cell(name):
        is_list = mapped.get(name, ("", ""))[1].startswith("list of")
        return f"to_jsonb({quoted(name)}::text[])" if is_list else f"to_jsonb({quoted(name)}::text)"
    lines = psql(url, "-c", f"SELECT jsonb_build_array({', '.join(map(cell, names))}) FROM {table(resource)}").split("\n")
    rows = [dict(zip(names, json.loads(line))) for line in lines if line]
    return [row for row in rows if all(row[key] is not None for key in keys)]


def moment(text):
    """Of either form, without its zone: both are UTC."""
    text = text.replace("Z", "").replace("T", " ").removesuffix("+00")
    return datetime.datetime.fromisoformat(text)


def same(found, text, kind):
    """Whether the API's value is what psql printed, by the field's type in the contract. What a type cannot hold is shown as it is."""
    if text is None or found is None:
        return found is text
    if kind.startswith("list of"):
        flat = json.dumps(found).count("[") == 1
        return same_items(found, text, kind.removeprefix("list of ")) if flat else len(found) == len(text)
    if isinstance(found, str) and found == text:
        return kind not in ("integer", "boolean", "json")
    if kind in ("integer", "ref"):
        return isinstance(found, int) and str(found) == text
    if kind == "decimal":
        plain = text.replace("$", "").replace(",", "")
        return isinstance(found, str) and decimal.Decimal(found) == decimal.Decimal(plain)
    if kind == "number":
        return isinstance(found, (int, float)) and float(found) == float(text)
    if kind == "boolean":
        return isinstance(found, bool) and found == (text == "true")
    if kind == "timestamp":
        return found.endswith("Z") and moment(found) == moment(text)
    if kind == "json":
        return found == json.loads(text)
    return False


def same_items(found, texts, kind):
    if kind == "boolean":
        texts = [{"t": "true", "f": "false"}.get(text, text) for text in texts]
    return isinstance(found, list) and len(found) == len(texts) and all(same(a, b, kind) for a, b in zip(found, texts))


def key_text(row, keys):
    parts = [row[key] for key in keys]
    return ",".join(part.replace("~", "~0").replace(",", "~1") for part in parts) if len(parts) > 1 else parts[0]


def key_path(key):
    """In a URL nothing stands for an empty key: `~` does, and one of nothing but `~` has one more."""
    return urllib.parse.quote(key + "~" if set(key) <= {"~"} else key, safe="")


def exported(client, name):
    """Every record of a resource in one stream."""
    answer = client.get(f"/v1/{name}", Accept="application/x-ndjson")
    equal(answer.status, 200, f"the export of {name}: {answer}")
    return [json.loads(line) for line in answer.body.decode().split("\n") if line]


def compare(client, version, name, resource, url):
    """Every row of one table; the number of rows."""
    keys, mapped = columns(resource)
    expected = {key_text(row, keys): row for row in printed(url, resource)}
    seen = set()
    for record in records(client, version, name):
        key = str(record["id"])
        check(key not in seen, f"{name} {key} came twice")
        seen.add(key)
        row = expected.get(key)
        check(row is not None, f"{name} {key} is not in the table")
        for column, (field, kind) in mapped.items():
            check(field in record, f"{name} {key} has no {field}")
            check(
                same(record[field], row[column], kind),
                f"{name} {key} {field} ({kind}): {record[field]!r}, psql prints {row[column]!r}",
            )
        check(set(record) == {"id", *(field for field, _ in mapped.values())}, f"{name} {key} has more: {sorted(record)}")
    equal(len(seen), len(expected), f"rows of {name}")
    for key in list(expected)[:40]:
        answer = client.get(f"/{version}/{name}/{key_path(key)}")
        equal(answer.status, 200, f"{name} {key}: {answer}")
        equal(str(answer.json["id"]), key, f"the id of {name}")
        again = client.get(f"/{version}/{name}/{key_path(key)}", **{"If-None-Match": answer.headers["etag"]})
        equal(again.status, 304, f"{name} {key} again")
    return len(seen)


def served(contract):
    return {name: resource for name, resource in contract["resources"].items() if name != "users"}


def open_to_everyone(text, writes=()):
    contract = opened(text)
    for name, resource in served(contract).items():
        if name in writes:
            resource["access"] = {"create": "anyone", "read": "anyone", "update": "anyone", "delete": "anyone"}
    return contract


def serving(contract, url):
    return Server(yaml.safe_dump(contract, sort_keys=False, allow_unicode=True), url=url)


def test_every_row_of_chinook_comes_back_as_psql_prints_it():
    with database(chinook()) as url:
        contract = open_to_everyone(adopt(url))
        equal(contract["service"]["name"], url.rpartition("/")[2], "the service's name")
        with serving(contract, url) as server:
            client = server.client()
            resources = served(contract)
            equal(len(resources), CHINOOK_TABLES, "adopted tables")
            total = sum(compare(client, "v1", name, resource, url) for name, resource in resources.items())
            equal(total, CHINOOK_ROWS, "rows in all")
            for number in (1, 8, 17):
                answer = client.get(f"/v1/playlist/{number}?include=playlist_tracks")
                texts = psql(url, "-c", f"SELECT track_id FROM playlist_track WHERE playlist_id = {number} ORDER BY 1 DESC LIMIT 20")
                found = [record["track"] for record in answer.json["playlist_tracks"]["data"]]
                equal(found, [int(text) for text in texts.split()], f"what playlist {number} holds")
            for wrong in ("0", "-1", "x", "99999999999999999999", "2147483648", "1,2", "%27"):
                equal(client.get(f"/v1/track/{wrong}").status, 404, f"track {wrong}")
            equal(server.stop(), 0, "the exit code after SIGTERM")


def test_adopting_changes_nothing_and_grants_nothing():
    with database(AWKWARD.read_text()) as url:
        shape = "SELECT count(*), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type) FROM pg_class"
        before = psql(url, "-c", shape)
        text = adopt(url)
        equal(psql(url, "-c", shape), before, "what the catalog holds")
        for name, resource in yaml.safe_load(text)["resources"].items():
            equal(set(resource.get("access", {}).values()) - {"nobody"}, set(), f"the rules of {name}")
        with Server(text, url=url) as server:
            client = server.client()
            for name in yaml.safe_load(text)["resources"]:
                check(client.get(f"/v1/{name}").status in (401, 403, 404), f"{name} can be read before anyone decided")


def test_every_row_of_an_awkward_database_comes_back_as_psql_prints_it():
    with database(AWKWARD.read_text()) as url:
        text = adopt(url)
        contract = open_to_everyone(text)
        for resource in served(contract).values():
            resource["access"]["export"] = "anyone"
        with serving(contract, url) as server:
            client = server.client()
            total = sum(compare(client, "v1", name, resource, url) for name, resource in served(contract).items())
            check(total > 300, f"{total} rows")
            for name in ("every_type", "natural_key", "padded", "several", "by_serial", "cheap", "totals"):
                equal(exported(client, name), list(records(client, "v1", name)), f"the export of {name}")
            for gone in ("no_key", "by_bytes", "by_mood", "no_row_alone", "broken", "measured_2024", "foo"):
                check(gone == "foo" or gone not in contract["resources"], f"{gone} is served")
                check(gone == "measured_2024" or f"# {gone} is left out" in text, f"nothing says that {gone} is left out")
            pages(client)
            together(server)


def together(server):
    """Reads that come at once are one statement, whatever the types of their keys."""
    def read(path):
        client = server.client()
        try:
            answer = client.get(path)
            return path, answer.status, answer.json.get("id")
        finally:
            client.close()

    paths = [f"/v1/padded/{key}" for key in ("ab", "abcd", "a", "zz")] + ["/v1/several/1,,sad", "/v1/several/2,%C3%BC,%C3%BCn%C3%AF"]
    expected = {path: (200, urllib.parse.unquote(path.rpartition("/")[2])) for path in paths}
    expected["/v1/padded/zz"] = (404, None)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        for path, status, found in pool.map(read, paths * 40):
            equal((status, found), expected[path], path)


def pages(client):
    """Lists by columns of odd types go from page to page without losing or doubling a row."""
    for path in ("every_type?sort=feeling,-i8", "every_type?sort=-feeling,i8", "every_type?sort=day", "every_type?sort=-day",
                 "natural_key?", "padded?", "several?", "sales_orders?sort=item", "totals?"):
        name = path.partition("?")[0]
        whole = client.get(f"/v1/{path}&limit=100")
        equal(whole.status, 200, f"{path}: {whole}")
        ids, after = [], None
        while True:
            page = client.get(f"/v1/{path}&limit=1" + (f"&after={after}" if after else ""))
            equal(page.status, 200, f"{path}: {page}")
            ids += [record["id"] for record in page.json["data"]]
            after = page.json["page"]["next"]
            if after is None:
                break
            after = urllib.parse.quote(after)
        equal(ids, [record["id"] for record in whole.json["data"]], f"{name} page by page")


def test_what_a_client_sends_never_breaks_a_statement():
    with database(AWKWARD.read_text()) as url:
        contract = open_to_everyone(adopt(url))
        with serving(contract, url) as server:
            client = server.client()
            def found(query):
                answer = client.get("/v1/every_type?" + query)
                equal(answer.status, 200, f"{query}: {answer}")
                return [record["code"] for record in answer.json["data"]]
            equal(found("feeling=sad"), [], "who is sad")
            equal(found("feeling=" + urllib.parse.quote("o'k")), ["a", "odd"], "who is o'k")
            equal(client.get("/v1/every_type?feeling=none").status, 400, "a feeling that there is not")
            # Under the row budget: as memory would compare them, whatever the types are.
            spec = contract["resources"]["every_type"]
            spec["filterable"] = [name for name, field in spec["fields"].items() if not str(field.get("type")) == "json"]
        with serving(contract, url) as server:
            client = server.client()
            def filtered(expression):
                answer = client.get("/v1/every_type?filter=" + urllib.parse.quote(expression))
                equal(answer.status, 200, f"{expression}: {answer}")
                return [record["code"] for record in answer.json["data"]]
            for expression, expected in {
                "feeling == 'happy \"x\"'": ["abc"], "feeling != 'sad'": ["a", "abc", "odd"],
                "lasts == 'nonsense'": [], "lasts == 'P1Y2M3DT4H5M6.7S'": ["abc"], "ip == '10.0.0.1/8'": ["abc"], "clock == 'x'": [],
                "f4 == 0.1": ["abc"], "f4 < 0.2": ["abc"], "f4 > 1e300": [], "paid == decimal('92233.72')": ["abc"], "fixed == 'ab'": ["abc"],
                "fixed == 'ab   '": [], "fixed.startsWith('a')": ["abc"], "'a' in tagged": ["odd"], "size(texts) == 0": ["odd"], "numbers.exists(n, n < 0)": ["abc"],
                "size(numbers) == 2": ["abc"], "has(feelings)": ["abc"], "'ünï' in feelings": ["abc"], "little == 99 && posit == 1": ["abc"],
                "n_whole == 1234567890": ["abc"], "yes": ["a", "odd"], "free.contains('ünï')": ["abc"], "code == 'odd'": ["odd"],
                "at > timestamp('2024-01-01T00:00:00Z')": ["abc", "odd"], "stage in ['one', 'two']": ["abc"], "span == '['": [],
            }.items():
                equal(filtered(expression), expected, expression)
            for query in ("lasts=nonsense", "ip=x", "clock=25:00", "f4=1e300", "paid=99999999999999.99", "spans=x", "fixed=a%20"):
                equal(client.get("/v1/every_type?" + query).status, 200, query)
            for name in ("natural_key", "padded", "several", "by_uuid", "by_numeric", "measured", "totals"):
                for key in ("x", "%27", "1,2", "1,2,3", "~", "9" * 30, "2024-01-01,x", "%F0%9F%98%80"):
                    check(client.get(f"/v1/{name}/{key}").status == 404, f"{name}/{key}: {client.get(f'/v1/{name}/{key}')}")
            equal(client.get("/v1/padded/ab%20").status, 404, "a key with a blank that it does not have")


MERGE = {"Content-Type": "application/merge-patch+json"}
VALUES = {
    "yes": False, "i2": 7, "i4": 42, "i8": -9007199254740993, "f4": 0.3, "f8": 1.25, "n_free": "12.500000000", "n": "-1.125", "n_whole": 77,
    "n_big": "12345678901234.5678", "paid": "12.34", "day": "2024-02-29", "at": "2024-02-29T12:00:00.125000Z",
    "atz": "2024-02-29T12:00:00.123456Z", "clock": "12:34:56.5", "clockz": "12:00:00+02", "lasts": "P1DT2H",
    "uid": "0190b1c2-0000-7000-8000-0000000000ff", "short": "a'b\\", "fixed": "xy", "free": "line\nbreak \u2028 😀", "feeling": "ünï",
    "grade": "b", "ip": "10.1.2.3/32", "net": "10.0.0.0/8", "mac": "08:00:2b:01:02:03", "flags": "0101", "more": "1", "doc": {"a": [1, None]},
    "raw": [{"b": 1}], "span": "[1,3)", "days": "[2024-01-01,2024-02-01)", "spans": "{[1,3)}", "counter": 3,
    "texts": ["", "NULL", "x,\"y\\"], "numbers": [], "feelings": ["o'k", "happy \"x\""], "prices": ["1.50"],
    "uids": ["0190b1c2-0000-7000-8000-0000000000ff"], "dates": ["2024-02-29"], "bits": [True, False], "reals": [0.1, 3], "posit": 5,
    "little": 9, "code": "zz", "tagged": ["t"], "status": "done", "title": "ab", "stage": "two",
}
# What the contract refuses (422), and what the database's own types and conditions do (409): never the service's mistake.
REFUSED = {
    "i2": 40_000, "i4": 100, "feeling": "none", "clock": "25:00", "lasts": "long", "ip": "x", "flags": "01", "span": "[3,1)", "posit": 0,
    "little": 100, "code": "A1", "title": "x", "status": "old", "short": "x" * 21, "n": "1.1234", "texts": [1], "numbers": [2**40],
    "feelings": ["none"], "f4": 1e300, "f8": 0.25, "mac": "08", "free": "x\u0000", "grade": None,
}


def test_a_value_of_each_type_is_written_and_read_back():
    with database(AWKWARD.read_text()) as url:
        contract = open_to_everyone(adopt(url), writes=("every_type",))
        resource = contract["resources"]["every_type"]
        writable = {name for name, field in resource["fields"].items() if "many" not in field and not field.get("generated")}
        equal(writable, set(VALUES), "fields that have a value here")
        with serving(contract, url) as server:
            client = server.client()
            answer = client.send("POST", "/v1/every_type", VALUES)
            equal(answer.status, 201, f"POST: {answer}")
            record = answer.json
            for name, value in VALUES.items():
                equal(record[name], value, f"{name} as it was answered")
            equal(record["twice"], 84, "what the database computes")
            place = f"/v1/every_type/{record['id']}"
            equal(client.get(place).json, record, "what is read back")
            compare(client, "v1", "every_type", resource, url)
            # Each field by itself, and back: a row with every type in it is found again by what lies in it.
            for name, value in VALUES.items():
                if name not in ("grade", "code", "counter"):
                    answer = client.send("PATCH", place, {name: None}, MERGE)
                    equal(answer.status, 200, f"{name} as null: {answer}")
                    equal(answer.json[name], None, f"{name} as null")
                answer = client.send("PATCH", place, {name: value}, MERGE)
                equal(answer.status, 200, f"{name}: {answer}")
                equal(answer.json[name], value, f"{name} again")
            for name, value in REFUSED.items():
                answer = client.send("PATCH", place, {name: value}, MERGE)
                check(answer.status in (409, 422), f"{name} as {value!r}: {answer}")
            equal(client.get(place).json, record, "what is there after all that")
            # A row that others wrote, with values that no type of a contract's holds.
            odd = next(row for row in records(client, "v1", "every_type") if row["code"] == "odd")
            answer = client.send(
                "PATCH", f"/v1/every_type/{odd['id']}", {"title": "new"}, MERGE)
            equal(answer.status, 200, f"the odd row: {answer}")
            equal({**odd, "title": "new"}, answer.json, "the odd row after a change of one field")
            etag = client.get(place).headers["etag"]
            psql(url, "-c", f"UPDATE every_type SET raw = '[]' WHERE id = {record['id']}")
            equal(client.send("DELETE", place, headers={"If-Match": etag}).status, 412, "a deletion of what changed")
            equal(client.send("DELETE", place).status, 204, "a deletion")
            equal(client.get(place).status, 404, "what was deleted")


def test_keys_are_given_as_the_database_gives_them():
    names = ("by_serial", "one_to_one", "sales_orders", "natural_key", "by_uuid", "several", "padded", "watched", "by_numeric", "measured", "hostile",
             "odd_schema_odd_table_drop_table_x", "unnamed", "user")
    with database(AWKWARD.read_text()) as url:
        contract = open_to_everyone(adopt(url), writes=names)
        with serving(contract, url) as server:
            client = server.client()
            def made(name, body):
                answer = client.send("POST", f"/v1/{name}", body)
                equal(answer.status, 201, f"POST {name}: {answer}")
                equal(client.get(answer.headers["location"]).json, answer.json, f"{name} read back")
                return answer.json
            last = int(psql(url, "-c", "INSERT INTO by_serial (label) VALUES ('x') RETURNING id"))
            ours = made("by_serial", {"label": "ours"})["id"]
            check(ours > last, f"{ours} after {last}")
            after = int(psql(url, "-c", "INSERT INTO by_serial (label) VALUES ('theirs') RETURNING id"))
            check(after > ours, f"{after} after {ours}")
            # Others wrote past the sequence.
            psql(url, "-c", f"INSERT INTO by_serial VALUES ({after + 1}, 'past')")
            check(made("by_serial", {"label": "beyond"})["id"] > after + 1, "a number that was taken")
            made("sales_orders", {"item": ours, "g": "a"})
            equal(made("natural_key", {"id": "new/key ~", "parent": "a b/c"})["id"], "new/key ~", "a natural key")
            equal(client.send("POST", "/v1/natural_key", {"parent": "a b/c"}).status, 422, "a natural key that is not given")
            equal(made("by_uuid", {"id": "0190b1c2-0000-7000-8000-00000000000c", "n": 5})["n"], 5, "a row with a uuid")
            equal(made("several", {"a": 5, "b": "~,", "c": "sad"})["id"], "5,~0~1,sad", "a key of three columns")
            equal(made("padded", {"id": "zz", "n": 1})["id"], "zz", "a padded key")
            equal(made("watched", {"n": 21})["n"], 42, "what a trigger made of it")
            made("measured", {"at": "2024-06-01", "sensor": 2, "value": 0.1})
            made("hostile", {"note": "n"})
            made("odd_schema_odd_table_drop_table_x", {"quo_te": "'\"", "select": 1})
            made("unnamed", {"unnamed": "值"})
            made("user", {"limit_value": "x", "a_b": 1, "a_b_2": 2, "n": "ü"})
            equal(psql(url, "-c", "SELECT count(*) FROM \"user\" WHERE \"a b\" = 1 AND a_b = 2 AND \"ünï\" = 'ü'").strip(), "1", "its columns")
            answer = client.send("POST", "/v1/one_to_one", {"id": ours, "code": "y"})
            equal(answer.status, 422, f"a key that a field says: {answer}")
            made("one_to_one", {"by_serial": ours, "code": "y"})
            equal(client.get(f"/v1/one_to_one/{ours}?include=by_serial").json["by_serial"]["label"], "ours", "what its key refers to")
            equal(client.send("PATCH", f"/v1/one_to_one/{ours}", {"by_serial": 1}, MERGE).status, 422, "another key")
            equal(client.send("POST", "/v1/one_to_one", {"by_serial": 10**9}).status, 422, "a key that refers to nothing")
            place = "/v1/natural_key/new%2Fkey%20~"
            equal(client.send("PATCH", place, {"note": "n"}, MERGE).status, 200, "a change")
            equal(client.send("DELETE", place).status, 204, "a deletion")
            equal(client.send("POST", "/v1/natural_key", {"id": "a b/c"}).status, 409, "a key that is taken")
            for name, resource in served(contract).items():
                compare(client, "v1", name, resource, url)


def test_a_role_sees_what_it_may():
    with database(AWKWARD.read_text()) as url:
        role = f"reader_{os.getpid()}"
        psql(url, "-c", f"CREATE ROLE {role} LOGIN PASSWORD 'clear'")
        try:
            psql(
                url, "-c", f"GRANT SELECT ON guarded, by_serial, every_type TO {role}; GRANT SELECT (id) ON watched TO {role}; "
                f"GRANT SELECT, INSERT ON animal TO {role}; REVOKE USAGE ON SCHEMA sales FROM PUBLIC")
            text = adopt(re.sub(r"//[^@/]*@", f"//{role}:clear@", url) + "?application_name=a%22b", "--service", "My Service")
            contract = yaml.safe_load(text)
            check("clear" not in text, "the password stands in the contract")
            equal(contract["service"]["name"], "my_service", "the service's name")
            equal(set(served(contract)), {"guarded", "by_serial", "animal", "every_type"}, "what it sees")
            check(contract["resources"]["guarded"]["read_only"] is True, "a table that it may only read is written")
            check("read_only" not in contract["resources"]["animal"], "a table that it may insert into is only read")
            for words in ("# row-level security", "# the role may only read it", "# the role may not UPDATE, DELETE",
                          "# watched is left out:\n# the role may not read all of its columns"):
                check(words in text, f"nothing says: {words}")
        finally:
            psql(url, "-c", f"DROP OWNED BY {role}", "-c", f"DROP ROLE {role}")


def test_extensions_own_their_tables_and_their_types_are_served():
    with database("CREATE EXTENSION citext; CREATE TABLE mail (address citext PRIMARY KEY, name citext, n integer); "
                  "CREATE INDEX ON mail (name); INSERT INTO mail VALUES ('A@x', 'Ann', 1), ('b@x', 'bob', 2);"
                  "CREATE TABLE letter (id serial PRIMARY KEY, to_address citext REFERENCES mail);"
                  "INSERT INTO letter (to_address) VALUES ('A@x')") as url:
        contract = open_to_everyone(adopt(url), writes=("mail",))
        with serving(contract, url) as server:
            client = server.client()
            for name, resource in served(contract).items():
                compare(client, "v1", name, resource, url)
            equal(client.get("/v1/mail/a@x").status, 404, "a key has one text")
            equal([record["id"] for record in client.get("/v1/mail?name=Ann").json["data"]], ["A@x"], "a filter by what is there")
            equal(client.get("/v1/mail?name=ann").json["data"], [], "a filter by another text")
            equal(client.send("POST", "/v1/mail", {"id": "a@X"}).status, 409, "the database's own idea of the same")
            equal(client.get("/v1/letter/1?include=to_address").json["to_address"]["name"], "Ann", "what a ref leads to")


def test_a_database_that_is_not_there_is_said_without_its_password():
    for url in ("postgres://nobody:clear@127.0.0.1:1/none", "postgres://[", "mysql://x"):
        done = subprocess.run([command, "adopt", url], capture_output=True, text=True, timeout=60)
        check(done.returncode != 0, f"{url} was adopted")
        check("clear" not in done.stderr + done.stdout, done.stderr)


if __name__ == "__main__":
    run(globals())
