"""Clusters over mutual TLS: who gets in, and certificates that change under way."""

import pytest

from Support.certificates import Certificates
from Support.secure import SecureCluster, tls


@pytest.fixture
def secure(sandbox):
    return SecureCluster(sandbox)


def test_trains_while_certificates_are_rotated(secure, long_job, assert_as_undisturbed):
    shards = [secure.shard(f"shard-{i}") for i in range(2)]
    workers = [secure.worker("worker-0")]
    members = [secure.coordinator, *shards, *workers]
    job = secure.submit(long_job)
    secure.wait_for_progress(job, 0.1)
    secure.certificates.run("rotate")
    for member in members:
        member.wait_for("new tls files are in use")
    # It comes with its new certificate, and is let in by those that have theirs.
    workers.append(secure.worker("worker-1"))
    assert secure.job(job)["state"] == "running"

    # A file that is no good changes nothing, and is told.
    secure.certificates.file("shard", "shard-0").write_text("-----BEGIN CERTIFICATE-----\n")
    shards[0].wait_for("new tls files cannot be used; the old ones stay")
    assert_as_undisturbed(secure, job)

    for member in members:
        assert member.metric("lehr_rpc_handshakes_total", outcome="done") > 0
        assert member.metric("lehr_rpc_handshakes_total", outcome="failed") == 0
        assert member.metric("lehr_tls_reloads_total", result="loaded") == 1
        assert member.metric("lehr_tls_certificate_expiry_timestamp_seconds") > 1.7e9
    assert shards[0].metric("lehr_tls_reloads_total", result="failed") == 1
    assert "joined the cluster" in workers[1].log


def test_who_gets_in(secure, sandbox):
    assert secure.json("members") == []
    done = secure.run("members", who=None, status=1)
    assert "the peer speaks TLS, and this side does not" in done.stderr
    authority = ("--tls-ca", secure.certificates.authority)
    done = secure.run("members", *authority, who=None, status=1)
    assert "the server asks for a certificate, and we have none" in done.stderr
    secure.coordinator.wait_for("the client shows no certificate")

    # Of another authority.
    other = Certificates(sandbox, "other", "test")
    stranger = tls(other, "client", "eve")
    done = secure.run("members", *stranger, who=None, status=1)
    assert "the certificate of the server is not accepted" in done.stderr
    done = secure.run("members", *stranger[:4], *authority, who=None, status=1)
    assert "refuses our certificate: it does not trust its authority" in done.stderr

    # A member does not pass for the coordinator.
    shard = secure.shard("shard-0")
    done = sandbox.run(
        *("members", "--coordinator", shard.grpc, *tls(secure.certificates, "client", "ann")),
        status=1,
    )
    assert "lehr://test/shard/shard-0, not a coordinator" in done.stderr
    assert secure.coordinator.metric("lehr_rpc_handshakes_total", outcome="failed") >= 2


def test_tls_where_there_is_none(sandbox, make_cluster):
    cluster = make_cluster(shards=0, workers=0)
    done = cluster.run("members", *tls(Certificates(sandbox), "client", "ann"), status=1)
    assert "the server does not speak TLS here: it answers in cleartext" in done.stderr


def test_cleartext_is_for_loopback(sandbox):
    for role in ("coordinator", "shard"):
        problems = sandbox.run(role, "--listen", "0.0.0.0:0", status=64).stderr
        assert "0.0.0.0:0 can be reached from other machines" in problems
        assert "--tls-cert" in problems and "--insecure" in problems
        reach = ("--advertise", "shard-0") if role == "shard" else ()
        sandbox.run(role, "--listen", "0.0.0.0:0", "--insecure", *reach, "--print-config")
    process = sandbox.start(
        *("open", "coordinator", "--listen", "0.0.0.0:0", "--http-listen", "127.0.0.1:0"),
        environment={"LEHR_INSECURE": "true"},
    )
    assert process.grpc.startswith("0.0.0.0:")


def test_wrong_files_are_told_at_the_start(sandbox):
    certificates = Certificates(sandbox)
    flags = tls(certificates, "worker", "w")
    assert "give all three, or none" in sandbox.run("shard", *flags[:4], status=64).stderr
    wrong_role = sandbox.run("shard", *flags, status=64).stderr
    assert "the certificate is for a worker, and this is a shard" in wrong_role
    assert "lehr certs issue shard NAME" in wrong_role
    wrong_name = sandbox.run("worker", *flags, "--name", "v", status=64).stderr
    assert "the certificate is for 'w', and --name says 'v'" in wrong_name
    certificates.issue("worker", "x")
    wrong_key = ("--tls-key", certificates.file("worker", "x"))
    mixed = sandbox.run("worker", *flags[:2], *wrong_key, *flags[4:], status=64).stderr
    assert "it is not the key of the certificate" in mixed
    absent = sandbox.run("worker", *flags[:4], "--tls-ca", "absent.pem", status=64).stderr
    assert "absent.pem" in absent and "no such file" in absent
