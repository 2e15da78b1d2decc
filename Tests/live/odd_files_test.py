"""SQLite files as they are found: odd names, odd keys, odd values, odd files. Each is adopted, checked and served; every row is
compared with what sqlite3 reads, every refusal is said in words, and nothing traps."""

import base64
import datetime

import os
import pathlib
import random
import sqlite3
import subprocess
import tempfile
import urllib.parse
import uuid

import yaml

from harness import Failed, Server, check, command, equal, run

TABLES = r'''
CREATE TABLE worded (word TEXT PRIMARY KEY, n INT) WITHOUT ROWID;
INSERT INTO worded VALUES ('b',2),('a',1),('',0),('a,b',3),('~x',4),('~',5),('~~',6),('%2F/',7),('Ünï cödé',8),('a b?c#d',9),('..',10),('+',11);
CREATE TABLE downward (id INTEGER PRIMARY KEY DESC, v TEXT);
INSERT INTO downward VALUES (5,'five'),(-3,'minus'),(9223372036854775807,'high'),(-9223372036854775808,'low');
CREATE TABLE "select" ("from" INTEGER PRIMARY KEY, "where" TEXT, "order" INT REFERENCES "select"("from"));
INSERT INTO "select" VALUES (1,'x',NULL),(2,'y',1),(3,'z',3);
CREATE TABLE "two words ""q"" ü" ("the id" INTEGER PRIMARY KEY, "a ""b""" TEXT, "日本" TEXT, "" TEXT);
INSERT INTO "two words ""q"" ü" VALUES (1,'a','b','c');
CREATE TABLE hen (id INTEGER PRIMARY KEY, egg INT REFERENCES egg(id)); CREATE TABLE egg (id INTEGER PRIMARY KEY, hen INT REFERENCES hen(id));
INSERT INTO hen VALUES (1,1),(2,NULL); INSERT INTO egg VALUES (1,1),(2,1);
CREATE TABLE made (id INTEGER PRIMARY KEY, a INT, b INT, total INT GENERATED ALWAYS AS (a*b) STORED, label TEXT AS ('#'||a) VIRTUAL);
INSERT INTO made(id,a,b) VALUES (1,2,3);
CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES downward(id));
INSERT INTO child VALUES (1,5),(2,'abc'),(3,NULL),(4,1.5),(5,77),(6,x'00ff');
CREATE TABLE mess (id INTEGER PRIMARY KEY, i INT, t TEXT, r REAL, n NUMERIC(10,2), b BOOLEAN, x, day DATE);
INSERT INTO mess VALUES (1,1,'a',1.5,2.25,1,1,'2024-01-01'),(2,'two',2,3,'n/a','yes','x','2024-02-30'),(3,3.7,x'ff00',x'00',1e300,2,x'01',x'ff'),
  (4,NULL,NULL,NULL,NULL,NULL,NULL,NULL),(5,9223372036854775807,'ü',-0.0,'7',0,2.5,'yesterday'),(6,x'c3bc',x'c3bc',9e999,-9e999,'',char(0,65),0);
CREATE TABLE dates (id INTEGER PRIMARY KEY, d1 DATE, d2 DATETIME, d3 TIMESTAMP, d4 DATETIME, d5 DATETIME);
INSERT INTO dates VALUES (1,'2024-01-02','2024-01-02 03:04:05',1704164645,2460311.627,'2024-01-02T03:04:05Z'),
  (2,'2023-01-02','2023-01-02 03:04:05.123',1604164645,2450311.5,'2024-01-02T03:04:05+02:00');
CREATE TABLE blobs (id INTEGER PRIMARY KEY, raw BLOB, digest BLOB); INSERT INTO blobs VALUES (1,x'00ff',randomblob(16)),(2,NULL,randomblob(16));
CREATE TABLE empty (id INTEGER PRIMARY KEY, v); CREATE TABLE keyless (a,b); INSERT INTO keyless VALUES (1,2);
CREATE TABLE nullkey (k TEXT PRIMARY KEY, v INT); INSERT INTO nullkey VALUES (NULL,1),(NULL,2),('x',3),('',4);
CREATE TABLE pairs (a TEXT, b TEXT, v INT, PRIMARY KEY (a,b));
INSERT INTO pairs VALUES ('x,y','z',1),('x','y,z',2),('',',',3),('~','~,',4),(NULL,'q',5),('','',6),('~1','~0',7),('/','%2C',8);
CREATE TABLE toref (id INTEGER PRIMARY KEY, a TEXT, b TEXT, FOREIGN KEY (a,b) REFERENCES pairs(a,b)); INSERT INTO toref VALUES (1,'x','y,z');
CREATE UNIQUE INDEX part ON toref(a) WHERE b IS NOT NULL;
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1,'ada');
CREATE TABLE notes (id INTEGER PRIMARY KEY, owner INT REFERENCES users(id)); INSERT INTO notes VALUES (1,1);
CREATE VIEW seen AS SELECT id, v FROM downward; CREATE VIEW "half known" AS SELECT NULL AS k, v FROM downward;
CREATE TABLE trig (id INTEGER PRIMARY KEY, v TEXT, stamp INT DEFAULT 0);
CREATE TRIGGER tr AFTER UPDATE ON trig WHEN new.stamp IS old.stamp BEGIN UPDATE trig SET stamp=old.stamp+1 WHERE id=new.id; END;
INSERT INTO trig VALUES (1,'a',0);
CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('hello world');
CREATE TABLE realkey (k REAL PRIMARY KEY, v INT); INSERT INTO realkey VALUES (1.5,1);
CREATE TABLE blobkey (k BLOB PRIMARY KEY, v INT); INSERT INTO blobkey VALUES (x'0102',1);
CREATE TABLE mixedkey (k PRIMARY KEY, v INT); INSERT INTO mixedkey VALUES (1,1),('1',2),('a',3);
CREATE TABLE Paths (Path TEXT NOT NULL PRIMARY KEY COLLATE NOCASE, size INT); INSERT INTO Paths VALUES ('/A/b',1),('c:\d',2);
'''

