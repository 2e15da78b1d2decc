"""Bearer tokens made by PyJWT, an independent peer, against the running service; and the service's own against PyJWT."""

import base64
import contextlib
import hashlib
import hmac
import json
import sqlite3
import threading
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness import Server, check, equal, run

SECRET = bytes(range(40))
KEYS = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "PS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
ALGORITHMS = ["HS256", *KEYS]


def contract():
    issuers = "\n".join(
        f"    {name.lower()}: {{issuer: 'https://{name.lower()}.example', audience: live, jwks: {name}.json,"
        f" roles: {{from: groups, map: {{writers: writer}}}}}}"
        for name in ALGORITHMS
    )
    return f"""
martlet: 1
service: {{name: live, version: v1}}
store: {{url: "${{DATABASE_URL:-sqlite:data/live.db}}"}}
roles: [writer, admin]
identity:
  issuers:
{issuers}
    pem: {{issuer: 'https://pem.example', audience: live, jwks: pem.pem}}
  claims: {{tier: string}}
resources:
  notes:
    fields:
      owner: {{ref: users, default: caller.id, immutable: true}}
      text: {{type: string, length: 0..100}}
    access:
      create: [writer]
      read: record.owner == caller.id || caller.tier == "gold"
  open:
    fields: {{text: {{type: string, length: 0..100}}}}
    access: {{read: authenticated, create: [admin]}}
"""


def jwk(name, kid="k1"):
    if name == "HS256":
        encoded = base64.urlsafe_b64encode(SECRET).rstrip(b"=").decode()
        return {"kty": "oct", "k": encoded, "alg": name, "kid": kid, "use": "sig"}
    algorithm = jwt.get_algorithm_by_name(name)
    made = algorithm.to_jwk(KEYS[name].public_key(), as_dict=True)
    made.pop("key_ops", None)
    return {**made, "alg": name, "kid": kid, "use": "sig"}


def files():
    sets = {f"{name}.json": json.dumps({"keys": [jwk(name)]}).encode() for name in ALGORITHMS}
    return {**sets, "pem.pem": public_pem("RS256")}


def public_pem(name):
    return KEYS[name].public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def make(name, changes=None, key=None, algorithm=None, headers=None):
    now = int(time.time())
    claims = {
        "iss": f"https://{name.lower()}.example", "sub": "u1", "aud": "live", "iat": now, "exp": now + 600, "groups": ["writers"],
        **(changes or {}),
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    key = key if key is not None else (SECRET if name == "HS256" else KEYS[name])
    header = {part: value for part, value in {"kid": "k1", **(headers or {})}.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm or name, headers=header)


def status(server, token):
    return server.client(token).get("/v1/open")


def refused(server, token, words, code="token_invalid"):
    answer = status(server, token)
    equal(answer.status, 401, words)
    equal(answer.json.get("code"), code, words)
    check("bearer" in answer.headers.get("www-authenticate", "").lower(), f"{words}: no WWW-Authenticate")


def test_every_algorithm_is_taken_with_its_own_key(store):
    with Server(contract(), store, files()) as server:
        for name in ALGORITHMS:
            equal(status(server, make(name)).status, 200, name)
            equal(status(server, make(name, headers={"kid": None})).status, 200, f"{name} without a kid")
            equal(status(server, make(name, {"aud": ["x", "live"]})).status, 200, f"{name} with two audiences")
            other = KEYS["ES256"] if name != "ES256" else ec.generate_private_key(ec.SECP256R1())
            refused(server, make(name, key=other, algorithm="ES256"), f"{name}'s issuer with another key")
            refused(server, make(name, headers={"kid": "k2"}), f"{name} with an unknown kid")
        equal(status(server, make("RS256", {"iss": "https://pem.example"})).status, 200, "an RSA key in PEM")


def test_forged_tokens_are_refused():
    with Server(contract(), files=files()) as server:
        now = int(time.time())
        refused(server, make("RS256", key="", algorithm="none"), "alg none")
        refused(server, forged("RS256", {"alg": "None"}), "alg None")
        # RFC 8725 section 2.1: the public key taken for a secret.
        for key in (public_pem("RS256"), public_pem("RS256").strip()):
            refused(server, confused("RS256", key), "HS256 with the public key as the secret")
        refused(server, make("RS256", key=KEYS["RS256"], algorithm="PS256"), "PS256 with a key for RS256")
        refused(server, make("RS256", key=KEYS["RS256"], algorithm="RS512"), "RS512")
        refused(server, make("ES256", headers={"crit": ["x"], "x": 1}), "an extension that is not understood")
        refused(server, make("ES256", headers={"typ": "dpop+jwt"}), "another type of token")
        refused(server, make("ES256", {"aud": "other"}), "another audience")
        refused(server, make("ES256", {"aud": None}), "no audience")
        refused(server, make("ES256", {"iss": "https://rs256.example"}), "another issuer's name")
        refused(server, make("ES256", {"sub": None}), "no subject")
        refused(server, make("ES256", {"exp": None}), "no end")
        refused(server, make("ES256", {"nbf": now + 300}), "not yet")
        refused(server, make("ES256", {"iat": now + 300}), "made in the future")
        refused(server, make("ES256", {"exp": now - 31}), "expired", "token_expired")
        equal(status(server, make("ES256", {"exp": now - 20})).status, 200, "within the leeway")
        head, body, tail = make("EdDSA").split(".")
        for words, token in {
            "a changed payload": f"{head}.{body[:-2]}AA.{tail}", "no signature": f"{head}.{body}.", "two parts": f"{head}.{body}",
            "four parts": f"{head}.{body}.{tail}.{tail}", "padding": f"{head}.{body}.{tail}==", "nothing": "x", "long": "a" * 8000,
        }.items():
            refused(server, token, words)
        for words in ("Bearer", "Bearer ", "Basic dTpw", "Token x", "Bearer a b"):
            answer = server.client().send("GET", "/v1/open", headers={"Authorization": words})
            equal(answer.status, 401, words)
        equal(server.client().get("/v1/open").status, 401, "no token")


def forged(name, header):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{make(name).split('.')[1]}.AAAA"


def confused(name, key):
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "k1"}).encode()).rstrip(b"=").decode()
    text = f"{head}.{make(name).split('.')[1]}"
    tail = base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    return f"{text}.{tail}"


