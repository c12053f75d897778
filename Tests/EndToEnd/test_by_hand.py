"""Each role started by hand, and each command asked, as a person would and as a program would."""

import json
import re
import time

import pytest

from Support import web
from Support.cluster import Cluster, wait_for_version
from Support.jobs import write_job


@pytest.fixture(scope="module")
def trained(shared_sandbox, small_data):
    """A cluster that has trained and exported job 1, "taste", and serves it."""
    cluster = Cluster(shared_sandbox)
    cluster.shards = [cluster.shard("shard-0", "--cores", 2), cluster.shard("shard-1")]
    cluster.workers = [cluster.worker()]
    cluster.serving = cluster.serving()
    cluster.job_file = write_job(cluster.folder, small_data, epochs=3)
    assert cluster.submit(cluster.job_file) == 1
    cluster.wait_for_end(1)
    cluster.path = cluster.export(1)
    wait_for_version(cluster.serving, "taste", 1)
    return cluster


def lines(done):
    return [line.split() for line in done.stdout.splitlines()]


def test_members(trained):
    members = trained.members()
    assert {name: member["role"] for name, member in members.items()} == {
        "shard-0": "shard",
        "shard-1": "shard",
        "worker-0": "worker",
        "serving-0": "serving",
    }
    assert len(members["shard-0"]["core_addresses"]) == 2
    assert all(0 < member["lease_remaining_ms"] <= 2000 for member in members.values())
    assert trained.serving.http == "http://" + members["serving-0"]["http_address"]

    title, header, *rows = lines(trained.run("members"))
    assert title[0] == "cluster" and title[2:] == ["4", "members"]
    assert header[:2] == ["name", "role"]
    assert {row[0] for row in rows} == set(members)


def test_placement(trained):
    rows = trained.json("placement")
    assert {row["table"] for row in rows} == {"user", "item", "item-bias"}
    for table in ("user", "item", "item-bias"):
        partitions = [row for row in rows if row["table"] == table]
        assert [row["partition"] for row in partitions] == list(range(8))
        # Together they are the whole key space.
        ends = [row["first_bucket"] + row["bucket_count"] for row in partitions]
        assert [row["first_bucket"] for row in partitions] == [0] + ends[:-1]
        assert ends[-1] == 65536
    homes = {(row["owner"], row["core"]) for row in rows}
    assert homes == {("shard-0", 0), ("shard-0", 1), ("shard-1", 0)}
    assert re.search(r"^ +1  user +16  shard-0 +1  \d: ", trained.run("placement").stdout, re.M)


def test_job_list_and_status(trained):
    (job,) = trained.json("job", "list")
    assert (job["id"], job["name"], job["state"]) == (1, "taste", "completed")
    _, row = lines(trained.run("job", "list"))
    assert row[:4] == ["1", "taste", "completed", "3/3"]

    by_number = trained.json("job", "status", 1)
    by_name = trained.json("job", "status", "taste")
    assert by_number == by_name
    status = by_number["job"]
    assert status["samples_done"] == status["samples"] == 3 * 8057
    assert status["parts_done"] == status["parts"] == 12
    assert status["batches_done"] == status["batches"]
    assert status["metric_name"] == "hr@10" and 0.3 < status["metric"] <= 1
    tables = {table["name"]: table for table in by_number["tables"]}
    assert tables["user"]["rows"] == 300
    assert tables["user"]["dimension"] == 16
    assert tables["item"]["rows_pushed"] == tables["item-bias"]["rows_pushed"] > 0
    text = trained.run("job", "status", 1).stdout
    assert "job        1 (taste), completed" in text
    assert "parts      12 of 12 done" in text


def test_job_watch(trained):
    # An ended job: its last state, and no more.
    (line,) = trained.run("job", "watch", 1).stdout.splitlines()
    assert line.startswith("job 1 completed  epoch 3/3")
    (line,) = trained.run("job", "watch", 1, "--json").stdout.splitlines()
    assert json.loads(line)["state"] == "completed"
    assert 'no job "9"' in trained.run("job", "watch", 9, status=1).stderr


def test_submit_and_watch(trained, small_data):
    file = write_job(trained.folder, "of-no-use", name="watched")
    done = trained.run("job", "submit", file, "--data", small_data, "--watch", "--json")
    states = [json.loads(line) for line in done.stdout.splitlines()]
    assert states[-1]["state"] == "completed"
    assert [s["samples_done"] for s in states] == sorted(s["samples_done"] for s in states)
    assert f'path: "{small_data}"' in states[-1]["spec"]


def test_job_stop(trained, long_job):
    job = trained.submit(long_job)
    trained.wait_for_progress(job, 0.05)
    assert f"job {job} (long) is stopped" in trained.run("job", "stop", job).stdout
    status = trained.job(job)
    assert status["state"] == "stopped"
    assert 0 < status["batches_done"] < status["batches"]
    # Stopping again changes nothing, and what was learnt can be exported.
    assert trained.json("job", "stop", job)["state"] == "stopped"
    assert trained.export(job).endswith("/long/1")
    # The worker is free for the next job.
    following = trained.submit(trained.job_file)
    trained.wait_for_end(following)


