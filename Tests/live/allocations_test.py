"""How many heap objects a GET allocates: a bound that is recorded here, so that it does not grow unseen.

Every malloc of the process counts, C libraries included. The figures are of a debug build, as the tests have it; the
release build's are in docs/benchmarks.md.
"""

import mmap
import os
import pathlib
import struct
import subprocess
import tempfile

from harness import Server, check, equal, run

CONTRACT = """
martlet: 1
service: {name: allocations, version: v1}
store: {url: "${DATABASE_URL}"}
roles: [admin]
resources:
  products:
    fields:
      sku:   {type: string, unique: true, required: true}
      name:  {type: string, required: true}
      price: {type: money, required: true}
    access: {read: authenticated, create: [admin]}
"""

ROUNDS = 1000
# Recorded: see docs/benchmarks.md. A request may take a little more where a buffer grows.
ITEM_MAX = int(os.environ.get("ALLOCATIONS_ITEM_MAX", "44"))
HEALTH_MAX = int(os.environ.get("ALLOCATIONS_HEALTH_MAX", "18"))


def counted(folder):
    """The shared number, and the environment that makes a process count in it."""
    library = folder / "counting_malloc.so"
    source = pathlib.Path(__file__).with_name("counting_malloc.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    file = folder / "count"
    file.write_bytes(bytes(8))
    with open(file, "r+b") as handle:
        number = mmap.mmap(handle.fileno(), 8)
    return number, {"LD_PRELOAD": str(library), "MALLOC_COUNT_FILE": str(file)}


def per_request(number, client, path):
    for _ in range(300):
        equal(client.get(path).status, 200, path)
    before = struct.unpack("=Q", number[:8])[0]
    for _ in range(ROUNDS):
        client.get(path)
    return (struct.unpack("=Q", number[:8])[0] - before) / ROUNDS


def test_a_get_allocates_no_more_than_recorded():
    with tempfile.TemporaryDirectory() as name:
        number, environment = counted(pathlib.Path(name))
        server = Server(CONTRACT)
        server.environment.update(environment)
        server.arguments += ["--threads", "1", "--log-level", "notice"]
        with server:
            client = server.client(server.token("ada", "admin"))
            made = client.send("POST", "/v1/products", {"sku": "A", "name": "Mug", "price": {"amount": 5, "currency": "EUR"}})
            equal(made.status, 201, "create")
            health = per_request(number, client, "/health/live")
            item = per_request(number, client, f"/v1/products/{made.json['id']}")
            print(f"heap objects a request: GET /health/live {health:.1f}, GET /v1/products/ID {item:.1f}")
            # What happens once a second, and not once a request, makes no whole object of it.
            check(health < HEALTH_MAX + 0.5, f"GET /health/live allocates {health:.1f} objects, at most {HEALTH_MAX} are recorded")
            check(item < ITEM_MAX + 0.5, f"GET /v1/products/ID allocates {item:.1f} objects, at most {ITEM_MAX} are recorded")


run(globals())
