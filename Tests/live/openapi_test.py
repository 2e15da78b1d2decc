"""The OpenAPI description by independent readers: two validators, its examples against its own schemas, YAML against JSON.

The validators: openapi-spec-validator (the specification's own JSON Schema, and its rules beyond), and openapi-pydantic (a
typed model of the specification, written independently of it).
"""

import json
import subprocess

import openapi_pydantic
import yaml
from harness import check, command, equal, root, run
from jsonschema import FormatChecker
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

CONTRACTS = sorted(root.glob("examples/*/martlet.yaml"))
METHODS = ["get", "post", "put", "patch", "delete"]


def printed(contract, *arguments):
    words = [command, "openapi", "--contract", str(contract), *arguments]
    return subprocess.run(words, capture_output=True, check=True, timeout=60).stdout


def descriptions():
    check(CONTRACTS, "there is no example contract")
    for contract in CONTRACTS:
        yield contract.parent.name, json.loads(printed(contract))


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def test_openapi_spec_validator_finds_nothing():
    for name, document in descriptions():
        found = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in OpenAPIV31SpecValidator(document).iter_errors()]
        equal(found, [], name)


def test_openapi_pydantic_reads_all_of_it():
    for name, document in descriptions():
        read = openapi_pydantic.parse_obj(document)
        equal(len(read.paths), len(document["paths"]), name)


def test_yaml_says_the_same_as_json():
    for contract in CONTRACTS:
        equal(yaml.safe_load(printed(contract, "--format", "yaml")), json.loads(printed(contract)), contract.parent.name)


def test_the_origin_is_the_server():
    document = json.loads(printed(CONTRACTS[0], "--origin", "https://api.example"))
    equal(document["servers"], [{"url": "https://api.example"}], "the servers")


class Examples:
    """Checks each example beside a schema against it."""

    def __init__(self, document):
        self.document = document
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:description", resource)
        self.wrong = []
        self.count = 0

    def absolute(self, schema):
        """References lead into the whole document, from wherever the schema stands."""
        if isinstance(schema, dict):
            return {
                key: "urn:description" + value if key == "$ref" and str(value).startswith("#/components") else self.absolute(value)
                for key, value in schema.items()
            }
        return [self.absolute(each) for each in schema] if isinstance(schema, list) else schema

    def compare(self, schema, value, place):
        self.count += 1
        validator = OAS31Validator(self.absolute(schema), registry=self.registry, format_checker=FormatChecker())
        self.wrong += [f"{place} {list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(value)]

    def walk(self, node, place=""):
        if isinstance(node, dict):
            if "schema" in node:
                if "example" in node:
                    self.compare(node["schema"], node["example"], place)
                for name, example in node.get("examples", {}).items():
                    if "$ref" in example:
                        example = self.document["components"]["examples"][example["$ref"].rpartition("/")[2]]
                    self.compare(node["schema"], example["value"], f"{place}/{name}")
            for key, value in node.items():
                self.walk(value, f"{place}/{key}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                self.walk(value, f"{place}/{number}")


def test_every_example_is_valid():
    for name, document in descriptions():
        examples = Examples(document)
        examples.walk(document)
        for schema in document["components"]["schemas"].values():
            for example in schema.get("examples", []):
                examples.compare(schema, example, name)
        equal(examples.wrong, [], name)
        check(examples.count > 50, f"{name} has {examples.count} examples only")


def test_every_operation_is_described():
    for name, document in descriptions():
        for path, method, operation in operations(document):
            place = f"{name}: {method} {path}"
            for member in ["operationId", "summary", "tags", "security", "responses"]:
                check(member in operation, f"{place} has no {member}")
            problems = [status for status in operation["responses"] if status >= "400"]
            if path.startswith("/v1/") and not path.endswith("openapi.json"):
                check({"400", "401", "403", "406", "500", "503"} <= set(problems), f"{place} lacks problems: {problems}")


def test_every_code_of_a_problem_is_one_of_the_table():
    for name, document in descriptions():
        codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
        equal(sorted(document["components"]["examples"]), sorted(codes), name)
        used = set()
        for response in document["components"]["responses"].values():
            used |= set(response["content"]["application/problem+json"]["examples"])
        check(used <= set(codes), f"{name}: {used - set(codes)}")


if __name__ == "__main__":
    run(globals())
