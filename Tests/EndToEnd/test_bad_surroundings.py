"""What a process finds when it starts is not as it should be."""

import os
import re
import socket
import subprocess

import pytest

from Support import web
from Support.cluster import LOOPBACK, Cluster
from Support.jobs import write_job

# As `lehr` documents them.
ADDRESS, STATE, REFUSED = 69, 74, 77
ROLES = ["coordinator", "shard", "worker", "serving"]


@pytest.fixture
def taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("role", ["coordinator", "shard"])
def test_a_port_in_use(sandbox, role, taken_port):
    done = sandbox.run(
        *(role, "--listen", taken_port, "--http-listen", "127.0.0.1:0"), status=ADDRESS, seconds=10
    )
    assert f"error: cannot listen at {taken_port}: Address already in use" in done.stderr
    assert "--listen" in done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_an_http_port_in_use(sandbox, role, taken_port):
    arguments = (role, "--listen", "127.0.0.1:0", "--http-listen", taken_port)
    done = sandbox.run(*arguments, status=ADDRESS, seconds=10)
    problem = f"error: cannot listen for HTTP on {taken_port}: Address already in use"
    assert problem in done.stderr and "--http-listen" in done.stderr


@pytest.mark.parametrize("role", ["shard", "worker", "serving"])
def test_a_coordinator_that_comes_later(sandbox, role, taken_port):
    # Bound but never accepted from would be a coordinator that hangs: here nobody listens.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    member = sandbox.start("member", role, *LOOPBACK, "--coordinator", address, "--name", "early")
    member.wait_for("no coordinator yet, trying again until it answers")
    if role != "serving":
        assert web.get(member.http + "/readyz").status == 503
    assert web.get(member.http + "/healthz").status == 200

    # Many tries later it has still said it once.
    sandbox.run("members", "--coordinator", address, status=1)
    coordinator = sandbox.start(
        "coordinator", "coordinator", "--listen", address, "--http-listen", "127.0.0.1:0"
    )
    member.wait_for("joined the cluster", seconds=15)
    assert member.log.count("no coordinator yet") == 1
    assert [m["name"] for m in sandbox.json("members", "--coordinator", coordinator.grpc)] == [
        "early"
    ]


def test_commands_without_a_coordinator(sandbox, taken_port):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    for command in (("members",), ("job", "list"), ("job", "watch", "1"), ("placement",)):
        problem = sandbox.run(*command, "--coordinator", address, status=1, seconds=30).stderr
        assert f"no answer from {address}" in problem and "If none runs there, `lehr coordinator` starts one" in problem
    assert "not an address" in sandbox.run("members", "--coordinator", "x", status=1).stderr


def test_two_coordinators_on_one_state_directory(sandbox):
    cluster = Cluster(sandbox)
    arguments = ("coordinator", *LOOPBACK, "--state-dir", cluster.state)
    problem = sandbox.run(*arguments, status=STATE, seconds=10).stderr
    assert "coordinator.db is in use by another coordinator" in problem
    # The first one is as it was.
    cluster.shard()
    assert "shard-0" in cluster.members()


def test_state_that_is_not_a_database(sandbox, tmp_path):
    (tmp_path / "state").mkdir()
    garbage = os.urandom(20_000)
    (tmp_path / "state/coordinator.db").write_bytes(garbage)
    arguments = ("coordinator", *LOOPBACK, "--state-dir", "state")
    assert "file is not a database" in sandbox.run(*arguments, status=STATE, seconds=10).stderr
    assert (tmp_path / "state/coordinator.db").read_bytes() == garbage


def test_a_state_directory_that_cannot_be_made(sandbox, tmp_path):
    (tmp_path / "file").write_text("")
    arguments = ("coordinator", *LOOPBACK, "--state-dir", "file/state")
    assert "file/state" in sandbox.run(*arguments, status=STATE, seconds=10).stderr


def test_a_damaged_identity(sandbox, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state/member.json").write_text("{")
    problem = sandbox.run("shard", *LOOPBACK, "--state-dir", "state", status=STATE).stderr
    assert "state/member.json is damaged" in problem


def test_a_member_of_another_cluster(sandbox, tmp_path):
    first = Cluster(sandbox)
    identity = ("--state-dir", tmp_path / "shard")
    first.shard("shard-0", *identity).terminate()
    second = sandbox.start(
        "second", "coordinator", *LOOPBACK, "--state-dir", tmp_path / "another"
    )
    problem = sandbox.run(
        *("shard", *LOOPBACK, "--coordinator", second.grpc, *identity), status=REFUSED, seconds=20
    ).stderr
    assert "and you were a member of" in problem and "fresh state directory" in problem
    assert sandbox.json("members", "--coordinator", second.grpc) == []


def test_a_name_that_is_not_allowed(sandbox):
    cluster = Cluster(sandbox)
    arguments = ("shard", *LOOPBACK, "--coordinator", cluster.address, "--name", "two words")
    problem = sandbox.run(*arguments, status=REFUSED, seconds=20).stderr
    assert 'member name "two words"' in problem
    assert cluster.members() == {}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB; skips where it may not be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "lehr-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, timeout=10)
    except OSError as error:
        pytest.skip(f"no small disk: {error}")
    if done.returncode != 0:
        pytest.skip(f"no small disk: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


def test_a_full_disk(small_disk, sandbox, tmp_path, small_data):
    cluster = Cluster(sandbox)
    coordinator = sandbox.start(
        "confined", "coordinator", *LOOPBACK, "--state-dir", small_disk / "state"
    )
    cluster.address = coordinator.grpc
    cluster.shard()
    before = cluster.members()
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(4096))

    # What cannot be made durable is not promised, and the process ends, saying why.
    file = write_job(tmp_path, small_data)
    cluster.run("job", "submit", file, status=1)
    assert coordinator.wait() == STATE
    assert re.search(r"^error: .*coordinator\.db: .*full", coordinator.log, re.M)

    # With room again, all that was promised is there.
    filler.unlink()
    cluster.state = small_disk / "state"
    cluster.restart_coordinator()
    assert cluster.members().keys() == before.keys()
    assert cluster.json("job", "list") == []
    cluster.worker()
    cluster.wait_for_end(cluster.submit(file))