LEFT_OUT = ("keyless", "realkey", "blobkey", "mixedkey")
UNKNOWN = ("words", "words_data", "sqlite_sequence")


def database(path, text):
    connection = sqlite3.connect(path)
    connection.executescript(text)
    connection.commit()
    return connection


def adopted(path):
    """The contract as text, with what `martlet adopt` said."""
    target = path.with_suffix(".yaml")
    target.unlink(missing_ok=True)
    done = subprocess.run([command, "adopt", url_of(path), "-o", str(target)], capture_output=True, text=True, timeout=120)
    equal(done.returncode, 0, f"adopt: {done.stderr}")
    examined = subprocess.run([command, "check", "--contract", str(target)], capture_output=True, text=True, timeout=60)
    equal(examined.returncode, 0, f"check: {examined.stdout}{examined.stderr}")
    return target.read_text()


def opened(text, rules=("read",)):
    contract = yaml.safe_load(text)
    for resource in contract["resources"].values():
        if "fields" in resource or "id" in resource:
            resource["access"] = {rule: "anyone" for rule in (("read",) if resource.get("read_only") else rules)}
    return contract


def url_of(path):
    return "sqlite:" + urllib.parse.quote(str(path))


def served(path, contract):
    return Server(yaml.safe_dump(contract, sort_keys=False, allow_unicode=True), url=url_of(path))


def records(client, name):
    path = f"/v1/{name}?limit=3"
    for _ in range(10_000):
        answer = client.get(path)
        equal(answer.status, 200, f"GET {path}: {answer}")
        yield from answer.json["data"]
        following = answer.json["page"]["next"]
        if following is None:
            return
        path = f"/v1/{name}?limit=3&after={urllib.parse.quote(following)}"
    raise Failed(f"{name} has no end")


def key_text(parts):
    """As docs/rest.md says."""
    if len(parts) == 1:
        text = str(parts[0])
        return text + "~" if set(text) <= {"~"} else text
    return ",".join(str(part).replace("~", "~0").replace(",", "~1") for part in parts)