def test_export(trained):
    assert trained.path.endswith("/models/taste/1")
    done = trained.run("export", "taste", "elsewhere")
    assert done.stdout == "elsewhere/taste/1\n"
    assert "export: 200 items" in done.stderr
    manifest = json.loads((trained.folder / "elsewhere/taste/1/manifest.json").read_text())
    assert manifest["model"]["name"] == "taste"
    # Another export of the same job is the next version.
    assert trained.run("export", "taste", "elsewhere").stdout == "elsewhere/taste/2\n"


def test_evaluate(trained, small_data):
    figures = trained.sandbox.json("evaluate", trained.path, small_data)
    assert figures["hr_at_10"] > figures["popularity_hr_at_10"]
    assert figures["examples"] == 300
    text = trained.sandbox.run("evaluate", trained.path, small_data).stdout
    assert re.search(rf"^HR@10 +{figures['hr_at_10']:.4f} ", text, re.M)


def test_recommend(trained):
    url = f"{trained.serving.http}/v1/models/taste:recommend"
    answer = web.post(url, {"user": 1, "k": 5})
    assert answer.status == 200
    body = json.loads(answer.body)
    assert body["model"] == {"name": "taste", "version": 1}
    scores = [item["score"] for item in body["items"]]
    assert len(scores) == 5 and scores == sorted(scores, reverse=True)
    assert all(item["title"] for item in body["items"])

    best = [item["item"] for item in body["items"]]
    excluded = json.loads(web.post(url, {"user": 1, "k": 5, "exclude": best[:2]}).body)
    assert [item["item"] for item in excluded["items"]][:3] == best[2:]


def test_a_user_that_is_not_known(trained):
    url = f"{trained.serving.http}/v1/models/taste:recommend"
    unknown = json.loads(web.post(url, {"user": 10**9}).body)
    assert unknown["source"] == "popular"
    nobody = json.loads(web.post(url, {}).body)
    assert unknown["items"] == nobody["items"]
    counts = [item["score"] for item in unknown["items"]]
    assert len(counts) == 10 and counts == sorted(counts, reverse=True)
    # Whoever has a history gets an answer of their own.
    body = {"user": 10**9, "features": {"history": [unknown["items"][0]["item"]]}}
    described = json.loads(web.post(url, body).body)
    assert described["source"] != "popular"
    assert described["items"] != unknown["items"]


@pytest.mark.parametrize(
    "body, named",
    [
        (b'{"user": ', "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b"[1]", "must be a JSON object"),
        (b'{"usr": 1}', "unknown field usr"),
        (b'{"user": 1.5}', "field user must be"),
        (b'{"user": {"id": 1}}', "field user must be"),
        (b'{"user": 1, "k": "ten"}', "field k must be"),
        (b'{"user": 1, "k": 0}', "field k must be from 1 to 1000"),
        (b'{"user": 1, "exclude": 7}', "field exclude must be"),
        (b'{"user": 1, "features": {"age": 3}}', "unknown field features.age"),
        (b'{"instances": [{"keys": [1]}]}', "unknown field instances"),
        (b"\xff\xfe{}", "the body is not JSON"),
    ],
)
def test_a_wrong_question(trained, body, named):
    answer = web.post(f"{trained.serving.http}/v1/models/taste:recommend", body)
    assert answer.status == 400
    assert named in json.loads(answer.body)["error"]


def test_a_model_that_is_not_known(trained):
    answer = web.post(f"{trained.serving.http}/v1/models/nothing:recommend", {"user": 1})
    assert answer.status == 404
    assert "taste" in json.loads(answer.body)["error"]
    assert web.get(f"{trained.serving.http}/v1/models/nothing").status == 404
    assert web.post(f"{trained.serving.http}/v1/models/taste:predict", {}).status == 400
    assert web.get(f"{trained.serving.http}/v1/nothing").status == 404


@pytest.mark.parametrize("role", ["coordinator", "shard", "worker", "serving"])
def test_health_and_metrics_of(trained, role):
    process = {
        "coordinator": trained.coordinator,
        "shard": trained.shards[0],
        "worker": trained.workers[0],
        "serving": trained.serving,
    }[role]
    assert web.get(process.http + "/healthz").status == 200
    assert web.get(process.http + "/readyz").status == 200
    metrics = process.http + "/metrics"
    own = {
        "coordinator": ("lehr_cluster_members", 4),
        "shard": ("lehr_shard_pushes_total", 1),
        "worker": ("lehr_worker_tasks_total", 13),
        "serving": ("lehr_serving_model_version", 1),
    }
    name, least = own[role]
    assert web.metric(metrics, name) >= least
    assert web.metric(metrics, "process_resident_memory_bytes") > 1 << 20
    assert time.time() - web.metric(metrics, "process_start_time_seconds") < 3600


def test_help(sandbox):
    text = sandbox.run("--help").stdout
    commands = re.findall(r"^  (\w+) +[A-Z]", text, re.M)
    assert {"coordinator", "shard", "worker", "serving", "job", "demo"} <= set(commands)
    for command in commands:
        own = sandbox.run(command, "--help").stdout
        assert own.startswith("OVERVIEW: ") and "USAGE: lehr " + command in own
        # A person reads it on a terminal.
        usage_free = [line for line in own.splitlines() if not line.startswith("USAGE")]
        assert max(map(len, usage_free)) <= 80
