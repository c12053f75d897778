"""Sequential mode: however many workers, and whatever becomes of them, the same bits come out."""

import pathlib

import pytest

from Support import safetensors
from Support.cluster import Cluster
from Support.jobs import write_job
from Support.sandbox import Sandbox

EPOCHS = 3


def write_sequential_job(folder, data):
    return write_job(folder, data, mode="sequential", epochs=EPOCHS, batch_size=8)


def vectors(export):
    """What was learnt: the exact bytes of each user's and each item's vector."""
    export = pathlib.Path(export)
    users = safetensors.rows_by_key(export / "users.safetensors", "user.keys", "user.vectors")
    items = safetensors.rows_by_key(export / "items.safetensors", "item.keys", "item.vectors")
    assert len(users) == 300 and len(items) == 200
    assert len(set(users.values())) == 300
    return users, items


def trained(cluster, job):
    cluster.wait_for_end(job)
    return vectors(cluster.export(job)), cluster.counts(job)


@pytest.fixture(scope="module")
def by_one_worker(binary, small_data, tmp_path_factory):
    """The vectors and the counts of the job, done by a single worker on a single shard."""
    folder = tmp_path_factory.mktemp("by-one")
    sandbox = Sandbox(binary, folder)
    try:
        cluster = Cluster(sandbox)
        cluster.shard()
        cluster.worker()
        yield trained(cluster, cluster.submit(write_sequential_job(folder, small_data)))
    finally:
        sandbox.close()


def test_by_two_workers(make_cluster, tmp_path, small_data, by_one_worker):
    cluster = make_cluster()
    job = cluster.submit(write_sequential_job(tmp_path, small_data))
    assert trained(cluster, job) == by_one_worker
    # Both have had a share in it.
    assert all("kind=train" in worker.log for worker in cluster.workers)


def test_a_worker_is_killed(make_cluster, tmp_path, small_data, by_one_worker):
    cluster = make_cluster()
    job = cluster.submit(write_sequential_job(tmp_path, small_data))
    for victim in range(2):
        cluster.wait_for_progress(job, 0.2 + 0.3 * victim)
        # Whoever holds the part now.
        holder = max(
            (worker for worker in cluster.workers if worker.is_running),
            key=lambda worker: last_task(worker),
        )
        name = holder.name
        holder.kill()
        cluster.workers = [w for w in cluster.workers if w is not holder] + [cluster.worker(name)]
    assert trained(cluster, job) == by_one_worker
    logs = "".join(process.log for process in cluster.sandbox.processes)
    assert "attempt=2 " in logs, "no part was taken over"


def last_task(worker):
    """The line that tells of the newest task; they begin with the time."""
    lines = [line for line in worker.log.splitlines() if "kind=train" in line]
    return lines[-1] if lines else ""


def test_the_coordinator_is_killed(make_cluster, tmp_path, small_data, by_one_worker):
    cluster = make_cluster(lease=("--lease-ttl", "8s", "--heartbeat", "1s"))
    job = cluster.submit(write_sequential_job(tmp_path, small_data))
    cluster.wait_for_progress(job, 0.4)
    cluster.coordinator.kill()
    cluster.restart_coordinator()
    assert trained(cluster, job) == by_one_worker


def test_eventual_mode_is_another_thing(make_cluster, tmp_path, small_data, by_one_worker):
    """The comparison can tell: two workers that do not wait for each other give other bits."""
    cluster = make_cluster()
    job = cluster.submit(write_job(tmp_path, small_data, epochs=EPOCHS, batch_size=8))
    (users, items), counts = trained(cluster, job)
    assert counts == by_one_worker[1]
    assert users != by_one_worker[0][0] and items != by_one_worker[0][1]