def test_equal_subjects_of_two_issuers_are_two_people(store):
    with Server(contract(), store, files()) as server:
        owners = {}
        for name in ("ES256", "EdDSA", "ES256"):
            answer = server.client(make(name)).send("POST", "/v1/notes", {"text": name})
            equal(answer.status, 201, f"a note by {name}: {answer}")
            owners.setdefault(name, set()).add(answer.json["owner"])
        equal([len(found) for found in owners.values()], [1, 1], "rows of users for a caller")
        check(owners["ES256"] != owners["EdDSA"], "two issuers' callers share a row of users")
        equal(len(server.client(make("ES256")).get("/v1/notes").json["data"]), 2, "one's own notes")
        equal(len(server.client(make("ES256", {"tier": "gold"})).get("/v1/notes").json["data"]), 3, "with a declared claim")
        equal(len(server.client(make("ES256", {"tier": 7})).get("/v1/notes").json["data"]), 2, "a claim of another type is null")
        answer = server.client(make("ES256", {"groups": ["admin", "writer"]})).send("POST", "/v1/notes", {"text": "x"})
        equal(answer.status, 403, "a role that the contract does not map")


def test_callers_that_come_at_once_get_one_row(store):
    with Server(contract(), store, files()) as server:
        tokens = [make("EdDSA", {"sub": "many", "jti": str(number)}) for number in range(24)]
        statuses = []
        threads = [threading.Thread(target=lambda token=token: statuses.append(status(server, token).status)) for token in tokens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(statuses, [200] * 24, "the answers")
        equal(server.store.rows("SELECT count(*) FROM users WHERE subject = 'many'"), [("1",)], "rows of users")


def test_the_services_own_tokens_are_sound():
    with Server(contract(), files=files()) as server:
        token = server.token("ada", "writer", ttl="5m")
        path = server.folder / "data" / "signing.key"
        equal(path.stat().st_mode & 0o777, 0o600, "the mode of the key")
        key = serialization.load_pem_private_key(path.read_bytes(), None).public_key()
        claims = jwt.decode(
            token, key, algorithms=["EdDSA"], audience="martlet:live", issuer="martlet:live",
            options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]},
        )
        equal((claims["sub"], claims["roles"], claims["exp"] - claims["iat"]), ("ada", ["writer"], 300), "the claims")
        equal(server.client(token).send("POST", "/v1/notes", {"text": "x"}).status, 201, "a write with it")
        equal(server.client(server.token("ada")).send("POST", "/v1/notes", {"text": "x"}).status, 403, "without the role")
        stranger = jwt.encode({**claims}, ed25519.Ed25519PrivateKey.generate(), algorithm="EdDSA")
        refused(server, stranger, "a stranger's key")
        issuers_own = make("EdDSA", {"iss": "martlet:live", "aud": "martlet:live", "roles": ["admin"]})
        refused(server, issuers_own, "an issuer that speaks in the service's name")


