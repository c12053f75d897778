"""Partitions that get other owners while a job trains: every batch is applied once all the same."""

import concurrent.futures
import pathlib
import re
import signal

import pytest

from Support import web
from Support.waiting import wait_until


def test_partitions_move_to_and_fro(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster(shards=2)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    moved = 0
    for row in cluster.json("placement")[:6]:
        there = {"shard-0": "shard-1", "shard-1": "shard-0"}[row["owner"]]
        for shard in (there, row["owner"]):
            answer = cluster.json(
                "placement", "move", job, row["table"], row["partition"], shard
            )
            assert answer["is_moved"], answer
            moved += 1
    assert moved == 12 and cluster.job(job)["state"] == "running"
    assert_as_undisturbed(cluster, job)


def test_what_has_left_leaves_no_memory_behind(make_cluster, long_job):
    cluster = make_cluster(shards=1)
    emptied = cluster.shard("shard-emptied")
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    here = [row for row in cluster.json("placement") if row["owner"] == "shard-emptied"]
    assert here and emptied.metric("lehr_shard_memory_used_bytes") > 0
    for row in here:
        cluster.json("placement", "move", job, row["table"], row["partition"], "shard-0")
    wait_until(
        lambda: emptied.metric("lehr_shard_memory_used_bytes") == 0, 5, "all of it is given back"
    )
    assert cluster.job(job)["state"] == "running"


@pytest.mark.parametrize("how", ["by an operator", "by SIGTERM"])
def test_a_shard_that_is_drained_hands_over_and_ends(
    make_cluster, long_job, assert_as_undisturbed, how
):
    cluster = make_cluster(shards=1)
    leaving = cluster.shard("shard-leaving")
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    assert "shard-leaving" in {row["owner"] for row in cluster.json("placement")}
    if how == "by SIGTERM":
        leaving.signal(signal.SIGTERM)
    else:
        answer = cluster.run("drain", "shard-leaving")
        assert re.search(r"shard-leaving has left, and nothing is lost$", answer.stdout.strip())
    assert leaving.wait() == 0 and "drained, nothing is left here" in leaving.log
    assert {row["owner"] for row in cluster.json("placement")} == {"shard-0"}
    assert cluster.job(job)["state"] == "running"
    assert_as_undisturbed(cluster, job)


def test_a_destination_that_is_killed_costs_nothing(
    make_cluster, long_job, assert_as_undisturbed
):
    cluster = make_cluster(shards=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    begin_move_to_a_stopped_shard(cluster, job).kill()
    assert_as_undisturbed(cluster, job)
    assert {row["owner"] for row in cluster.json("placement")} == {"shard-0"}


def test_a_coordinator_that_is_killed_goes_on_with_the_move(
    make_cluster, long_job, assert_as_undisturbed
):
    cluster = make_cluster(shards=1, lease=("--lease-ttl", "8s", "--heartbeat", "1s"))
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    late = begin_move_to_a_stopped_shard(cluster, job)
    cluster.coordinator.kill()
    late.signal(signal.SIGCONT)
    cluster.restart_coordinator()
    assert_as_undisturbed(cluster, job)
    wait_until(lambda: "moving_to" not in cluster.json("placement")[0], 20, "the move's end")
    assert cluster.json("placement")[0]["owner"] == "shard-late"
    wait_until(lambda: late.metric("lehr_shard_arrived_partitions_total") == 1, 5, "it is counted")
    assert late.metric("lehr_shard_moved_rows_total", direction="in") > 0
    assert web.metric(f"{cluster.coordinator.http}/metrics", "lehr_moving_partitions") == 0


def test_a_source_that_is_killed_takes_its_rows_along(make_cluster, long_job):
    cluster = make_cluster(shards=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    late = begin_move_to_a_stopped_shard(cluster, job)
    cluster.shards[0].kill()
    late.signal(signal.SIGCONT)
    status = cluster.wait_for_end(job, "failed", seconds=20)
    assert "shard shard-0" in status["message"] and "was lost" in status["message"]
    assert cluster.json("placement") == []


def begin_move_to_a_stopped_shard(cluster, job):
    late = cluster.shard("shard-late")
    first = cluster.json("placement")[0]
    # It cannot copy while it is stopped.
    late.signal(signal.SIGSTOP)
    cluster.run(
        "placement", "move", job, first["table"], first["partition"], "shard-late",
        "--no-wait",
    )
    assert cluster.json("placement")[0]["moving_to"] == "shard-late"
    return late


def test_what_is_exported_meanwhile_is_whole(make_cluster, long_job):
    cluster = make_cluster(shards=2)
    job = cluster.submit(long_job)
    cluster.wait_for_end(job)
    before = pathlib.Path(cluster.export(job))
    moving = True

    def export():
        paths = []
        while moving:
            paths.append(pathlib.Path(cluster.export(job)))
        return paths

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        exports = pool.submit(export)
        try:
            for row in cluster.json("placement"):
                there = {"shard-0": "shard-1", "shard-1": "shard-0"}[row["owner"]]
                cluster.run("placement", "move", job, row["table"], row["partition"], there)
        finally:
            moving = False
    assert len(exports.result()) > 3, "they were not in each other's way"
    segments = contents(before)
    assert segments
    for path in exports.result():
        assert contents(path) == segments


def contents(model):
    return {path.name: path.read_bytes() for path in model.glob("*.safetensors")}


def test_what_cannot_move_is_refused(make_cluster, long_job):
    cluster = make_cluster(shards=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.01)
    row = cluster.json("placement")[0]
    for arguments, message in [
        ((job, "nothing", 0, "shard-0"), "no partition 0 of a table \"nothing\""),
        ((job, row["table"], row["partition"], "nobody"), "no shard \"nobody\""),
        ((job, row["table"], row["partition"], "shard-0", "--core", 9), "cores 0 to"),
    ]:
        answer = cluster.run("placement", "move", *arguments, status=1)
        assert message in answer.stderr
    answer = cluster.run("drain", "shard-0", status=1)
    assert "only shard" in answer.stderr
