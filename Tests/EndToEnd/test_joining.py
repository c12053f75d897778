"""Members that come while a job trains."""

from Support.jobs import write_job


def test_a_worker_receives_parts(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster(workers=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    late = cluster.worker("worker-late")
    late.wait_for(r"kind=train part=\d+ .*a task begins", seconds=20)
    assert_as_undisturbed(cluster, job)


def test_a_shard_is_a_candidate_for_the_next_job(
    make_cluster, long_job, small_data, tmp_path, assert_as_undisturbed
):
    cluster = make_cluster(shards=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    cluster.shard("shard-late")
    assert {row["owner"] for row in cluster.json("placement")} == {"shard-0"}
    following = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(following)
    owners = {row["owner"] for row in cluster.json("placement") if row["job"] == following}
    assert owners == {"shard-0", "shard-late"}
    assert_as_undisturbed(cluster, job)
