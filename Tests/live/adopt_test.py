"""A database that was there before: adopt Chinook, open its rules, serve it, and compare every row with the sqlite3 shell's."""

import datetime
import decimal
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse

import yaml

from harness import Failed, Server, check, command, equal, root, run

CHINOOK = root.parent / "shared" / "data" / "Chinook_Sqlite.sqlite"
TABLES = 11
ROWS = 15_607


def adopt(path):
    """The contract that `martlet adopt` writes, as text."""
    target = path.parent / "adopted.yaml"
    done = subprocess.run([command, "adopt", f"sqlite:{path}", "-o", str(target)], capture_output=True, text=True, timeout=120)
    equal(done.returncode, 0, f"adopt: {done.stderr.strip()}")
    return target.read_text()


def opened(text):
    """The contract with everyone allowed to read; every rule must have been `nobody`."""
    contract = yaml.safe_load(text)
    for name, resource in contract["resources"].items():
        access = resource.get("access")
        if access is None:
            continue
        if isinstance(access, dict):
            equal(set(access.values()) - {"nobody"}, set(), f"the rules of {name}")
        else:
            equal(access, "nobody", f"the rule of {name}")
    for name, resource in contract["resources"].items():
        if name != "users" or "table" in resource:
            resource["access"] = {"read": "anyone"}
    return contract


def shell(path, table):
    """The table's rows as the sqlite3 shell prints them: column to text, None for NULL."""
    separator, newline, null = "\x1f", "\x1e", "\x1d"
    words = ["sqlite3", "-readonly", "-header", "-separator", separator, "-newline", newline, "-nullvalue", null]
    done = subprocess.run([*words, str(path), f'SELECT * FROM "{table}"'], capture_output=True, timeout=60)
    equal(done.returncode, 0, done.stderr)
    lines = done.stdout.decode().split(newline)
    equal(lines.pop(), "", "what follows the last row")
    if not lines:
        return []
    names = lines[0].split(separator)
    rows = [[None if text == null else text for text in line.split(separator)] for line in lines[1:]]
    check(all(len(row) == len(names) for row in rows), f"a value of {table} holds a separator")
    return [dict(zip(names, row)) for row in rows]


def records(client, version, name):
    """Every record of a resource, page by page."""
    path = f"/{version}/{name}?limit=100"
    for _ in range(10_000):
        answer = client.get(path)
        equal(answer.status, 200, f"GET {path}: {answer}")
        body = answer.json
        yield from body["data"]
        following = body["page"]["next"]
        if following is None:
            return
        path = f"/{version}/{name}?limit=100&after={urllib.parse.quote(following)}"
    raise Failed(f"{name} has no end")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)


def same(found, printed, kind):
    """Whether the API's value is what the shell printed, by the field's type in the contract."""
    if printed is None or found is None:
        return found is printed
    if kind in ("integer", "ref"):
        return isinstance(found, int) and str(found) == printed
    if kind == "decimal":
        return isinstance(found, str) and decimal.Decimal(found) == decimal.Decimal(printed)
    if kind == "number":
        return isinstance(found, (int, float)) and float(found) == float(printed)
    if kind == "boolean":
        return isinstance(found, bool) and found == (printed == "1")
    if kind == "timestamp":
        return found.endswith("Z") and moment(found) == moment(printed)
    if kind == "date":
        return moment(f"{found}T00:00:00") == moment(printed)
    return found == printed


def kind(field):
    if isinstance(field, str):
        return field
    return "ref" if "ref" in field else field.get("type", "string")


def columns(resource):
    """Column: (field, type), and the id's columns."""
    identity = resource.get("id", {})
    keys = identity.get("columns") or [identity.get("column", "id")]
    mapped = {}
    for name, field in resource.get("fields", {}).items():
        if isinstance(field, dict) and "many" in field:
            continue
        column = field.get("column", name) if isinstance(field, dict) else name
        mapped[column] = (name, kind(field))
    return keys, mapped


