"""SIGTERM: a role ends within two seconds, with status 0, and leaves nothing half-written."""

import signal
import time

import pytest

from Support.cluster import wait_for_version
from Support.jobs import write_job


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle(make_cluster, number):
    cluster = make_cluster(shards=1, workers=1)
    members = {"serving-0": cluster.serving()}
    members |= {"worker-0": cluster.workers[0], "shard-0": cluster.shards[0]}
    for name, process in members.items():
        assert name in cluster.members()
        process.signal(number)
        assert process.wait(2) == 0
        # At once: it gave its lease back.
        assert name not in cluster.members()
        assert process.log.rstrip().endswith("stopped")
    cluster.coordinator.signal(number)
    assert cluster.coordinator.wait(2) == 0


def test_at_work(make_cluster, long_job):
    """All at once, in the middle of training, with a watcher and a client connected."""
    cluster = make_cluster()
    cluster.serving()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    watch = cluster.sandbox.start("watch", "job", "watch", job, "--coordinator", cluster.address)
    watch.wait_for("job 1 running")
    roles = [process for process in cluster.sandbox.processes if process is not watch]
    end = time.monotonic() + 2
    for process in roles:
        process.signal(signal.SIGTERM)
    assert [process.wait(end - time.monotonic()) for process in roles] == [0] * len(roles)


def test_coordinator_starts_again_where_it_was(make_cluster, tmp_path, small_data):
    cluster = make_cluster(lease=("--lease-ttl", "8s", "--heartbeat", "1s"))
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)
    before = cluster.members().keys(), cluster.counts(job)
    status, seconds = cluster.coordinator.terminate()
    assert (status, seconds < 2) == (0, True)
    # One file: nothing waits to be written.
    assert [path.name for path in cluster.state.iterdir()] == ["coordinator.db"]

    cluster.restart_coordinator()
    assert (cluster.members().keys(), cluster.counts(job)) == before
    cluster.export(job)
    wait_for_version(cluster.serving(), "taste", 1)
    following = cluster.submit(write_job(tmp_path, small_data))
    assert following == job + 1
    cluster.wait_for_end(following)


def test_in_the_middle_of_an_export(make_cluster, tmp_path, small_data):
    cluster = make_cluster(workers=1)
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)
    export = cluster.sandbox.start(
        "export", "export", job, cluster.models, "--coordinator", cluster.address
    )
    export.wait_for("export: ")
    if export.is_running:
        export.kill()
    # Whole or not at all.
    done = [path for path in cluster.models.glob("taste/*") if path.name.isdigit()]
    for path in done:
        assert (path / "manifest.json").exists()
    following = cluster.export(job)
    assert following.endswith(f"/{len(done) + 1}")
    serving = cluster.serving()
    wait_for_version(serving, "taste", len(done) + 1)
