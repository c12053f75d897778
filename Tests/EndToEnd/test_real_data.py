"""Real ratings and features, where they are: the figures that the shipped job files promise."""

import json
import pathlib

import pytest

from Support.cluster import Cluster

pytestmark = pytest.mark.slow

SECONDS = 600


def demo(sandbox, root, data):
    sandbox.run(
        *("demo", "--job", root / "Examples/two-tower.yaml", "--data", data),
        *("--json", "summary.json"),
        seconds=SECONDS,
    )
    return json.loads((sandbox.folder / "summary.json").read_text())


def test_movielens_1m(sandbox, root, real_data):
    summary = demo(sandbox, root, real_data("ml-1m"))
    assert summary["hr_at_10"] >= 0.66
    assert summary["ndcg_at_10"] >= 0.38
    assert summary["popularity_hr_at_10"] == pytest.approx(0.453, abs=0.001)
    assert summary["popularity_ndcg_at_10"] == pytest.approx(0.254, abs=0.001)


def test_movielens_100k(sandbox, root, real_data):
    summary = demo(sandbox, root, real_data("ml-100k"))
    assert summary["hr_at_10"] > summary["popularity_hr_at_10"] + 0.05
    assert summary["ndcg_at_10"] > summary["popularity_ndcg_at_10"] + 0.05


def test_adult(sandbox, root, real_data):
    source = real_data("a9a")
    prepared = sandbox.folder / "prepared"
    sandbox.run("data", "prepare", source, prepared)
    cluster = Cluster(sandbox)
    cluster.shard("shard-0")
    cluster.shard("shard-1")
    cluster.worker("worker-0")
    cluster.worker("worker-1")
    file = root / "Examples/logistic-regression.yaml"
    job = cluster.json("job", "submit", file, "--data", prepared)["id"]
    assert cluster.wait_for_end(job)["metric_name"] == "auc"
    export = pathlib.Path(cluster.export(job))
    assert sandbox.json("evaluate", export, prepared)["auc"] >= 0.895
