"""`martlet new`: whatever it makes passes its check, serves, and fulfils its own policy test."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import check, command, equal, run


def make(folder, *words, check_exit=0):
    done = subprocess.run([command, "new", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    equal(done.returncode, check_exit, f"martlet new {' '.join(words)}: {done.stderr}")
    return done


def fulfils_its_policy(template):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-live-"))
    try:
        make(folder, "my_service", *template)
        service = folder / "my_service"
        equal(
            sorted(path.name for path in service.iterdir()), [".gitignore", "README.md", "compose.yaml", "martlet.yaml", "policy_test.sh"],
            "the files")
        done = subprocess.run([command, "check"], cwd=service, capture_output=True, text=True, timeout=60)
        equal(done.returncode, 0, f"martlet check: {done.stdout}{done.stderr}")
        # The test calls `martlet`.
        tools = folder / "tools"
        tools.mkdir()
        (tools / "martlet").symlink_to(pathlib.Path(command).resolve())
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        done = subprocess.run(["sh", "policy_test.sh"], cwd=service, env=environment, capture_output=True, text=True, timeout=120)
        equal(done.returncode, 0, f"the policy test: {done.stdout}{done.stderr}")
        check(done.stdout.count("ok  ") >= 9 and done.stdout.endswith("0 failed\n"), done.stdout)
        # A rule that lets more in is found.
        contract = service / "martlet.yaml"
        text = contract.read_text()
        for old, new in (("record.owner == caller.id ||", "authenticated ||"), ("create: [admin], update", "create: authenticated, update")):
            text = text.replace("read:   record.owner == caller.id || caller.has_role(\"editor\")", "read:   authenticated").replace(old, new)
        contract.write_text(text)
        done = subprocess.run(["sh", "policy_test.sh"], cwd=service, env=environment, capture_output=True, text=True, timeout=120)
        check(done.returncode > 0 and "FAILED" in done.stdout, f"a wider rule passed: {done.stdout}{done.stderr}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_default_template():
    fulfils_its_policy([])


def test_the_minimal_template():
    fulfils_its_policy(["--template", "minimal"])


def test_the_shop():
    fulfils_its_policy(["--template", "shop"])


def test_what_is_wrong_is_said():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-live-"))
    try:
        make(folder, "Shop", check_exit=2)
        done = make(folder, "shop", "--template", "none", check_exit=2)
        check("minimal, shop" in done.stderr, done.stderr)
        check(not (folder / "shop").exists(), "nothing was made")
        (folder / "there").mkdir()
        make(folder, "there", check_exit=1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(globals())
