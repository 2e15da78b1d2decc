"""What the command makes and prints is what its own other parts take: `new`, `token`, `check`, `/metrics`."""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from harness import Server, check, command, equal, run

CONTRACT = """
martlet: 1
service: {name: words, version: v1}
store: {url: "${DATABASE_URL}"}
resources:
  words:
    fields: {text: {type: string, required: true}}
    access: {create: anyone, read: anyone}
"""


def martlet(folder, *words, environment=None):
    return subprocess.run([command, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_what_new_makes_passes_check():
    with tempfile.TemporaryDirectory(prefix="martlet-live-") as folder:
        for name in ["shop", "my_shop_2"]:
            equal(martlet(folder, "new", name).returncode, 0, f"new {name}")
            done = martlet(pathlib.Path(folder) / name, "check", "--format", "json")
            equal((done.returncode, json.loads(done.stdout)["diagnostics"]), (0, []), f"check of {name}")
        for name in ["a__b", "a_", "_a", "Shop", "2shop", "a" * 60]:
            equal(martlet(folder, "new", name).returncode, 2, f"new {name}")
            check(not (pathlib.Path(folder) / name).exists(), f"{name} was made")


def test_tokens_live_as_long_as_they_are_told():
    with Server(CONTRACT) as server:
        for text, seconds in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("7d", 604_800), ("10y", 315_360_000)]:
            payload = server.token("ada", ttl=text).split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            equal(claims["exp"] - claims["iat"], seconds, text)
        for text in ["0s", "500ms", "11y", "1", "h", "-1h", "1h 30m", "99999999999999999999d"]:
            done = martlet(server.folder, "token", "--as", "ada", f"--ttl={text}", environment=server.environment)
            equal((done.returncode, done.stdout), (2, ""), text)


def test_an_empty_value_is_said_and_does_nothing():
    with tempfile.TemporaryDirectory(prefix="martlet-live-") as folder:
        martlet(folder, "new", "shop")
        shop = pathlib.Path(folder) / "shop"
        before = sorted(shop.iterdir())
        for words in (["backup", "--to", ""], ["restore", "--from=", "--into", "x.db"], ["restore", "--into", ""], ["token", "--as", ""]):
            done = martlet(shop, *words)
            equal((done.returncode, done.stdout), (2, ""), f"{words}")
            check("is empty" in done.stderr, f"{words}: {done.stderr}")
        equal(sorted(shop.iterdir()), before, "files that were made")


def test_documents_end_in_one_newline():
    with tempfile.TemporaryDirectory(prefix="martlet-live-") as folder:
        martlet(folder, "new", "shop")
        shop = pathlib.Path(folder) / "shop"
        for words in ["check --format json", "check --format sarif", "openapi", "schema", "check --explain mrt0101"]:
            done = martlet(shop, *words.split())
            equal(done.returncode, 0, words)
            check(done.stdout.endswith("\n") and not done.stdout.endswith("\n\n"), f"{words} ends in {done.stdout[-5:]!r}")


def test_the_audit_is_shown_with_its_places():
    with tempfile.TemporaryDirectory(prefix="martlet-live-") as folder:
        path = pathlib.Path(folder) / "martlet.yaml"
        path.write_text(CONTRACT.replace("${DATABASE_URL}", "sqlite:x.db").replace("text: {type: string,", "text: {type: string, personal: true,"))
        done = martlet(folder, "check")
        equal(done.returncode, 0, "findings of the audit are no errors")
        check("martlet.yaml:7:20: warning MRT0603: words.text is personal" in done.stdout, done.stdout)
        sarif = json.loads(martlet(folder, "check", "--format", "sarif").stdout)["runs"][0]
        results = {one["ruleId"]: one for one in sarif["results"]}
        equal(results["MRT0603"]["level"], "warning", "its level")
        rule = sarif["tool"]["driver"]["rules"][results["MRT0603"]["ruleIndex"]]
        equal(rule["id"], "MRT0603", "the rule that a result names")
        place = results["MRT0603"]["locations"][0]["physicalLocation"]
        equal((place["artifactLocation"]["uri"], place["region"]["startLine"]), ("martlet.yaml", 7), "its place")


COMPLETED = {
    # What is typed, and some of what must be offered.
    ("martlet", "se"): {"serve"},
    ("martlet", "serve", "--wa"): {"--watch"},
    ("martlet", "check", "--f"): {"--format"},
    ("martlet", "check", "marty"): {"marty.yaml"},
    ("martlet", "help", "ad"): {"adopt"},
}


def test_shells_complete_its_words():
    with tempfile.TemporaryDirectory(prefix="martlet-live-") as folder:
        (pathlib.Path(folder) / "marty.yaml").write_text("")
        script = martlet(folder, "completion", "bash").stdout
        for words, offered in COMPLETED.items():
            asked = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _martlet; printf '%s\\n' \"${{COMPREPLY[@]}}\""
            done = subprocess.run(["bash", "-c", script + asked], cwd=folder, capture_output=True, text=True, timeout=60)
            equal((done.returncode, done.stderr, set(done.stdout.split())), (0, "", offered), " ".join(words))
        for shell in ("zsh", "fish"):
            script = martlet(folder, "completion", shell).stdout
            check("--watch" in script or "-l watch" in script, f"{shell} knows --watch")
            if program := shutil.which(shell):
                done = subprocess.run([program, "-n"], input=script, capture_output=True, text=True, timeout=60)
                equal((done.returncode, done.stderr), (0, ""), f"{shell} reads it")
        equal(martlet(folder, "completion", "tcsh").returncode, 2, "another shell")


def test_what_only_grows_is_a_counter(store):
    with Server(CONTRACT, store=store) as server:
        for _ in range(3):
            equal(server.client().get("/v1/words").status, 200, "a list")
        text = server.client().get("/metrics").body.decode()
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        for name, kind in types.items():
            equal(kind == "counter", name.endswith("_total"), f"{name} is a {kind}")
        accepted = int(re.search(r"^martlet_http_connections_accepted_total (\d+)$", text, re.MULTILINE).group(1))
        check(4 <= accepted < 20, f"{accepted} connections for 4 requests")
        again = server.client().get("/metrics").body.decode()
        equal(sorted(types), sorted(re.findall(r"^# TYPE (\S+)", again, re.MULTILINE)), "the second scrape's figures")


if __name__ == "__main__":
    run(globals())
