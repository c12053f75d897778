"""A whole cluster over mutual TLS: it works, and each may do what is its own."""

import time

import grpc
import pytest

from Support import web
from Support.jobs import write_job
from Support.secure import TokenCluster
from Support.waiting import wait_until

DENIED = grpc.StatusCode.PERMISSION_DENIED
UNKNOWN = grpc.StatusCode.UNAUTHENTICATED


@pytest.fixture(scope="module")
def cluster(shared_sandbox):
    cluster = TokenCluster(shared_sandbox)
    cluster.shards = [cluster.shard("shard-0", "--cores", 2), cluster.shard("shard-1")]
    cluster.workers = [cluster.worker("worker-0")]
    return cluster


@pytest.fixture
def job_file(tmp_path, small_data):
    return write_job(tmp_path, small_data, name="secure")


@pytest.fixture
def call(cluster, stubs):
    """`call("Coordinator", "Join", REQUEST, ROLE, NAME)`: the status, and the message."""

    def call(service, method, request, role=None, name=None, address=None, token=None):
        module = getattr(stubs, f"{service.lower()}_pb2_grpc")
        metadata = [("authorization", f"Bearer {token}")] if token else []
        with cluster.channel(address or cluster.address, role, name) as channel:
            stub = getattr(module, f"{service}Stub")(channel)
            try:
                answer = getattr(stub, method)(request, timeout=20, metadata=metadata)
                # A stream is refused at its first message.
                next(answer) if hasattr(answer, "__next__") else None
                return grpc.StatusCode.OK, ""
            except grpc.RpcError as error:
                return error.code(), error.details()

    return call


def test_partitions_move_between_shards(cluster, job_file):
    job = cluster.submit(job_file)
    row = cluster.json("placement")[-1]
    there = {"shard-0": "shard-1", "shard-1": "shard-0"}[row["owner"]]
    answer = cluster.json("placement", "move", job, row["table"], row["partition"], there)
    assert answer["is_moved"]
    cluster.wait_for_end(job)


def test_a_job_is_trained_exported_and_served(cluster, job_file):
    job = cluster.submit(job_file)
    cluster.wait_for_end(job)
    assert cluster.counts(job)
    assert cluster.export(job)
    serving = cluster.serving("serving-0")
    wait_until(
        lambda: web.get(f"{serving.http}/v1/models/secure").status == 200, 20, "it is served"
    )
    assert {"shard-0", "shard-1", "worker-0", "serving-0"} <= set(cluster.members())


def test_a_worker_submits_nothing(cluster, job_file):
    done = cluster.run("job", "submit", job_file, who=("worker", "worker-0"), status=1)
    assert (
        "worker 'worker-0' may not call /lehr.v1.Coordinator/SubmitJob; "
        "the roles that may: client" in done.stderr
    )


def test_a_person_pushes_nothing(cluster, stubs, call):
    push = stubs.shard_pb2.PushRequest()
    address = cluster.shards[0].grpc
    code, message = call("Shard", "Push", push, "client", "ann", address)
    assert code == DENIED and "the roles that may: worker" in message
    # A worker's reaches the handler, which finds it wanting.
    code, _ = call("Shard", "Push", push, "worker", "worker-0", address)
    assert code not in (DENIED, UNKNOWN, grpc.StatusCode.UNAVAILABLE)
    scan = stubs.shard_pb2.ScanRequest()
    assert call("Shard", "Scan", scan, "worker", "worker-0", address)[0] == DENIED


