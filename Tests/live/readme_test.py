"""The README's lines work as they are printed: its commands are run, in order, against the shop."""

import os
import re
import subprocess

from harness import Server, check, command, equal, root, run


def blocks(section):
    """The shell blocks under a heading of the README."""
    text = (root / "README.md").read_text()
    part = text.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)


def outputs(server, texts):
    """Runs the blocks in one shell; what each printed."""
    lines = ["set -euo pipefail"]
    for text in texts:
        text = text.replace("http://127.0.0.1:8080", server.url).replace(".build/release/martlet", command)
        # A browser is not opened here.
        lines += [re.sub(r"^open ", "curl -sSf ", text, flags=re.MULTILINE), "echo; echo ----"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=root, env={**os.environ, **server.environment}, capture_output=True, text=True, timeout=120
    )
    equal(done.returncode, 0, f"the shell's exit code: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return done.stdout.split("\n----\n")[:-1]


def test_the_curl_lines_work_as_printed(store):
    texts = blocks("Try it")
    check(len(texts) >= 6, f"there are only {len(texts)} blocks under Try it")
    with Server((root / "examples/shop/martlet.yaml").read_text(), store=store) as server:
        _, created, listed, changed, refused, described = outputs(server, texts)[:6]
        check(" 201 " in created and '"sku":"TEA-01"' in created, f"creating: {created}")
        check(listed.count('"Green tea"') == 3, f"listing: {listed}")
        check(" 200 " in changed and '"stock":11' in changed, f"changing: {changed}")
        check('"code":"validation"' in refused and "did you mean" in refused, f"refusing: {refused}")
        check('"title"' in described and "<html" in described.lower(), f"describing: {described[:500]}")


def test_the_contract_it_shows_is_sound():
    text = (root / "README.md").read_text()
    contracts = re.findall(r"```yaml\n(martlet: 1\n.*?)```", text, re.DOTALL)
    equal(len(contracts), 1, "contracts in the README")
    with Server(contracts[0]) as server:
        server.martlet("check", "--contract", str(server.contract))


if __name__ == "__main__":
    run(globals())
