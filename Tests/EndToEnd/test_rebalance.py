"""`lehr placement show` and `apply`: a cluster is measured, and partitions move to where they load it least."""

import collections


def owners(cluster):
    return collections.Counter(row["owner"] for row in cluster.json("placement"))


def test_a_new_shard_gets_its_share(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster(shards=1)
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.05)
    cluster.shard("shard-new")
    before = cluster.json("placement", "show", "--window", 1)
    assert owners(cluster).keys() == {"shard-0"}
    answer = cluster.json("placement", "apply", "--window", 1)
    assert answer["is_worth_it"] and answer["moved"] > 0, answer
    assert answer["planned_load"] <= 0.6 * answer["worst_load"], answer
    assert answer["moved"] == owners(cluster)["shard-new"]
    assert cluster.job(job)["state"] == "running"
    after = cluster.json("placement", "show", "--window", 1)
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
    assert cluster.json("placement") == settled


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