def parsed(read, value):
    try:
        return read(value)
    except (ValueError, TypeError, OverflowError):
        return None


def moment(text):
    if not isinstance(text, str):
        raise ValueError
    found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found.astimezone(datetime.timezone.utc).replace(tzinfo=None) if found.tzinfo else found


def as_it_is(value):
    """How JSON shows a value of SQLite's own classes."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def same(found, stored, field):
    """Whether the API shows what sqlite3 reads: as the field's type where it can be read so, else as it is."""
    kind = "ref" if "ref" in field else field["type"]
    encoding = field.get("stored_as")
    if stored is None:
        return found is None
    if kind in ("string", "text", "enum"):
        if isinstance(stored, bytes):
            text = None if b"\0" in stored else parsed(lambda one: one.decode(), stored)
            return found == (as_it_is(stored) if text is None else text)
        return float(found) == stored if isinstance(stored, float) else found == str(stored)
    if kind in ("integer", "ref") and isinstance(stored, (str, float)):
        whole = parsed(int, stored)
        if whole is not None and (isinstance(stored, str) or whole == stored):
            return found == whole
    if kind == "number" and isinstance(stored, str):
        number = parsed(float, stored)
        if number is not None:
            return found == number
    if kind == "boolean" and not isinstance(stored, (str, bytes)):
        return found is (stored != 0)
    if kind == "uuid" and isinstance(stored, bytes) and len(stored) == 16:
        return found == str(uuid.UUID(bytes=stored))
    if kind == "decimal" and isinstance(stored, (int, float)) and abs(stored) < 1e15:
        return isinstance(found, str) and float(found) == round(stored, 2)
    if kind in ("date", "timestamp") and encoding == "text":
        time = parsed(moment, stored)
        if time is not None:
            return parsed(moment, found) == (time if kind == "timestamp" else datetime.datetime.combine(time.date(), datetime.time()))
    if kind == "timestamp" and encoding == "unix" and isinstance(stored, int):
        return moment(found) == datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=stored)
    return type(found) is type(as_it_is(stored)) and found == as_it_is(stored)


def compare(client, connection, name, resource):
    """Every row of one table, listed and one by one; how many."""
    fields = {name: field for name, field in resource.get("fields", {}).items() if "many" not in field}
    columns = {field.get("column", name): name for name, field in fields.items()}
    keys = resource["id"].get("columns") or [resource["id"].get("column", "id")]
    table = '"' + resource["table"].replace('"', '""') + '"'
    cursor = connection.execute(f"SELECT * FROM {table}")
    names = [one[0] for one in cursor.description]
    expected = {}
    for values in cursor:
        row = dict(zip(names, values))
        if all(row[key] is not None for key in keys):
            expected[key_text([row[key] for key in keys])] = row
    seen = set()
    for record in records(client, name):
        # `id` is the text of the URL, but for the key of one column, which is the value itself.
        identity = str(record["id"]) if len(keys) > 1 else key_text([record["id"]])
        check(identity in expected and identity not in seen, f"{name} {identity!r} is no row, or came twice")
        seen.add(identity)
        for column, field in columns.items():
            check(same(record[field], expected[identity][column], fields[field]),
                  f"{name} {identity!r} {field} ({fields[field]}): {record[field]!r}, stored as {expected[identity][column]!r}")
        answer = client.get(f"/v1/{name}/{urllib.parse.quote(identity, safe='')}")
        equal(answer.status, 200, f"{name} {identity!r}: {answer}")
        equal(answer.json, record, f"{name} {identity!r} alone")
    equal(seen, set(expected), f"rows of {name}")
    return len(seen)


