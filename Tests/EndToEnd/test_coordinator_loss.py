"""The coordinator is lost while a job trains; nobody helps, and nothing is lost."""

import signal
import time

import grpc
import pytest

from Support import web
from Support.cluster import wait_for_version
from Support.jobs import write_job
from Support.waiting import wait_until

# A lease that outlives a coordinator that is away for a moment.
LONG_LEASE = ("--lease-ttl", "8s", "--heartbeat", "1s")
LEASE_SECONDS = 2


@pytest.fixture
def batches_applied(stubs):
    """`batches_applied(shard)`: as the shard itself tells it, with or without a coordinator."""

    def ask(shard):
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(shard.grpc, options=options) as channel:
            stub = stubs.shard_pb2_grpc.ShardStub(channel)
            request = stubs.shard_pb2.GetStatisticsRequest()
            partitions = stub.GetStatistics(request, timeout=10).partitions
            return sum(partition.batches_applied for partition in partitions)

    return ask


def test_killed_and_restarted(make_cluster, long_job, assert_as_undisturbed, batches_applied):
    cluster = make_cluster(lease=LONG_LEASE)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.2)
    incarnations = {name: m["incarnation"] for name, m in cluster.members().items()}
    cluster.coordinator.kill()

    # It is not on the path of pulls and pushes: training goes on.
    before = batches_applied(cluster.shards[0])
    wait_until(lambda: batches_applied(cluster.shards[0]) > before, 5, "a push meanwhile")
    cluster.run("members", status=1)
    cluster.restart_coordinator()

    assert_as_undisturbed(cluster, job)
    # Nobody had to join again.
    assert {n: m["incarnation"] for n, m in cluster.members().items()} == incarnations


def test_away_for_longer_than_a_lease(
    make_cluster, long_job, assert_as_undisturbed, batches_applied
):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.2)
    cluster.coordinator.kill()

    # Whatever the speed of this machine, the workers are still in their parts when the leases end.
    for worker in cluster.workers:
        worker.signal(signal.SIGSTOP)
    time.sleep(LEASE_SECONDS)
    before = [batches_applied(shard) for shard in cluster.shards]
    for worker in cluster.workers:
        worker.signal(signal.SIGCONT)

    # A shard that cannot renew its lease takes no writes.
    def are_refusing():
        return all(shard.metric("lehr_shard_refusals_total") > 0 for shard in cluster.shards)

    wait_until(are_refusing, 20, "the shards refuse writes")
    assert [batches_applied(shard) for shard in cluster.shards] == before
    for process in cluster.workers + cluster.shards:
        assert process.log.count("no coordinator yet") == 1
    cluster.restart_coordinator()

    assert_as_undisturbed(cluster, job)


def test_stopped_for_longer_than_a_lease(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.2)
    incarnations = {name: m["incarnation"] for name, m in cluster.members().items()}
    cluster.coordinator.signal(signal.SIGSTOP)
    time.sleep(2 * LEASE_SECONDS)
    cluster.coordinator.signal(signal.SIGCONT)

    # It ends no lease for having been away itself.
    cluster.coordinator.wait_for("this process has hung")
    assert_as_undisturbed(cluster, job)
    assert "a lease has ended" not in cluster.coordinator.log
    assert {n: m["incarnation"] for n, m in cluster.members().items()} == incarnations


def test_killed_again_and_again(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster(lease=LONG_LEASE)
    job = cluster.submit(long_job)
    for share in (0.1, 0.3, 0.5, 0.7):
        cluster.wait_for_progress(job, share)
        cluster.coordinator.kill()
        cluster.restart_coordinator()
    assert_as_undisturbed(cluster, job)


def test_a_watcher_waits_for_it(make_cluster, long_job):
    cluster = make_cluster(lease=LONG_LEASE)
    job = cluster.submit(long_job)
    watch = cluster.sandbox.start("watch", "job", "watch", job, "--coordinator", cluster.address)
    watch.wait_for("job 1 running")
    cluster.wait_for_progress(job, 0.2)
    cluster.coordinator.kill()
    cluster.restart_coordinator()

    cluster.wait_for_end(job)
    assert watch.wait() == 0
    assert "job 1 completed" in watch.log


def test_ended_jobs_are_remembered(make_cluster, tmp_path, small_data):
    cluster = make_cluster(lease=LONG_LEASE)
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)
    before = (cluster.json("job", "list"), cluster.json("placement"), cluster.counts(job))
    cluster.coordinator.kill()
    cluster.restart_coordinator()
    after = (cluster.json("job", "list"), cluster.json("placement"), cluster.counts(job))
    # Progress meters start anew.
    for jobs in (before[0], after[0]):
        for name in ("loss", "bytes_pulled", "bytes_pushed"):
            del jobs[0][name]
    assert after == before

    cluster.export(job)
    wait_for_version(cluster.serving(), "taste", 1)


def test_serving_answers_without_it(make_cluster, tmp_path, small_data):
    cluster = make_cluster()
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)
    cluster.export(job)
    serving = cluster.serving()
    wait_for_version(serving, "taste", 1)
    url = f"{serving.http}/v1/models/taste:recommend"
    before = web.post(url, {"user": 1})
    assert before.status == 200
    cluster.coordinator.kill()

    serving.wait_for("no coordinator yet")
    assert web.post(url, {"user": 1}) == before
    assert web.get(serving.http + "/readyz").status == 200

    # One that starts now serves what there is, and joins when it can.
    second = cluster.sandbox.start(
        "serving-1", "serving", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
        "--coordinator", cluster.address, "--model-dir", cluster.models,
    )
    wait_for_version(second, "taste", 1)
    assert web.post(f"{second.http}/v1/models/taste:recommend", {"user": 1}) == before
    cluster.restart_coordinator()
    second.wait_for("joined the cluster")
