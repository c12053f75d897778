"""Jobs that cannot be run: what is wrong is named, and nothing is changed."""

import gzip
import shutil

import pytest

from Support.cluster import Cluster
from Support.jobs import write_job


@pytest.fixture(scope="module")
def cluster(shared_sandbox):
    cluster = Cluster(shared_sandbox)
    cluster.shard()
    cluster.worker()
    return cluster


def refusal(cluster, file):
    """What `lehr job submit` says of a file that must be refused; nothing is left of it."""
    before = cluster.json("job", "list"), cluster.json("placement")
    done = cluster.run("job", "submit", file, status=1)
    assert done.stdout == ""
    assert (cluster.json("job", "list"), cluster.json("placement")) == before
    return done.stderr


@pytest.mark.parametrize(
    "replace, named",
    [
        (
            ("  epochs: 1", "  epohcs: 1"),
            "training: unknown key \"epohcs\"; did you mean 'epochs'? (line 9)",
        ),
        (
            ("epochs: 1", "epochs: many"),
            'training.epochs: expected a whole number from 1 to 10000, found "many" (line 9)',
        ),
        (("epochs: 1", "epochs: [1]"), "training.epochs: expected a whole number"),
        (("batch-size: 32", "batch-size: -1"), "training.batch-size: "),
        (
            ("kind: two-tower", "kind: three-tower"),
            'model.kind: expected one of two-tower, logistic-regression, found "three-tower"',
        ),
        (("mode: eventual", "mode: sometimes"), "training.mode: "),
        (("learning-rate: 0.1", "learning-rate: .nan"), "optimizer.sparse.learning-rate: "),
        (("partitions: 8", "partitions: 7"), "partitions: "),
        (("name: taste", "name: ../taste"), "name: "),
        (("model:", "model: ["), "not YAML: "),
    ],
)
def test_a_wrong_job_file(cluster, tmp_path, small_data, replace, named):
    assert named in refusal(cluster, write_job(tmp_path, small_data, replace=replace))


def test_all_problems_at_once(cluster, tmp_path, small_data):
    replace = ("epochs: 1\n  batch-size: 32", "epochs: many\n  batch-size: few\n  wings: 2")
    problems = refusal(cluster, write_job(tmp_path, small_data, replace=replace))
    assert "training.epochs: " in problems
    assert "training.batch-size: " in problems
    assert 'training: unknown key "wings"' in problems


def test_no_data_there(cluster, tmp_path):
    problem = refusal(cluster, write_job(tmp_path, tmp_path / "nowhere"))
    assert f"data.path: {tmp_path}/nowhere: not a prepared data set" in problem


def test_data_of_another_kind(cluster, tmp_path, small_data):
    file = tmp_path / "logistic.yaml"
    file.write_text(
        "name: logistic\nmodel:\n  kind: logistic-regression\n"
        f"data:\n  path: {small_data}\ntraining:\n  epochs: 1\n"
    )
    assert "holds pairs, a logistic-regression model reads libsvm" in refusal(cluster, file)


def test_no_file_there(cluster):
    assert "absent.yaml" in refusal(cluster, "absent.yaml")


def damaged_copy(data, target, change):
    """A copy of a data set; `change` gets the lines of one training file and may alter them."""
    shutil.copytree(data, target)
    path = target / "train-00001.tsv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    change(lines)
    path.write_bytes(gzip.compress("".join(line + "\n" for line in lines).encode()))
    return path


def spoil(number, text):
    """Replaces line `number`, counted from 1."""
    return lambda lines: lines.__setitem__(number - 1, text)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("seven", "expected an item key after a tab"),
        ("7\t", "expected an item key"),
        ("\t7", "expected"),
    ],
)
def test_a_malformed_line(cluster, tmp_path, small_data, text, expected):
    path = damaged_copy(small_data, tmp_path / "data", spoil(7, text))
    job = cluster.submit(write_job(tmp_path, tmp_path / "data"))
    message = cluster.wait_for_end(job, "failed", seconds=20)["message"]
    assert f"{path}:7: " in message
    assert expected in message


def test_malformed_lines_that_are_tolerated(cluster, tmp_path, small_data):
    def change(lines):
        lines[6] = "seven"
        lines[100] = "a hundred"

    damaged_copy(small_data, tmp_path / "data", change)
    file = write_job(tmp_path, tmp_path / "data", epochs=2, tolerated=2)
    job = cluster.submit(file)
    status = cluster.wait_for_end(job)
    assert status["malformed_lines"] == 2
    assert status["samples_done"] == 2 * (8057 - 2)
    assert "malformed  2 lines skipped" in cluster.run("job", "status", job).stdout


def test_one_malformed_line_too_many(cluster, tmp_path, small_data):
    def change(lines):
        for number in (7, 101, 200):
            lines[number - 1] = "nonsense"

    path = damaged_copy(small_data, tmp_path / "data", change)
    job = cluster.submit(write_job(tmp_path, tmp_path / "data", tolerated=2))
    message = cluster.wait_for_end(job, "failed", seconds=20)["message"]
    assert f"{path}:200: " in message
    assert "2 malformed lines were tolerated" in message


def test_a_truncated_training_file(cluster, tmp_path, small_data):
    shutil.copytree(small_data, tmp_path / "data")
    path = tmp_path / "data/train-00002.tsv.gz"
    path.write_bytes(path.read_bytes()[:1000])
    job = cluster.submit(write_job(tmp_path, tmp_path / "data"))
    message = cluster.wait_for_end(job, "failed", seconds=20)["message"]
    assert f"{path}: the gzip data ends too early" in message


def test_a_training_file_that_is_gone(cluster, tmp_path, small_data):
    shutil.copytree(small_data, tmp_path / "data")
    (tmp_path / "data/train-00002.tsv.gz").unlink()
    file = write_job(tmp_path, tmp_path / "data")
    assert "train-00002.tsv.gz, which does not exist" in refusal(cluster, file)


def test_the_cluster_is_none_the_worse(cluster, tmp_path, small_data):
    job = cluster.submit(write_job(tmp_path, small_data))
    cluster.wait_for_end(job)


def test_no_shard_yet(sandbox, tmp_path, small_data):
    cluster = Cluster(sandbox)
    assert "start one with `lehr shard`" in refusal(cluster, write_job(tmp_path, small_data))


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("prepare", "nowhere", "target"), "nowhere"),
        (("prepare", "empty", "target"), "is in no known layout"),
        (("generate", "taken"), "already holds a data set"),
    ],
)
def test_data_that_cannot_be_prepared(sandbox, tmp_path, small_data, arguments, named):
    (tmp_path / "empty").mkdir()
    shutil.copytree(small_data, tmp_path / "taken")
    assert named in sandbox.run("data", *arguments, status=1).stderr
    assert not (tmp_path / "target").exists()


def test_ratings_with_malformed_lines(sandbox, tmp_path):
    (tmp_path / "ratings").mkdir()
    file = tmp_path / "ratings/interactions.tsv"
    lines = ["user_id:token\titem_id:token\ttimestamp:float"]
    lines += [f"{user}\t{item}\t{user * 10 + item}" for user in range(20) for item in range(15)]
    lines[4] = "4\tfour"
    file.write_text("\n".join(lines) + "\n")
    prepare = ("data", "prepare", "ratings", "prepared", "--parts", 1)
    strict = sandbox.run(*prepare, "--tolerate", 0, status=1).stderr
    assert "interactions.tsv:5: expected" in strict
    assert not (tmp_path / "prepared").exists()
    assert "1 malformed lines skipped" in sandbox.run(*prepare).stdout