def test_every_row_of_every_odd_table_is_shown_as_it_is():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "odd file's name%20.db"
        connection = database(path, TABLES)
        wide = ", ".join(f'c{number} INT' for number in range(1999))
        connection.executescript(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {wide}); INSERT INTO wide (id, c0, c498, c1998) VALUES (1, 5, 6, 7);")
        text = adopted(path)
        contract = opened(text)
        for name in LEFT_OUT:
            check(f"# {name} is left out:" in text, f"{name} is left out without a word")
        for name in UNKNOWN:
            check(name not in contract["resources"], f"{name} became a resource")
        for words in (
            "rows with NULL in their key are no records and are not shown: 2", 'column "" is left out', "1499 more columns are left out", "refer to pairs together",
            "index part keeps some rows unique", "no key of downward show it as it is: 3", "rows that hold bytes", "holds texts and numbers",
        ):
            check(words in text, f"the contract does not say: {words}")
        equal(contract["resources"]["users"], {"table": "martlet_users"}, "the table of callers")
        equal(contract["resources"]["table_users"]["table"], "users", "the table that was there")
        equal(contract["resources"]["notes"]["fields"]["owner"]["ref"], "table_users", "a ref to it")
        equal(contract["resources"]["toref"]["filterable"], ["a", "b"], "what may be filtered by")
        with served(path, contract) as server:
            client = server.client()
            adopted_ones = {name: one for name, one in contract["resources"].items() if name != "users"}
            total = sum(compare(client, connection, name, one) for name, one in adopted_ones.items())
            check(total > 60, f"only {total} rows")
            reads(server, client)
            equal(server.stop(), 0, "the exit code after SIGTERM")


def reads(server, client):
    """Includes over odd refs, cycles and self references; pages through odd values; filters that no index serves."""
    answer = client.get("/v1/child?include=parent&sort=id")
    equal(answer.status, 200, f"{answer}")
    parents = [one["parent"] for one in answer.json["data"]]
    equal((parents[0]["v"], parents[1:]), ("five", ["abc", None, 1.5, 77, "AP8="]), "refs that lead nowhere stay as they are")
    for path in ("/v1/hen?include=egg.hen,eggs", "/v1/select?include=order.order,selects_by_order", "/v1/child?sort=parent&limit=2", "/v1/notes?include=owner"):
        equal(client.get(path).status, 200, path)
    listed, following = [], ""
    while following is not None:
        page = client.get(f"/v1/child?sort=parent&limit=1{following and '&after=' + urllib.parse.quote(following)}").json
        listed += [one["id"] for one in page["data"]]
        following = page["page"]["next"]
    equal(listed, [3, 4, 1, 5, 2, 6], "pages in the order of SQLite's classes")
    found = client.get("/v1/toref?filter=" + urllib.parse.quote('a == "x" && b == "y,z"'))
    equal([one["id"] for one in found.json.get("data", [])], [1], f"a filter over what refers to two columns: {found}")
    figures = client.get("/metrics").body.decode()
    check("martlet_odd_values_total 0" not in figures and "martlet_odd_values_total" in figures, "odd values are not counted")
    for wrong in ("/v1/pairs/x", "/v1/pairs/x,y,z", "/v1/pairs/~2,b", "/v1/pairs/~,b", "/v1/worded/nothing", "/v1/downward/abc"):
        equal(client.get(wrong).status, 404, wrong)