def test_tokens(cluster, stubs, call, job_file):
    spec = job_file.read_text()
    submit = stubs.coordinator_pb2.SubmitJobRequest(spec=spec)
    stop = stubs.coordinator_pb2.GetJobRequest(job="secure")
    assert call("Coordinator", "SubmitJob", submit, token=cluster.token)[0] == grpc.StatusCode.OK
    assert call("Coordinator", "StopJob", stop, token=cluster.token)[0] == grpc.StatusCode.OK
    done = cluster.run_with_token(cluster.token, "job", "submit", job_file)
    assert "submitted job" in done.stdout

    # It is not shown to shards, so what only they can tell needs a certificate, and says so.
    status = cluster.run_with_token(cluster.token, "job", "status", "secure")
    assert "secure" in status.stdout and "shards ask for a certificate" in status.stderr
    export = cluster.run_with_token(cluster.token, "export", "secure", "models", status=1)
    assert "shards ask for a certificate" in export.stderr

    # A token is a person's.
    join = stubs.coordinator_pb2.JoinRequest(name="x", role=stubs.coordinator_pb2.ROLE_WORKER)
    assert call("Coordinator", "Join", join, token=cluster.token)[0] == DENIED
    code, message = call("Coordinator", "SubmitJob", submit)
    assert code == UNKNOWN and "--token-file" in message
    # Whoever has a certificate is what it says, whatever else is shown.
    code, _ = call("Coordinator", "StopJob", stop, "worker", "worker-0", token=cluster.token)
    assert code == DENIED

    cluster.sandbox.run("tokens", "revoke", "bob", "--tokens", cluster.tokens)
    wait_until(
        lambda: call("Coordinator", "StopJob", stop, token=cluster.token)[0] == UNKNOWN,
        10,
        "the revoked token is refused",
    )
    refused = cluster.run_with_token(cluster.token, "job", "list", status=1)
    assert "may have been revoked" in refused.stderr
    assert cluster.token.removeprefix("lehr_") not in refused.stderr + cluster.coordinator.log


def test_nobody_speaks_for_another(cluster, stubs, call):
    messages = stubs.coordinator_pb2
    incarnation = cluster.members()["worker-0"]["incarnation"]

    def join(name, role, *holder):
        fields = {"core_addresses": ["127.0.0.1:1"], "http_address": "127.0.0.1:1"}
        request = messages.JoinRequest(name=name, role=role, **fields)
        return call("Coordinator", "Join", request, *holder)

    code, message = join("shard-1", messages.ROLE_SHARD, "shard", "shard-0")
    assert code == DENIED and "shard 'shard-0' may not speak as shard 'shard-1'" in message
    assert join("shard-0", messages.ROLE_WORKER, "shard", "shard-0")[0] == DENIED
    assert join("ann", messages.ROLE_WORKER, "client", "ann")[0] == DENIED
    cluster.certificates.issue("worker", "thief")
    leave = messages.LeaveRequest(name="worker-0", incarnation=incarnation)
    assert call("Coordinator", "Leave", leave, "worker", "thief")[0] == DENIED
    acquire = messages.AcquireTaskRequest(worker="worker-0", incarnation=incarnation)
    assert call("Coordinator", "AcquireTask", acquire, "worker", "thief")[0] == DENIED
    assert cluster.members()["worker-0"]["incarnation"] == incarnation


def test_a_shard_does_not_pass_for_a_coordinator(cluster):
    """Its certificate is good for the host, and it is a member; but people mean the coordinator."""
    for credentials in (
        cluster.flags("client", "ann"), ("--tls-ca", cluster.certificates.authority)
    ):
        done = cluster.sandbox.run(
            *("members", "--coordinator", cluster.shards[0].grpc, *credentials), status=1
        )
        assert "is lehr://test/shard/shard-0, not a coordinator" in done.stderr


def test_tokens_need_clients_without_certificates(cluster):
    done = cluster.sandbox.run(
        "coordinator",
        *("--tokens", cluster.tokens, *cluster.flags("coordinator", "coordinator")),
        status=64,
    )
    assert "--tls-clients optional" in done.stderr


def test_denials_are_counted(cluster, call, stubs):
    def denied(code):
        return cluster.coordinator.metric("lehr_rpc_denied_total", code=code)

    # Metrics follow once a second: what the tests before have done is counted by then.
    time.sleep(1.5)
    before = denied("UNAUTHENTICATED"), denied("PERMISSION_DENIED")
    request = stubs.coordinator_pb2.ListJobsRequest()
    assert call("Coordinator", "ListJobs", request)[0] == UNKNOWN
    assert call("Coordinator", "ListJobs", request, "worker", "worker-0")[0] == DENIED
    wait_until(lambda: denied("UNAUTHENTICATED") == before[0] + 1, 5, "a stranger is counted")
    wait_until(lambda: denied("PERMISSION_DENIED") == before[1] + 1, 5, "a worker is counted")
