"""What supervisors see of a process: health, addresses, logs, exit statuses."""

import json
import re
import time

from Support.certificates import Certificates
from Support.cluster import LOOPBACK, wait_for_version
from Support.jobs import write_job
from Support.waiting import wait_until

# Health.


def test_health_over_grpc_and_http(make_cluster):
    cluster = make_cluster(shards=1, workers=1)
    serving = cluster.serving()
    for process in (cluster.coordinator, cluster.shards[0]):
        assert "is serving" in cluster.sandbox.run("health", process.grpc).stdout
    for process in (cluster.coordinator, cluster.shards[0], cluster.workers[0]):
        assert "is ready" in cluster.sandbox.run("health", process.http).stdout
    # Well, and without a model not ready.
    cluster.sandbox.run("health", serving.http + "/healthz")
    assert "answers 503" in cluster.sandbox.run("health", serving.http, status=1).stderr
    error = cluster.sandbox.run("health", serving.grpc, status=1).stderr
    assert "notServing" in error


def test_serving_is_well_once_it_has_a_model(make_cluster, tmp_path, small_data):
    cluster = make_cluster(shards=1, workers=1)
    serving = cluster.serving()
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)
    cluster.export(job)
    wait_for_version(serving, "taste", 1)
    cluster.sandbox.run("health", serving.http)

    def is_serving():
        return cluster.sandbox.run("health", serving.grpc, status=None).returncode == 0

    wait_until(is_serving, 5, "gRPC says so, too")


def test_health_over_tls(sandbox):
    certificates = Certificates(sandbox)
    authority = ("--tls-ca", certificates.authority)

    def own(role):
        path = certificates.issue(role, f"{role}-0")
        return (*authority, "--tls-cert", path, "--tls-key", path)

    coordinator = sandbox.start(
        "coordinator", "coordinator", *LOOPBACK, "--state-dir", "state", *own("coordinator"))
    address = coordinator.grpc
    servers, client = [coordinator], own("client")
    (sandbox.folder / "models").mkdir()
    for role in ("shard", "serving"):
        servers.append(sandbox.start(
            role, role, *LOOPBACK, "--coordinator", address, *own(role)))
    for server in servers:
        server.wait_for("] ready$")
        expected = 1 if server.name == "serving" else 0
        done = sandbox.run("health", server.grpc, *client, status=expected)
        assert ("is serving" in done.stdout) == (expected == 0)
        if expected:
            assert "notServing" in done.stderr
        # In cleartext there is no answer.
        sandbox.run("health", server.grpc, "--timeout", "1s", status=1)


def test_health_of_nobody_and_of_something_else(sandbox):
    begin = time.monotonic()
    for address in ("127.0.0.1:1", "http://127.0.0.1:1"):
        error = sandbox.run("health", address, "--timeout", "500ms", status=1).stderr
        assert "127.0.0.1:1" in error
    assert time.monotonic() - begin < 10
    assert "expected HOST:PORT" in sandbox.run("health", "somewhere", status=64).stderr
    assert "--timeout" in sandbox.run("health", "a:1", "--timeout", "soon", status=64).stderr


# Addresses.


def test_the_advertised_address_is_not_the_one_listened_at(make_cluster, sandbox):
    cluster = make_cluster(shards=0, workers=0)
    shard = sandbox.start(
        "shard", "shard", "--listen", "0.0.0.0:0", "--insecure", "--http-listen", "127.0.0.1:0",
        "--cores", "2", "--name", "shard-0", "--advertise", "localhost",
        "--coordinator", cluster.address,
    )
    shard.wait_for("joined the cluster")
    assert shard.grpc.startswith("0.0.0.0:")
    addresses = cluster.members()["shard-0"]["core_addresses"]
    assert [address.split(":")[0] for address in addresses] == ["localhost"] * 2
    for address in addresses:
        sandbox.run("health", address)


def test_an_address_of_ipv6(make_cluster, sandbox, tmp_path, small_data):
    cluster = make_cluster(shards=0, workers=1)
    shard = sandbox.start(
        "shard", "shard", "--listen", "[::]:0", "--insecure", "--http-listen", "127.0.0.1:0",
        "--name", "shard-0", "--advertise", "::1", "--coordinator", cluster.address,
    )
    shard.wait_for("joined the cluster")
    (address,) = cluster.members()["shard-0"]["core_addresses"]
    assert re.fullmatch(r"\[::1\]:\d+", address)
    sandbox.run("health", address)
    # The worker and the export go there.
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)
    cluster.models.mkdir()
    cluster.export(job)


def test_a_shard_that_says_nowhere_where_it_is(sandbox):
    error = sandbox.run("shard", "--listen", "[::]:7200", "--insecure", status=64).stderr
    assert "give --advertise HOST" in error


# Logs.


def log_of(process):
    return [json.loads(line) for line in process.log.splitlines()]


def test_logs_are_json_lines(sandbox):
    process = sandbox.start(
        "coordinator", "coordinator", *LOOPBACK, "--state-dir", "state",
        environment={"LEHR_LOG_FORMAT": "auto"},
    )
    process.wait_for('"message":"ready"')
    process.terminate()
    lines = log_of(process)
    ready = next(line for line in lines if line["message"] == "ready")
    assert ready["level"] == "notice" and ready["logger"] == "lehr.coordinator"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ready["time"])
    assert re.fullmatch(r"127\.0\.0\.1:\d+", ready["metadata"]["grpc"])
    assert lines[-1]["message"] == "stopped"


# Ends.


def test_exit_statuses(sandbox):
    """Those of README.md."""
    sandbox.run("shard", "--cores", "many", status=64)
    first = sandbox.start("first", "coordinator", *LOOPBACK, "--state-dir", "state")
    taken = first.grpc
    sandbox.run("coordinator", "--listen", taken, "--http-listen", "127.0.0.1:0",
                "--state-dir", "other", status=69)
    sandbox.run("coordinator", *LOOPBACK, "--state-dir", "/proc/state", status=74)
    sandbox.run("members", "--coordinator", "127.0.0.1:1", status=1)