def test_writes_answer_what_is_stored():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "writes.db"
        connection = database(path, TABLES)
        contract = opened(adopted(path), rules=("read", "create", "update", "delete"))
        with served(path, contract) as server:
            client = server.client()

            def agrees(answer, status, target):
                equal(answer.status, status, f"{answer}")
                again = client.get(target)
                equal(again.json, answer.json, f"{target} as it was answered and as it is stored")
                equal(again.headers["etag"], answer.headers["etag"], f"the ETag of {target}")
                return answer.json

            made = agrees(client.send("PATCH", "/v1/made/1", {"a": 10}), 200, "/v1/made/1")
            equal((made["total"], made["label"]), (30, "#10"), "generated columns after PATCH")
            made = agrees(client.send("PUT", "/v1/made/1", {"a": 4, "b": 5}), 200, "/v1/made/1")
            equal((made["total"], made["label"]), (20, "#4"), "generated columns after PUT")
            made = agrees(client.send("POST", "/v1/made", {"a": 6, "b": 7}, {"Idempotency-Key": '"k"'}), 201, "/v1/made/2")
            equal(made["total"], 42, "generated columns after POST")
            again = client.send("POST", "/v1/made", {"a": 6, "b": 7}, {"Idempotency-Key": '"k"'})
            equal((again.status, again.json, again.headers.get("idempotency-replayed")), (201, made, "true"), "the same key again")
            equal(client.send("PATCH", "/v1/made/1", {"total": 5}).json["errors"][0]["code"], "not_writable", "a generated column")
            stamped = agrees(client.send("PATCH", "/v1/trig/1", {"v": "b"}), 200, "/v1/trig/1")
            equal(stamped["stamp"], 1, "what a trigger wrote")
            # Rows whose columns hold odd values, or a moment in another of its forms, can be changed and deleted.
            agrees(client.send("PATCH", "/v1/child/2", {"parent": 5}), 200, "/v1/child/2")
            for number in (1, 2):
                agrees(client.send("PATCH", f"/v1/dates/{number}", {"d1": "2000-01-01"}), 200, f"/v1/dates/{number}")
                equal(connection.execute("SELECT d5 FROM dates WHERE id = ?", (number,)).fetchone()[0][10], "T", "a column that was left alone")
            for number in (2, 3, 5, 6):
                equal(client.send("DELETE", f"/v1/mess/{number}").status, 204, f"mess {number}")
            # Keys of the caller's own, in every odd form.
            for word in ("~~~", "new, with a comma", "/", "%"):
                answer = client.send("POST", "/v1/worded", {"id": word, "n": 1})
                equal(answer.status, 201, f"{answer}")
                equal(answer.headers["location"], "/v1/worded/" + urllib.parse.quote(key_text([word]), safe=",~"), "Location")
                agrees(client.send("PATCH", answer.headers["location"], {"n": 2}), 200, answer.headers["location"])
            answer = client.send("POST", "/v1/pairs", {"a": "p,~q", "b": "", "v": 9})
            equal((answer.status, answer.json["id"]), (201, "p~1~0q,"), f"{answer}")
            agrees(client.send("PATCH", answer.headers["location"], {"v": 10}), 200, answer.headers["location"])
            equal(client.send("POST", "/v1/pairs", {"a": "p,~q", "b": ""}).status, 409, "the same key again")
            equal(client.send("POST", "/v1/toref", {"a": "no", "b": "such"}).status, 409, "two columns that refer to nothing")
            equal(client.send("POST", "/v1/toref", {"a": "x", "b": "y,z"}).status, 409, "a row that the partial index refuses")
            equal(client.send("DELETE", answer.headers["location"]).status, 204, "a pair is deleted")
            # A caller of our own beside the table `users` that was there.
            mine = server.client(server.token("ada"))
            equal(mine.get("/v1/notes").status, 200, "a caller with a token")
            equal(client.get("/v1/table_users/1").json["name"], "ada", "the user that was there")
            equal(connection.execute("SELECT count(*) FROM martlet_users").fetchone()[0], 1, "rows of callers")
            equal(server.stop(), 0, "the exit code after SIGTERM")


POSTGRES = """
CREATE TABLE made (id bigint PRIMARY KEY, a bigint, total bigint GENERATED ALWAYS AS (a * 2) STORED, v text, stamp bigint);
INSERT INTO made (id, a) VALUES (1, 2);
CREATE FUNCTION stamped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.stamp = coalesce(NEW.stamp, 0) + 1; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON made FOR EACH ROW EXECUTE FUNCTION stamped();
CREATE TABLE odd (id bigint PRIMARY KEY, at timestamptz, day date, n double precision, d numeric, v text);
INSERT INTO odd VALUES (1, 'infinity', '-infinity', 'NaN', 'NaN', 'a'), (2, '0044-03-15 BC', '0044-03-15 BC', '-Infinity', 1e30, 'b'),
  (3, '2024-01-02', '2024-01-02', 1.5, 2.25, 'c'), (4, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE pairs (a text, b text, v text, PRIMARY KEY (a, b));
INSERT INTO pairs VALUES ('x,y', '~', 'one'), ('', '', 'two');
"""
POSTGRES_CONTRACT = """
martlet: 1
service: {name: live, version: v1}
store: {url: "${DATABASE_URL}"}
resources:
  made:
    table: made
    id: {column: id, type: integer}
    revision: none
    fields: {a: integer, total: {type: integer, generated: true}, v: text, stamp: integer}
    access: {read: anyone, create: anyone, update: anyone, delete: anyone}
  odd:
    table: odd
    id: {column: id, type: integer}
    revision: none
    fields: {at: timestamp, day: date, n: number, d: {type: decimal, precision: "18,2"}, v: text}
    access: {read: anyone, create: anyone, update: anyone, delete: anyone}
  pairs:
    table: pairs
    id: {columns: [a, b]}
    revision: none
    fields: {a: {type: string, length: 0..50, required: true}, b: {type: string, length: 0..50, required: true}, v: text}
    access: {read: anyone, create: anyone, update: anyone, delete: anyone}
"""


