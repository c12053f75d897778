"""Processes in a container: who they are, what they may and have, how they end."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from Support.cluster import LOOPBACK
from Support.sandbox import Sandbox
from Support.waiting import wait_until
from rootfs import USER, wrapper


def status_of(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.M))


def settings(done):
    return dict(line.split(maxsplit=2)[:2] for line in done.stdout.splitlines()[1:])


def test_they_are_not_root_and_may_nothing(make_cluster):
    cluster = make_cluster()
    for process in [cluster.coordinator, *cluster.shards, *cluster.workers, cluster.serving()]:
        status = status_of(process)
        assert set(status["Uid"].split()) == {str(USER)} == set(status["Gid"].split())
        assert int(status["CapEff"], 16) == 0


@pytest.mark.parametrize("path", ["/data-set", "/usr/local/bin/data-set", "/etc/data-set"])
def test_the_root_is_read_only(sandbox, rootfs, tmp_path, path):
    small = ("--users", 300, "--items", 200, "--interactions", 9000)
    # Not even root could write there.
    as_root = Sandbox(wrapper(rootfs, tmp_path, user=0), tmp_path)
    assert "read-only file system" in as_root.run("data", "generate", path, *small, status=1).stderr.lower()
    sandbox.run("data", "generate", path, *small, status=1)
    # The folder that stands for a volume is the user's.
    sandbox.run("data", "generate", "data-set", *small)


def test_nothing_is_missing_from_the_image(sandbox):
    assert "SUBCOMMANDS" in sandbox.run("--help").stdout.upper()


# Names.


def test_a_coordinator_that_comes_back_elsewhere_is_found_by_its_name(sandbox):
    """As a pod that is deleted does: the name stays, and the address does not."""
    hosts = sandbox.folder / "hosts"

    def start(address, port):
        hosts.write_text(f"{address} coordinator.test\n")
        return sandbox.start(
            "coordinator", "coordinator", "--listen", f"{address}:{port}",
            "--http-listen", "127.0.0.1:0", "--state-dir", "state",
            "--lease-ttl", "8s", "--heartbeat", "500ms",
        )

    first = start("127.0.0.2", 0)
    port = first.grpc.rpartition(":")[2]
    shard = sandbox.start("shard", "shard", *LOOPBACK, "--name", "shard-0",
                          "--coordinator", f"coordinator.test:{port}")
    shard.wait_for("joined the cluster")
    first.kill()
    second = start("127.0.0.3", port)
    assert second.grpc == f"127.0.0.3:{port}"

    def members():
        return sandbox.json("members", "--coordinator", second.grpc)

    incarnation = members()[0]["incarnation"]
    # Its lease is renewed at the new address, for longer than it would last without.
    end = time.monotonic() + 9
    wait_until(lambda: time.monotonic() > end, 10, "a lease has passed")
    assert [(m["name"], m["incarnation"]) for m in members()] == [("shard-0", incarnation)]
    assert shard.log.count("joined the cluster") == 1


# Limits.


@contextlib.contextmanager
def control_group(controller, **limits):
    """`join(command)` under a control group with these limits, of version 1 or 2; skips without."""
    group = make_control_group(controller, limits)
    if group is None:
        pytest.skip(f"no control group with a limit of {controller} can be made here")
    try:
        yield lambda command: [
            "sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh", *map(str, command),
        ]
    finally:
        group.rmdir()


def make_control_group(controller, limits):
    for parent in (f"/sys/fs/cgroup/{controller}", "/sys/fs/cgroup"):
        group = pathlib.Path(parent) / f"lehr-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        for name, value in limits.items():
            path = group / name.replace("__", ".")
            try:
                if path.exists():
                    path.write_text(value)
                    return group
            except OSError:
                pass
        group.rmdir()
    return None


def print_config(sandbox, join):
    command = join([sandbox.binary, "shard", "--print-config"])
    return settings(
        subprocess.run(command, env=sandbox.environment(), cwd=sandbox.folder,
                       capture_output=True, text=True, check=True, timeout=20)
    )


def test_cores_follow_the_limit_of_processors(sandbox):
    processors = len(os.sched_getaffinity(0))
    expected = processors if processors < os.cpu_count() else 1
    assert settings(sandbox.run("shard", "--print-config"))["cores"] == str(expected)
    with control_group("cpu", cpu__max="250000 100000", cpu__cfs_quota_us="250000") as join:
        assert print_config(sandbox, join)["cores"] == "2"


def test_table_memory_follows_the_limit_of_memory(sandbox):
    gibibyte = str(1 << 30)
    with control_group("memory", memory__max=gibibyte, memory__limit_in_bytes=gibibyte) as join:
        assert print_config(sandbox, join)["table-memory"] == "512MiB"


# Ends.


def test_every_role_ends_in_time_after_sigterm(make_cluster):
    cluster = make_cluster()
    members = [*cluster.workers, *cluster.shards, cluster.serving()]
    for process in [*members, cluster.coordinator]:
        status, seconds = process.terminate()
        assert (status, seconds < 5) == (0, True), process.name
        assert "stopped" in process.log


def test_the_first_process_of_a_container_ends_after_sigterm(sandbox):
    # No signal has an effect on process 1 unless it asks for it.
    done = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", sandbox.binary, "coordinator", *LOOPBACK,
         "--state-dir", "state"],
        env=sandbox.environment(), cwd=sandbox.folder, stderr=subprocess.PIPE, text=True,
    )
    try:
        while "] ready" not in (line := done.stderr.readline()):
            assert line, "it ended"
        children = pathlib.Path(f"/proc/{done.pid}/task/{done.pid}/children")
        if children.exists():
            child = int(children.read_text().split()[0])
        else:
            child = child_of(done.pid)
        os.kill(child, signal.SIGTERM)
        assert done.wait(10) == 0
    finally:
        done.kill()
        done.stderr.close()


def child_of(parent):
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    return int(entry.name)
    raise AssertionError(f"process {parent} has no child")
