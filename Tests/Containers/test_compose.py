"""docker/compose.yaml and docker/Dockerfile, read: they say what the binary knows and what README.md says."""

import re
import subprocess

import pytest
import yaml

from Support.image import image_environment

ROLES = {"coordinator", "shard", "worker", "serving"}
MEMBERS = {"coordinator", "shard-0", "shard-1", "worker-0", "worker-1", "serving"}


@pytest.fixture(scope="module")
def compose(root):
    return yaml.safe_load((root / "docker/compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


@pytest.fixture(scope="module")
def dockerfile(root):
    return (root / "docker/Dockerfile").read_text()


def settings(binary, role, environment):
    done = subprocess.run([binary, role, "--print-config"], env=environment,
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return dict(line.split(maxsplit=2)[:2] for line in done.stdout.splitlines()[1:])


def test_there_is_a_process_for_each_role(services):
    assert MEMBERS < set(services)
    assert {services[name]["command"] for name in MEMBERS} == ROLES
    # The demo is not started with the others.
    assert all("profiles" not in services[name] for name in MEMBERS)
    assert services["demo"]["profiles"] == ["demo"]


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_the_binary_takes_each_service(binary, services, dockerfile, name):
    service = services[name]
    given = {**image_environment(dockerfile), **service["environment"]}
    found = settings(binary, service["command"], given)
    for variable, value in service["environment"].items():
        key = variable.removeprefix("LEHR_").lower().replace("_", "-")
        # An unknown variable has no effect: the binary has to know it.
        assert found[key] == value, variable
    if name != "coordinator":
        host, _, port = found["coordinator"].partition(":")
        listen = settings(binary, "coordinator", services[host]["environment"])["listen"]
        assert listen == f"0.0.0.0:{port}"
    if service["command"] == "shard":
        # The name under which compose knows it.
        assert found["advertise"] == name == found["name"]
    assert found["http-listen"].rpartition(":")[2] in ("8080", "8501")


def test_services_are_confined(services):
    for name in (*MEMBERS, "demo"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service and "user" not in service
        assert service["stop_grace_period"] == ("45s" if "shard" in name else "15s")
    for name in MEMBERS:
        limits = services[name]["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) == int(float(limits["cpus"])) and limits["memory"]
    # One door, for this machine.
    published = [p for name in services for p in services[name].get("ports", [])]
    assert published == ["127.0.0.1:8501:8501"]


def test_the_order_of_starting_waits_for_health(services):
    def waits(name):
        found = services[name].get("depends_on", {})
        assert all(each["condition"] == "service_healthy" for each in found.values())
        return set(found)

    assert waits("coordinator") == set()
    for name in ("shard-0", "shard-1", "serving"):
        assert waits(name) == {"coordinator"}
    for name in ("worker-0", "worker-1"):
        assert waits(name) == {"shard-0", "shard-1"}


def test_volumes_are_declared_and_within_the_image_s_folders(compose, services, dockerfile):
    folders = re.search(r"install -d -o lehr -g lehr ([^\\\n]*)", dockerfile)[1].split()
    for name in services:
        for volume in services[name].get("volumes", []):
            source, target, *mode = volume.split(":")
            assert source in compose["volumes"]
            # Otherwise the volume would be root's.
            assert target in folders
            if source in ("datasets", "models"):
                assert (mode == ["ro"]) == (name != "demo"), name


def test_readme_has_its_commands(root):
    text = (root / "README.md").read_text()
    assert "docker compose -f docker/compose.yaml up" in text
    assert "docker compose -f docker/compose.yaml run --rm demo" in text
    assert "http://127.0.0.1:8501/v1/models/two-tower:recommend" in text


# The Dockerfile.


def test_nothing_is_downloaded_but_packages(dockerfile):
    assert not re.search(r"\b(curl|wget|ADD|git clone|pip|npm)\b", dockerfile)
    assert "--static-swift-stdlib" in dockerfile


def test_the_user_is_one_that_kubernetes_can_check(dockerfile):
    assert re.search(r"^USER 10001:10001$", dockerfile, re.M)
    assert re.search(r"^VOLUME /data$", dockerfile, re.M)


def test_the_health_check_asks_where_the_image_listens(dockerfile):
    environment = image_environment(dockerfile)
    command = re.search(r"CMD (lehr health .*)$", dockerfile, re.M)[1]
    asked = subprocess.run(["sh", "-c", command.replace("lehr health", "echo")], env=environment,
                           capture_output=True, text=True, check=True).stdout.strip()
    assert asked == "http://127.0.0.1:8080"


def test_the_build_sees_what_it_needs_and_no_more(root):
    lines = (root / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == {"Package.swift", "Sources", "Tests", "Scripts/install-dependencies",
                      "Examples/*.yaml"}
    # Of the tests only those that the package names: SwiftPM reads where its targets are.
    for folder in (root / "Tests").iterdir():
        if folder.is_dir() and not folder.name.startswith((".", "__")):
            assert (f"Tests/{folder.name}" in rules) != folder.name.startswith("Lehr"), folder