def test_tables_of_postgresql_that_were_there_before():
    check(os.environ.get("MARTLET_TEST_POSTGRES"), "MARTLET_TEST_POSTGRES is not set: no PostgreSQL to test with")
    server = Server(POSTGRES_CONTRACT, "postgres")
    server.store.psql(server.store.url, POSTGRES)
    with server:
        client = server.client()

        def agrees(answer, status, target):
            equal(answer.status, status, f"{answer}")
            again = client.get(target)
            equal((again.json, again.headers["etag"]), (answer.json, answer.headers["etag"]), target)
            return answer.json

        made = agrees(client.send("PATCH", "/v1/made/1", {"a": 10}), 200, "/v1/made/1")
        equal((made["total"], made["stamp"]), (20, 1), "what the database made of a PATCH")
        made = agrees(client.send("POST", "/v1/made", {"a": 3}), 201, "/v1/made/2")
        equal((made["total"], made["stamp"]), (6, 1), "what the database made of a POST")
        equal(server.store.rows("SELECT count(*), max(stamp) FROM made"), [("2", "1")], "rows and stamps: nothing of a trial remains")
        listed = client.get("/v1/odd?sort=id")
        equal(listed.status, 200, f"{listed}")
        shown = [(one["at"], one["day"], one["n"], one["d"]) for one in listed.json["data"]]
        equal(shown[0], ("infinity", "-infinity", "NaN", "NaN"), "what no type holds")
        equal(shown[1][2], "-Infinity", "what no type holds")
        equal(shown[2], ("2024-01-02T00:00:00Z", "2024-01-02", 1.5, "2.25"), "an ordinary row")
        equal(shown[3], (None, None, None, None), "an empty row")
        for number in (1, 2, 3, 4):
            agrees(client.send("PATCH", f"/v1/odd/{number}", {"v": "changed"}), 200, f"/v1/odd/{number}")
            agrees(client.send("PATCH", f"/v1/odd/{number}", {"at": "2024-01-01T00:00:00Z", "n": 1}), 200, f"/v1/odd/{number}")
        for a, b in (("x,y", "~"), ("", "")):
            target = "/v1/pairs/" + urllib.parse.quote(key_text([a, b]), safe="")
            equal(client.get(target).json["id"], key_text([a, b]), "a key of two columns")
            agrees(client.send("PATCH", target, {"v": "new"}), 200, target)
        equal(server.stop(), 0, "the exit code after SIGTERM")


