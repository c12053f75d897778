"""What the engine and the API's own schemas say of the chart, and which values it refuses."""

import json

import kubernetes_validate
import pytest
import yaml

import engine

VERSIONS = ("1.27.0", kubernetes_validate.latest_version())


def test_lint_has_nothing_to_say(chart):
    assert engine.lint(chart) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_strictly_valid(objects, version):
    assert objects.all
    for each in objects.all:
        kubernetes_validate.validate(each, version, strict=True)


def test_names_are_unique_and_short(objects):
    names = [(each["kind"], each["metadata"]["name"]) for each in objects.all]
    assert len(set(names)) == len(names)
    for _, name in names:
        # A pod of a StatefulSet has a number of up to three digits behind it.
        assert len(name) <= 59 and not name.endswith("-")


def test_notes_name_the_next_commands(chart):
    release = engine.install(chart, {})
    notes = release["info"]["notes"]
    for command in ("data generate", "job submit", "export two-tower", ":recommend"):
        assert command in notes
    assert "cleartext" in notes and "demo-lehr-client" in notes


BAD = [
    ({"shard": {"cores": 0}}, "/shard/cores"),
    ({"shard": {"cores": 1.5}}, "/shard/cores"),
    ({"shard": {"cores": 65}}, "/shard/cores"),
    ({"shard": {"replicas": 0}}, "/shard/replicas"),
    ({"shard": {"memory": "4GB"}}, "/shard/memory"),
    ({"shard": {"core": 2}}, "core"),
    ({"worker": {"resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}}, "/worker/resources/limits/cpu"),
    ({"worker": {"drainSeconds": -1}}, "/worker/drainSeconds"),
    ({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy"),
    ({"logLevel": "loud"}, "/logLevel"),
    ({"coordinator": {"settings": {"Lease_TTL": "1s"}}}, "/coordinator/settings"),
    ({"coordinator": {"persistence": {"accessModes": []}}}, "accessModes"),
    ({"coordinator": {"replicas": 2}}, "replicas"),
    ({"serving": {"service": {"type": "Public"}}}, "/serving/service/type"),
    ({"tsl": {"enabled": True}}, "tsl"),
    ({"networkPolicy": {"servingFrom": "everybody"}}, "/networkPolicy/servingFrom"),
    # Of what no schema can tell, the templates do.
    ({"tls": {"enabled": True}}, "tls.existingSecrets."),
    ({"tokens": {"existingSecret": "t"}}, "tokens need tls.enabled"),
]


@pytest.mark.parametrize("values, expected", BAD, ids=[json.dumps(v) for v, _ in BAD])
def test_bad_values_are_refused_by_name(chart, values, expected):
    with pytest.raises(engine.Refused) as caught:
        engine.render(chart, values)
    assert expected in str(caught.value)


def test_replicas_of_serving_cannot_share_a_certificate(chart):
    secrets = {role: "s" for role in ("coordinator", "shard", "worker", "serving", "client")}
    values = {"tls": {"enabled": True, "existingSecrets": secrets}}
    with pytest.raises(engine.Refused, match="serving.replicas"):
        engine.render(chart, {**values, "serving": {"replicas": 2}})
    engine.render(chart, {**values, "serving": {"replicas": 1}})


# Documentation.


def leaves(values, path=""):
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def expand(path):
    """`{coordinator,shard}.pdb.enabled` stands for one path for each."""
    if "{" not in path:
        return [path]
    head, _, rest = path.partition("{")
    choices, _, tail = rest.partition("}")
    return [p for choice in choices.split(",") for p in expand(head + choice.strip() + tail)]


def test_every_value_is_documented_and_nothing_else(chart):
    values = set(leaves(yaml.safe_load((chart / "values.yaml").read_text())))
    rows = [line.split("|")[1].strip() for line in (chart / "README.md").read_text().splitlines()
            if line.startswith("| `")]
    documented = [path for row in rows for path in expand(row.strip("`"))]
    assert len(set(documented)) == len(documented)
    assert {p for p in documented if not p.startswith("exit ")} == values


def test_every_value_has_a_schema_and_a_default(chart):
    schema = json.loads((chart / "values.schema.json").read_text())
    values = yaml.safe_load((chart / "values.yaml").read_text())

    def resolved(part):
        return schema["definitions"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part

    def compare(part, value, path):
        part = resolved(part)
        properties = part.get("properties")
        if properties is None:
            return
        assert part["additionalProperties"] is False, path
        assert set(properties) - {"global"} == set(value), path
        for key in value:
            compare(properties[key], value[key], f"{path}.{key}")

    compare(schema, values, "")
