"""A shard is lost with the rows that it owned: the job fails, and says which shard it was."""

import signal
import time

from Support.cluster import LOOPBACK
from Support.jobs import write_job
from Support.waiting import wait_until


def test_killed(make_cluster, long_job):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    watch = cluster.sandbox.start("watch", "job", "watch", job, "--coordinator", cluster.address)
    watch.wait_for("job 1 running")
    cluster.shards[1].kill()
    begin = time.monotonic()
    status = cluster.wait_for_end(job, "failed", seconds=10)

    # The lease is 2 s.
    assert time.monotonic() - begin < 4
    address = cluster.shards[1].grpc
    assert status["message"] == (
        f"shard shard-1 ({address}) was lost: its lease ended without renewal; "
        "the rows it owned are gone"
    )
    assert watch.wait() == 1
    assert "shard shard-1" in watch.log
    assert "shard shard-1" in cluster.run("job", "status", job).stdout
    assert cluster.json("placement") == []
    assert "shard shard-1" in cluster.run("export", job, cluster.models, status=1).stderr


def test_killed_and_restarted_under_its_name(make_cluster, long_job, small_data, tmp_path):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    cluster.shards[1].kill()
    cluster.shard("shard-1")
    status = cluster.wait_for_end(job, "failed", seconds=10)
    assert "shard shard-1" in status["message"]
    assert "another process joined under its name" in status["message"]

    # The cluster is whole again: the next job is trained, on both.
    following = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(following)
    assert {row["owner"] for row in cluster.json("placement")} == {"shard-0", "shard-1"}


def test_stopped_until_its_lease_has_ended(make_cluster, long_job, small_data, tmp_path):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    frozen = cluster.shards[1]
    incarnation = cluster.members()["shard-1"]["incarnation"]
    frozen.signal(signal.SIGSTOP)
    # Its connections stand; it is the lease that tells.
    message = cluster.wait_for_end(job, "failed", seconds=10)["message"]
    assert "shard shard-1" in message and "its lease ended without renewal" in message
    assert "shard-1" not in cluster.members()

    frozen.signal(signal.SIGCONT)
    frozen.wait_for("the lease has ended, joining anew")
    wait_until(lambda: "shard-1" in cluster.members(), 5, "shard-1 is a member again")
    assert cluster.members()["shard-1"]["incarnation"] > incarnation
    following = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(following)
    assert {row["owner"] for row in cluster.json("placement")} == {"shard-0", "shard-1"}


def test_started_twice(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    before = cluster.members()["shard-1"]
    double = cluster.sandbox.start(
        "double", "shard", *LOOPBACK, "--coordinator", cluster.address, "--name", "shard-1"
    )
    double.wait_for("the name is taken, trying again until it is free")

    # Who has the name keeps it, and its rows.
    assert_as_undisturbed(cluster, job)
    after = cluster.members()["shard-1"]
    assert after["incarnation"] == before["incarnation"]
    assert "joined the cluster" not in double.log


def test_told_to_end(make_cluster, long_job):
    cluster = make_cluster(shards=1)
    other = cluster.shard("shard-1", "--hand-over", "0s")
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    status, seconds = other.terminate()
    assert (status, seconds < 2) == (0, True)
    assert "shard-1" not in cluster.members()
    message = cluster.wait_for_end(job, "failed", seconds=2)["message"]
    assert "shard shard-1" in message and "it stopped" in message


def test_the_last_one_has_nobody_to_hand_over_to(make_cluster, long_job):
    cluster = make_cluster(shards=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    status, seconds = cluster.shards[0].terminate()
    assert (status, seconds < 2) == (0, True)
    assert "shard-0 is the only shard that takes rows" in cluster.shards[0].log
    assert "shard shard-0" in cluster.wait_for_end(job, "failed", seconds=2)["message"]


def test_a_process_without_a_lease_does_not_drain_its_namesake(
    make_cluster, long_job, assert_as_undisturbed
):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    double = cluster.sandbox.start(
        "double", "shard", *LOOPBACK, "--coordinator", cluster.address, "--name", "shard-1",
        "--cores", 1,
    )
    double.wait_for("the name is taken")
    assert double.terminate()[0] == 0
    assert cluster.shards[1].is_running
    assert_as_undisturbed(cluster, job)
    assert {row["owner"] for row in cluster.json("placement")} == {"shard-0", "shard-1"}


def test_lost_after_the_job_has_ended(make_cluster, small_data, tmp_path):
    cluster = make_cluster(shards=1)
    other = cluster.shard("shard-1", "--hand-over", "0s")
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)
    other.terminate()
    status = cluster.job(job)
    assert status["state"] == "completed"
    assert "shard shard-1" in status["message"]
    assert "can no longer be exported" in status["message"]