def test_keys_of_any_text_lead_to_their_row():
    """What is written is found again under the id that the answer names: for random parts of the worst characters."""
    random.seed(int(os.environ.get("MARTLET_CONTRACT_SEED", "1")))
    letters = ["~", ",", "0", "1", "/", "%", "2C", " ", "ü", "日", "\\", "\"", "+", "&", "?", "#", ".", "a", "😀", "'", ";"]

    def part():
        return "".join(random.choices(letters, k=random.randint(0, 4)))

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "keys.db"
        connection = database(path, "CREATE TABLE triple (a TEXT, b TEXT, c INT, PRIMARY KEY (a, b, c)); CREATE TABLE single (k TEXT PRIMARY KEY)")
        rows = list({(part(), part(), random.randint(-9, 9)) for _ in range(300)})
        singles = list({part() for _ in range(200)} | {"", "~", "~~", "~0"})
        connection.executemany("INSERT INTO triple VALUES (?, ?, ?)", rows)
        connection.executemany("INSERT INTO single VALUES (?)", [(one,) for one in singles])
        connection.commit()
        with served(path, opened(adopted(path))) as server:
            client = server.client()
            texts = set()
            for a, b, c in rows:
                identity = key_text([a, b, c])
                texts.add(identity)
                answer = client.get("/v1/triple/" + urllib.parse.quote(identity, safe=""))
                equal((answer.status, answer.json.get("a"), answer.json.get("b"), answer.json.get("c")), (200, a, b, c), identity)
                equal(answer.json["id"], identity, "the id")
            equal(len(texts), len(rows), "texts of keys")
            for one in singles:
                answer = client.get("/v1/single/" + urllib.parse.quote(key_text([one]), safe=""))
                equal((answer.status, answer.json.get("id")), (200, one), repr(one))
            equal(len(list(records(client, "triple"))), len(rows), "the list")


def test_what_is_no_database_is_refused_in_words():
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        database(place / "good.db", TABLES).close()
        content = (place / "good.db").read_bytes()
        (place / "text.db").write_text("this is no database, whatever its name says\n" * 100)
        (place / "random.db").write_bytes(random.Random(1).randbytes(64 * 1024))
        (place / "short.db").write_bytes(content[:50])
        (place / "cut.db").write_bytes(content[: len(content) // 2 + 77])
        (place / "torn.db").write_bytes(content[:4096] + random.Random(2).randbytes(len(content) - 4096))
        (place / "folder.db").mkdir()
        (place / "empty.db").write_bytes(b"")
        for name in ("text.db", "random.db", "short.db", "cut.db", "torn.db", "folder.db", "missing.db"):
            done = subprocess.run([command, "adopt", f"sqlite:{place / name}"], capture_output=True, text=True, timeout=60)
            check(done.returncode in (1, 2, 3), f"{name}: exit {done.returncode}: {done.stdout[:200]}{done.stderr[-400:]}")
            check(done.stderr.startswith("martlet: ") and len(done.stderr.splitlines()) <= 3, f"{name}: {done.stderr}")
            check("resources" not in done.stdout, f"{name} gave a contract")
        done = subprocess.run([command, "adopt", f"sqlite:{place / 'empty.db'}"], capture_output=True, text=True, timeout=60)
        check(done.returncode in (0, 1, 3), f"an empty file: {done.returncode} {done.stderr}")
        serve_damaged(place, content)


def serve_damaged(place, content):
    """Files that are damaged behind the contract's back: refused at the start or answered with errors, never with a trap."""
    contract = opened(adopted(place / "good.db"), rules=("read", "create", "update", "delete"))
    text = yaml.safe_dump(contract, sort_keys=False, allow_unicode=True)
    for seed in range(12):
        chance = random.Random(seed)
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 20, 400))):
            damaged[chance.randrange(100, len(damaged))] = chance.randrange(256)
        file = place / f"damaged{seed}.db"
        file.write_bytes(damaged)
        server = Server(text, url=url_of(file))
        try:
            server.start()
        except Failed:
            check(server.process.returncode in (1, 3, -9), f"seed {seed}: exit {server.process.returncode}: {list(server.log)[-3:]}")
            check(not any("Fatal error" in line for line in server.log), f"seed {seed} trapped: {list(server.log)[-3:]}")
        else:
            client = server.client()
            for name in contract["resources"]:
                for method, path, body in (("GET", f"/v1/{name}?limit=100", None), ("GET", f"/v1/{name}/1", None), ("PATCH", f"/v1/{name}/1", {"v": 1})):
                    answer = client.send(method, path, body)
                    check(answer.status < 600 and answer.body is not None, f"seed {seed} {path}")
                    check(answer.status < 500 or answer.json["code"] in ("internal", "unavailable", "overloaded"), f"seed {seed} {path}: {answer}")
            equal(server.stop(), 0, f"seed {seed}: the exit code after SIGTERM")
        finally:
            server.__exit__(None)


if __name__ == "__main__":
    run(globals())