def test_a_key_file_that_others_read_stops_the_start():
    with Server(contract(), files=files()) as server:
        equal(server.stop(), 0, "the exit code after SIGTERM")
        (server.folder / "data" / "signing.key").chmod(0o644)
        try:
            server.start()
        except Exception as problem:
            check("signing.key" in str(problem), f"the reason does not name the file: {problem}")
        else:
            check(False, "it served with a key that others may read")


def test_machines_share_a_key_from_a_file_or_from_the_environment():
    pem = KEYS["EdDSA"].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    first, second = Server(contract(), files=files()), Server(contract(), files={**files(), "shared.key": pem.encode()})
    (second.folder / "shared.key").chmod(0o440)
    first.environment["MARTLET_SIGNING_KEY"] = pem
    second.environment["MARTLET_SIGNING_KEY_FILE"] = str(second.folder / "shared.key")
    with first, second:
        for maker, taker in ((first, second), (second, first)):
            token = maker.token("ada", "writer")
            equal(taker.client(token).send("POST", "/v1/notes", {"text": "x"}).status, 201, "the other machine's token")
        for server in (first, second):
            check(not (server.folder / "data" / "signing.key").exists(), "a key was made beside the shared one")
            check(not any("PRIVATE" in line for line in server.log), "the key is in the log")
        equal(second.stop(), 0, "the exit code after SIGTERM")
        for wrong, words in (
            ({"MARTLET_SIGNING_KEY": pem}, "both given"), ({"MARTLET_SIGNING_KEY_FILE": "nowhere.key"}, "is not there"),
            ({"MARTLET_SIGNING_KEY_FILE": "", "MARTLET_SIGNING_KEY": "secret"}, "holds no Ed25519 key"),
        ):
            before = dict(second.environment)
            second.environment.update(wrong)
            try:
                second.start()
            except Exception as problem:
                check(words in str(problem) and "PRIVATE" not in str(problem), f"{wrong.keys()}: {problem}")
            else:
                check(False, f"it served with {wrong.keys()}")
            second.environment = before


WITH_USERS = """
martlet: 1
service: {name: live, version: v1}
store: {url: "${DATABASE_URL:-sqlite:data/live.db}"}
roles: [admin]
resources:
  users:
    fields: {nick: string}
    access: {read: authenticated, delete: [admin]}
  notes:
    fields:
      owner: {ref: users, default: caller.id}
    access: {create: authenticated, read: authenticated}
"""


def test_a_caller_whose_row_was_deleted_has_another_one(store):
    """Not the old id until the token ends: nothing could refer to it."""
    with Server(WITH_USERS, store) as server:
        ada, boss = server.client(server.token("ada")), server.client(server.token("boss", "admin"))
        users = lambda: {user["subject"]: user["id"] for user in boss.get("/v1/users").json["data"]}
        equal(ada.get("/v1/notes").status, 200, "her first request")
        first = users()["ada"]
        equal(boss.send("DELETE", f"/v1/users/{first}").status, 204, "her row goes")
        note = ada.send("POST", "/v1/notes", {})
        equal(note.status, 201, "her next request")
        check(note.json["owner"] == users()["ada"] != first, f"a note of {note.json['owner']}, {first} before")
        # By a batch, too.
        second = ada.send("POST", "/v1/notes", {}).json["owner"]
        other = server.client(server.token("bob"))
        equal(other.get("/v1/notes").status, 200, "another's first request")
        gone = users()["bob"]
        answer = boss.send("POST", "/v1/batch", {"operations": [{"method": "DELETE", "path": f"/v1/users/{gone}"}]})
        equal(answer.status, 200, "a batch")
        equal(other.send("POST", "/v1/notes", {}).status, 201, "another's next request")
        equal(ada.send("POST", "/v1/notes", {}).json["owner"], second, "she is who she was")


def test_a_row_that_another_process_deleted_is_missed_after_seconds(store):
    with Server(WITH_USERS, store) as server:
        ada, boss = server.client(server.token("ada")), server.client(server.token("boss", "admin"))
        equal(ada.get("/v1/notes").status, 200, "her first request")
        first = next(user["id"] for user in boss.get("/v1/users").json["data"] if user["subject"] == "ada")
        deletion = "DELETE FROM users WHERE subject = 'ada'"
        if store == "postgres":
            server.store.psql(server.store.url, deletion)
        else:
            with contextlib.closing(sqlite3.connect(server.store.path, timeout=10)) as database, database:
                database.execute(deletion)
        end = time.monotonic() + 30
        while (note := ada.send("POST", "/v1/notes", {})).status != 201:
            equal(note.status, 422, "a reference to a row that is gone")
            check(time.monotonic() < end, "the old row is remembered for long")
            threading.Event().wait(0.1)
        check(note.json["owner"] != first, "a new row")


if __name__ == "__main__":
    run(globals())
