"""Data sets and jobs that several files use."""

import types

import pytest

from Support.cluster import Cluster
from Support.jobs import write_job
from Support.sandbox import Sandbox


@pytest.fixture(scope="session")
def generated(binary, tmp_path_factory):
    """`generated(NAME, ...)`: a generated data set, made once."""
    folder = tmp_path_factory.mktemp("data")

    def generate(name, users, items, interactions, parts):
        target = folder / name
        if not target.exists():
            sizes = ("--users", users, "--items", items, "--interactions", interactions)
            Sandbox(binary, folder).run("data", "generate", target, *sizes, "--parts", parts)
        return target

    return generate


@pytest.fixture(scope="session")
def small_data(generated):
    """Trained in a moment."""
    return generated("small", users=300, items=200, interactions=9000, parts=4)


@pytest.fixture(scope="session")
def long_data(generated):
    """Few and long parts: there is time to do something in the middle of one."""
    return generated("long", users=1000, items=300, interactions=60000, parts=2)


@pytest.fixture
def long_job(tmp_path, long_data):
    """A job file that trains for some seconds."""
    return write_long_job(tmp_path, long_data)


def write_long_job(folder, data):
    return write_job(folder, data, name="long", epochs=8, batch_size=8)


@pytest.fixture(scope="session")
def undisturbed(binary, long_data, tmp_path_factory):
    """What `long_job` comes to when nobody disturbs it: `counts` and `metric`."""
    folder = tmp_path_factory.mktemp("undisturbed")
    sandbox = Sandbox(binary, folder)
    try:
        cluster = Cluster(sandbox)
        for i in range(2):
            cluster.shard(f"shard-{i}")
            cluster.worker(f"worker-{i}")
        job = cluster.submit(write_long_job(folder, long_data))
        status = cluster.wait_for_end(job)
        assert cluster.repeats(job) == 0
        return types.SimpleNamespace(counts=cluster.counts(job), metric=status["metric"])
    finally:
        sandbox.close()


@pytest.fixture
def assert_as_undisturbed(undisturbed):
    """`assert_as_undisturbed(cluster, job)`: every batch was applied once, and learnt from."""

    def check(cluster, job):
        status = cluster.wait_for_end(job)
        assert cluster.counts(job) == undisturbed.counts
        assert status["batches_done"] == status["batches"]
        assert status["metric"] == pytest.approx(undisturbed.metric, abs=0.05)

    return check
