"""An operator ends leases of members that are well, and watches who comes and goes."""

import json

from Support.jobs import write_job
from Support.waiting import wait_until


def lives(cluster):
    return {name: member["incarnation"] for name, member in cluster.members().items()}


def wait_for_new_life(cluster, name, before):
    """Waits until the process has joined anew."""
    return wait_until(
        lambda: lives(cluster).get(name, before) > before, 10, f"{name} joins anew"
    )


def test_a_shard(make_cluster, long_job, small_data, tmp_path):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    before = lives(cluster)["shard-1"]
    revoked = cluster.json("members", "revoke", "shard-1", "--incarnation", before)
    assert (revoked["name"], revoked["role"]) == ("shard-1", "shard")
    assert revoked["incarnation"] == before and 0 < revoked["silent_in_ms"] <= 2000

    status = cluster.wait_for_end(job, "failed", seconds=2)
    assert status["message"] == (
        f"shard shard-1 ({cluster.shards[1].grpc}) was lost: its lease was revoked by an operator; "
        "the rows it owned are gone"
    )
    # It runs on, and finds out by itself.
    cluster.shards[1].wait_for("the lease has ended, joining anew")
    wait_for_new_life(cluster, "shard-1", before)
    assert "an operator has revoked a lease" in cluster.coordinator.log
    following = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(following)
    assert {row["owner"] for row in cluster.json("placement")} == {"shard-0", "shard-1"}


def test_a_worker(make_cluster, long_job, assert_as_undisturbed):
    cluster = make_cluster()
    job = cluster.submit(long_job)
    cluster.wait_for_progress(job, 0.1)
    before = lives(cluster)["worker-0"]
    said = cluster.run("members", "revoke", "worker-0").stdout
    assert said.startswith(f"revoked the lease of worker worker-0, incarnation {before};")
    wait_for_new_life(cluster, "worker-0", before)
    # Its part went on with another, and nothing was done twice.
    assert_as_undisturbed(cluster, job)


def test_who_is_not_there(make_cluster):
    cluster = make_cluster(shards=1, workers=0)
    unknown = cluster.run("members", "revoke", "nobody", status=1).stderr
    assert unknown == 'error: no member "nobody"; `lehr members` shows those there are\n'
    life = lives(cluster)["shard-0"]
    other = cluster.run("members", "revoke", "shard-0", "--incarnation", life + 7, status=1).stderr
    assert f'"shard-0" is incarnation {life}, and not {life + 7} any more' in other
    cluster.run("members", "revoke", "shard-0", "--incarnation", 0, status=64)
    assert lives(cluster) == {"shard-0": life}


def test_who_comes_and_goes_is_watched(make_cluster):
    cluster = make_cluster(shards=1, workers=0)
    address = ("--coordinator", cluster.address)
    watch = cluster.sandbox.start("watch", "members", "watch", *address)
    events = cluster.sandbox.start("events", "members", "watch", "--json", *address)
    life = lives(cluster)["shard-0"]
    watch.wait_for(rf"^present shard shard-0 \(incarnation {life}, 127.0.0.1:\d+\)$")
    worker = cluster.worker("worker-9")
    watch.wait_for(r"^joined worker worker-9 \(incarnation \d+, 127.0.0.1:\d+\)$")
    cluster.coordinator.kill()
    cluster.restart_coordinator()
    worker.terminate()
    watch.wait_for(r"^ended worker worker-9 ")
    cluster.run("members", "revoke", "shard-0")
    watch.wait_for(r"^ended shard shard-0 ")
    watch.wait_for(r"^joined shard shard-0 ")
    events.wait_for('"event" : "joined".*"shard-0"')
    told = [json.loads(line) for line in events.log.splitlines()]
    assert [(event["event"], event["name"]) for event in told] == [
        ("present", "shard-0"),
        ("joined", "worker-9"),
        ("ended", "worker-9"),
        ("ended", "shard-0"),
        ("joined", "shard-0"),
    ]
