"""Property-based tests of the running shop by schemathesis: every check, no 5xx, no answer that the description lacks."""

import os
import pathlib
import subprocess
import sys

from harness import Failed, Server, check, equal, root, run

SHOP = root / "examples" / "shop" / "martlet.yaml"
CONFIGURATION = pathlib.Path(__file__).with_name("schemathesis.toml")
SEED = os.environ.get("MARTLET_CONTRACT_SEED", "1")
EXAMPLES = os.environ.get("MARTLET_CONTRACT_EXAMPLES", "25")
SECONDS = 420


def schemathesis(server, headers):
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    words = [
        str(program), "--config-file", str(CONFIGURATION), "run", f"{server.url}/v1/openapi.json",
        "--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES,
        "--workers", "1", "--request-timeout", "20", "--continue-on-failure", "--no-color", "--suppress-health-check", "all",
    ]
    for name, value in headers.items():
        words += ["--header", f"{name}: {value}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, cwd=server.folder)
    if done.returncode != 0:
        raise Failed("schemathesis found:\n" + done.stdout[-8000:] + done.stderr[-2000:])


def seed(server, token):
    """Some records, so that reads find something."""
    client = server.client(token)
    for number in range(3):
        body = {"sku": f"SEED-{number}", "name": f"Thing {number}", "price": {"amount": 100 * number, "currency": "EUR"}, "stock": 5}
        answer = client.send("POST", "/v1/products", body)
        equal(answer.status, 201, f"a product: {answer}")
    answer = client.send("POST", "/v1/customers", {"email": "ada@example.org", "name": "Ada"})
    equal(answer.status, 201, f"a customer: {answer}")
    answer = client.send("POST", "/v1/orders", {"customer": answer.json["id"], "total": {"amount": 500, "currency": "EUR"}})
    equal(answer.status, 201, f"an order: {answer}")


def no_server_error(server):
    errors = [line for line in server.log if '"status":5' in line.replace(" ", "")]
    equal(errors, [], "answers of 5xx in the log")
    check(server.process.poll() is None, "the server is gone")


def test_the_shop_keeps_its_description_for_a_caller_with_every_role(store):
    with Server(SHOP.read_text(), store) as server:
        token = server.token("ada", "admin", "finance", "support")
        seed(server, token)
        schemathesis(server, {"Authorization": f"Bearer {token}"})
        no_server_error(server)
        equal(server.stop(), 0, "the exit code after SIGTERM")


def test_the_shop_keeps_its_description_for_a_stranger():
    with Server(SHOP.read_text()) as server:
        seed(server, server.token("ada", "admin"))
        schemathesis(server, {})
        no_server_error(server)


if __name__ == "__main__":
    run(globals())
