"""The demo job from the image: what it comes to, and what it survives."""

import json
import pathlib

import pytest

from Support import web
from Support.cluster import Cluster, wait_for_version
from Support.sandbox import Sandbox

# A lease that outlives a coordinator that is away for a moment.
LONG_LEASE = ("--lease-ttl", "8s", "--heartbeat", "1s")


@pytest.fixture
def demo_data(sandbox):
    """The data set that `lehr demo` generates, made in the image."""
    sandbox.run("data", "generate", sandbox.folder / "data")
    return sandbox.folder / "data"


@pytest.fixture
def demo_job(root, tmp_path, demo_data):
    """`demo_job(FOLDER, mode)`: the job file of `make demo`."""

    def write(folder=tmp_path, mode="eventual"):
        text = (root / "Examples/two-tower.yaml").read_text()
        changes = {"path: data/prepared": f"path: {demo_data}"}
        if mode == "sequential":
            changes |= {"mode: eventual": "mode: sequential", "in-flight: 2": "in-flight: 1"}
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        path = folder / f"{mode}.yaml"
        path.write_text(text)
        return path

    return write


def trained(cluster, job_file, data):
    """The figures of the job's export, as `lehr evaluate` gives them."""
    job = cluster.submit(job_file)
    cluster.wait_for_end(job)
    cluster.models.mkdir(exist_ok=True)
    return cluster.sandbox.json("evaluate", cluster.export(job), data)


def outside(binary, folder):
    """A cluster of the release build, outside of the image."""
    folder.mkdir()
    sandbox = Sandbox(binary, folder)
    cluster = Cluster(sandbox)
    for i in range(2):
        cluster.shard(f"shard-{i}")
        cluster.worker(f"worker-{i}")
    return cluster


@pytest.mark.parametrize("mode, tolerance", [("eventual", 0.03), ("sequential", 0)])
def test_its_metric_is_that_of_outside(
    make_cluster, binary, tmp_path, demo_job, demo_data, mode, tolerance
):
    inside = trained(make_cluster(), demo_job(mode=mode), demo_data)
    other = outside(binary, tmp_path / "outside")
    try:
        expected = trained(other, demo_job(other.folder, mode), demo_data)
    finally:
        other.sandbox.close()
    print(f"\n{mode}: HR@10 {inside['hr_at_10']:.4f} inside, {expected['hr_at_10']:.4f} outside")
    assert inside["hr_at_10"] > inside["popularity_hr_at_10"] + 0.1
    for name in ("hr_at_10", "ndcg_at_10", "recall_at_10"):
        # Workers take turns by chance in eventual mode; in sequential mode every bit is the same.
        assert inside[name] == pytest.approx(expected[name], abs=tolerance or 1e-15), name


def test_a_process_of_each_kind_is_deleted_in_turn(make_cluster, demo_job, demo_data):
    cluster = make_cluster(lease=LONG_LEASE)
    cluster.models.mkdir()
    serving = cluster.serving()
    # So that there is time for all of it.
    job_file = demo_job()
    job_file.write_text(job_file.read_text().replace("batch-size: 512", "batch-size: 24"))
    job = cluster.submit(job_file)

    cluster.wait_for_progress(job, 0.1)
    cluster.coordinator.kill()
    cluster.restart_coordinator()
    cluster.wait_for_progress(job, 0.3)
    cluster.workers[1].kill()
    cluster.worker("worker-1")
    # Fails if the job has ended by now.
    cluster.wait_for_progress(job, 0.5)
    serving.kill()
    serving = cluster.serving()

    status = cluster.wait_for_end(job)
    assert status["batches_done"] == status["batches"]
    figures = cluster.sandbox.json("evaluate", cluster.export(job), demo_data)
    assert figures["hr_at_10"] > figures["popularity_hr_at_10"] + 0.1
    wait_for_version(serving, "two-tower", 1)
    answer = web.post(f"{serving.http}/v1/models/two-tower:recommend", {"user": 1, "k": 10})
    assert answer.status == 200 and len(json.loads(answer.body)["items"]) == 10


def test_a_lost_shard_fails_the_job_and_is_named(make_cluster, demo_job):
    cluster = make_cluster()
    job = cluster.submit(demo_job())
    cluster.wait_for_progress(job, 0.1)
    cluster.shards[1].kill()
    assert "shard shard-1" in cluster.wait_for_end(job, "failed", seconds=15)["message"]
    # Another in its place, and the next job is trained.
    cluster.shard("shard-1")
    assert {"shard-0", "shard-1"} <= set(cluster.members())


def test_the_examples_are_in_the_image(rootfs, root):
    for example in (root / "Examples").glob("*.yaml"):
        inside = pathlib.Path(rootfs) / "usr/share/lehr/examples" / example.name
        assert inside.read_bytes() == example.read_bytes()