def compare(client, version, name, resource, path):
    """Every row of one table; the number of rows."""
    keys, mapped = columns(resource)
    expected = {tuple(row[key] for key in keys): row for row in shell(path, resource["table"])}
    seen = set()
    for record in records(client, version, name):
        key = tuple(str(record["id"]).split(",")) if len(keys) > 1 else (str(record["id"]),)
        check(key not in seen, f"{name} {key} came twice")
        seen.add(key)
        row = expected.get(key)
        check(row is not None, f"{name} {key} is not in the table")
        for column, printed in row.items():
            if column in mapped:
                field, type_name = mapped[column]
                check(field in record, f"{name} {key} has no {field}")
                check(
                    same(record[field], printed, type_name),
                    f"{name} {key} {field} ({type_name}): {record[field]!r}, the shell prints {printed!r}",
                )
            else:
                check(column in keys, f"column {column} of {name} is in no field")
    equal(len(seen), len(expected), f"rows of {name}")
    return len(seen)


def test_every_row_of_chinook_comes_back_as_the_shell_prints_it():
    check(CHINOOK.exists(), f"{CHINOOK.name} is missing beside the checkout")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "Chinook Copy.sqlite"
        shutil.copyfile(CHINOOK, path)
        path.chmod(0o600)
        before = path.read_bytes()
        contract = opened(adopt(path))
        with Server(yaml.safe_dump(contract, sort_keys=False, allow_unicode=True), url=f"sqlite:{urllib.parse.quote(str(path))}") as server:
            server_tables = {name: resource for name, resource in contract["resources"].items() if "table" in resource}
            equal(len(server_tables), TABLES, "adopted tables")
            client = server.client()
            version = contract["service"].get("version", "v1")
            total = sum(compare(client, version, name, resource, path) for name, resource in server_tables.items())
            equal(total, ROWS, "rows in all")
            reads(client, version, server_tables, path)
            included(client, version, path)
            equal(server.stop(), 0, "the exit code after SIGTERM")
        for name, resource in server_tables.items():
            equal(shell(path, resource["table"]), shell(CHINOOK, resource["table"]), f"{name} after serving")
        check(len(path.read_bytes()) >= len(before), "the file became smaller")


def reads(client, version, resources, path):
    """Single records of every table, by their key."""
    for name, resource in resources.items():
        keys, _ = columns(resource)
        for row in shell(path, resource["table"])[::500]:
            number = ",".join(row[key] for key in keys)
            answer = client.get(f"/{version}/{name}/{number}")
            equal(answer.status, 200, f"{name} {number}: {answer}")
            equal(str(answer.json["id"]), number, f"the id of {name}")
            check(answer.headers.get("etag"), f"{name} {number} has no ETag")
            again = client.get(f"/{version}/{name}/{number}", **{"If-None-Match": answer.headers["etag"]})
            equal(again.status, 304, f"{name} {number} again")
        for wrong in ("0", "-1", "x", "99999999999999999999", "1,2,3", "%27"):
            answer = client.get(f"/{version}/{name}/{wrong}")
            check(answer.status == 404, f"{name}/{wrong}: {answer}")


def included(client, version, path):
    """The inverse of a ref, into a table with a key of two columns: the rows of this parent and of no other."""
    links = shell(path, "PlaylistTrack")
    for relation, parent, numbers in (("playlist", "PlaylistId", range(1, 19)), ("track", "TrackId", (1, 597, 3250, 3503))):
        for number in numbers:
            rows = [(int(row["PlaylistId"]), int(row["TrackId"])) for row in links if int(row[parent]) == number]
            answer = client.get(f"/{version}/{relation}/{number}?include=playlist_tracks")
            equal(answer.status, 200, f"{relation} {number}: {answer}")
            found = [record["id"] for record in answer.json["playlist_tracks"]["data"]]
            equal(found, [f"{a},{b}" for a, b in sorted(rows, reverse=True)[:20]], f"what {relation} {number} holds")
            equal(answer.json["playlist_tracks"]["page"]["next"] is not None, len(rows) > 20, f"whether {relation} {number} has more")


def test_an_adopted_contract_passes_check_and_grants_nothing():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "chinook.sqlite"
        shutil.copyfile(CHINOOK, path)
        path.chmod(0o600)
        text = adopt(path)
        target = pathlib.Path(folder) / "adopted.yaml"
        done = subprocess.run([command, "check", str(target)], capture_output=True, text=True, timeout=60)
        equal(done.returncode, 0, f"check: {done.stdout}{done.stderr}")
        contract = yaml.safe_load(text)
        with Server(text, url=f"sqlite:{path}") as server:
            client = server.client()
            for name in contract["resources"]:
                status = client.get(f"/{contract['service'].get('version', 'v1')}/{name}").status
                check(status in (401, 403, 404), f"{name} answers {status} before anyone decided on its rules")


if __name__ == "__main__":
    run(globals())
