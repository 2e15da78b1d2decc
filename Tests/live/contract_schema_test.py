"""Validates martlet.schema.json itself, and every example against it, with an independent validator.

Needs the packages `jsonschema` and `PyYAML` (requirements.txt).
"""

import copy
import json
import pathlib
import re
import sys

import yaml
from jsonschema import Draft202012Validator

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Core(yaml.SafeLoader):
    """YAML 1.2 core schema: only true and false are booleans, dates are texts."""


Core.yaml_implicit_resolvers = {}
for pattern, tag, first in [
    (r"^(?:true|True|TRUE|false|False|FALSE)$", "bool", "tTfF"),
    (r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "int", "-+0123456789"),
    (r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$", "float", "-+.0123456789"),
    (r"^(?:~|null|Null|NULL|)$", "null", ["~", "n", "N", ""]),
]:
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def errors(validator, document):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(document)]


def main():
    schema = json.loads((ROOT / "martlet.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    failures = []
    examples = sorted((ROOT / "examples").glob("*/martlet.yaml"))
    if not examples:
        failures.append("there is no example")
    for path in examples:
        document = yaml.load(path.read_text(), Loader=Core)
        for error in errors(validator, document):
            failures.append(f"{path.relative_to(ROOT)}: {error}")

    # A schema that takes everything would pass the above: each of these must be refused.
    shop = yaml.load((ROOT / "examples/shop/martlet.yaml").read_text(), Loader=Core)

    def changed(change):
        document = copy.deepcopy(shop)
        change(document)
        return document

    fields = lambda d: d["resources"]["products"]["fields"]
    wrong = {
        "no version": changed(lambda d: d.pop("martlet")),
        "another version": changed(lambda d: d.update(martlet=2)),
        "an unknown section": changed(lambda d: d.update(resorces={})),
        "an unknown key of a field": changed(lambda d: fields(d)["sku"].update(requierd=True)),
        "an option of another type": changed(lambda d: fields(d)["stock"].update(length="1..2")),
        "a malformed duration": changed(lambda d: d["store"].update(timeout="30 seconds")),
        "a number as a duration": changed(lambda d: d["store"].update(timeout=30)),
        "a malformed rate": changed(lambda d: d["limits"]["caller"].update(rate="60/fortnight")),
        "no roles": changed(lambda d: d["resources"]["products"]["access"].update(read=[])),
        "a name that is not snake_case": changed(lambda d: d.update(roles=["Admin"])),
        "an unknown word": changed(lambda d: d["resources"]["order_items"]["fields"]["order"].update(on_delete="drop")),
        "a field without a type": changed(lambda d: fields(d).update(x={"required": True})),
        "an inverse without by": changed(lambda d: d["resources"]["orders"]["fields"]["items"].pop("by")),
    }
    for name, document in wrong.items():
        if not errors(validator, document):
            failures.append(f"{name} is accepted")

    right = {
        "the short form of a field": changed(lambda d: fields(d).update(note="text")),
        "a list field": changed(lambda d: fields(d).update(tags={"type": "list of string", "length": "0..5", "pattern": "[a-z]+"})),
        "a number from the environment": changed(lambda d: d["store"].update(pool="${POOL:-5}")),
        "an adopted resource": changed(
            lambda d: d["resources"].update(
                Track={
                    "table": "Track", "id": {"column": "TrackId", "type": "integer"}, "revision": "none",
                    "fields": {"UnitPrice": {"type": "decimal", "precision": "10,2", "stored_as": "real"}},
                    "access": {"read": "nobody"},
                })),
    }
    for name, document in right.items():
        for error in errors(validator, document):
            failures.append(f"{name}: {error}")

    for failure in failures:
        print(failure, file=sys.stderr)
    total = 1 + len(examples) + len(wrong) + len(right)
    failed = min(total, len(failures))
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
