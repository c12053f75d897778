"""`lehr placement show` and `apply`: a cluster is measured, and partitions move to where they load it least."""

import collections

from Support.waiting import wait_until


def owners(cluster):
    return collections.Counter(row["owner"] for row in cluster.json("placement"))


def test_a_new_shard_gets_its_share(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster(shards=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.05)
    cluster.shard("shard-new")
    before = cluster.json("placement", "show", "--window", 1)
    assert owners(cluster).keys() == {"shard-0"}
    narrow = cluster.json("placement", "show", "--window", 1, "--network", 0.01)
    assert narrow["before"]["worst_load"] > 3 * before["before"]["worst_load"]
    answer = cluster.json("placement", "apply", "--window", 1)
    assert answer["is_worth_it"] and answer["moved"] > 0, answer
    assert answer["planned_load"] <= 0.6 * answer["worst_load"], answer
    assert answer["moved"] == owners(cluster)["shard-new"]
    assert cluster.job(job)["state"] == "running"
    after = cluster.json("placement", "show", "--window", 1)
    assert cluster.job(job)["state"] == "running", "its load is what was measured"
    assert after["before"]["worst_load"] < 0.8 * before["before"]["worst_load"]
    assert_as_undisturbed(cluster, job)


def test_what_is_even_stays(make_cluster, long_job):
    cluster = make_cluster(shards=2)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.05)
    cluster.json("placement", "apply", "--window", 1)
    settled = cluster.json("placement")
    answer = cluster.json("placement", "apply", "--window", 1, "--gain", 20)
    assert not answer["is_worth_it"] and answer["moved"] == 0, answer
    assert answer["worst_load"] > 0
    assert cluster.json("placement") == settled
    assert cluster.job(job)["state"] == "running", "its load is what was measured"


def test_a_job_that_nobody_works_on_stays(make_cluster, long_job):
    """There is no load at all, and so nothing to gain."""
    cluster = make_cluster(shards=2, workers=0)
    cluster.submit(long_job)
    before = cluster.json("placement")
    shown = cluster.json("placement", "show", "--window", 0.2)
    assert shown["plan"]["over_bound"] == 1 and shown["before"]["worst_load"] == 0
    answer = cluster.json("placement", "apply", "--window", 0.2, "--gain", 0)
    assert not answer["is_worth_it"] and cluster.json("placement") == before


def test_it_goes_on_by_itself(make_cluster, long_job, sandbox):
    """Through the time without a job, and a coordinator that is restarted; it moves at the second look."""
    cluster = make_cluster(shards=1)
    auto = sandbox.start(
        "auto", "placement", "apply", "--auto", "--interval", 1, "--window", 0.5,
        "--coordinator", cluster.address,
    )
    auto.wait_for("not now: nothing is placed")
    cluster.submit(long_job)
    cluster.shard("shard-new")
    auto.wait_for("moving if it still can next time")
    auto.wait_for("partitions moved; the worst load is to go from")
    assert "shard-new" in owners(cluster)
    cluster.coordinator.kill()
    auto.wait_for("not now: no answer from")
    looks = auto.log.count("nothing to move")
    cluster.restart_coordinator()
    wait_until(lambda: auto.log.count("nothing to move") > looks, 60, "it looks again")
    assert auto.is_running


def test_a_picture_and_what_is_refused(make_cluster, long_job, tmp_path):
    cluster = make_cluster(shards=1)
    answer = cluster.run("placement", "apply", "--window", 0.1, status=1)
    assert "nothing is placed" in answer.stderr
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.01)
    picture = tmp_path / "loads.svg"
    text = cluster.run("placement", "show", "--window", 0.2, "--svg", picture).stdout
    assert "the most loaded core or shard" in text and "shard-0" in text
    assert picture.read_text().startswith("<svg")
    for flags, message in [
        (("--gain", 101), "0 to 100"), (("--interval", 0), "1 to 86400"),
        (("--window", 0), "0.1 to 3600"),
    ]:
        assert message in cluster.run("placement", "apply", *flags, status=64).stderr
