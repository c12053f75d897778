"""`lehr demo`: the whole story on one machine."""

import json
import os
import pathlib
import re
import signal

import pytest

from Support import web
from Support.waiting import wait_until

ROLES = {"coordinator", "shard", "worker", "serving"}
SECONDS = 120


def processes_of(sandbox, folder):
    """Running processes whose command line names `folder`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if command[0] == str(sandbox.binary) and any(folder in part for part in command):
            found.append(int(entry.name))
    return found


def own_temporary_folder(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder, {"TMPDIR": str(folder)}


def job_file(root):
    return ("--job", root / "Examples/two-tower.yaml")


def check_summary(summary):
    assert summary["hr_at_10"] > summary["popularity_hr_at_10"] + 0.1
    assert summary["ndcg_at_10"] > summary["popularity_ndcg_at_10"] + 0.1
    assert summary["recall_at_10"] > summary["popularity_recall_at_10"]
    assert summary["samples"] > 0
    assert summary["samples_per_second"] > 0
    assert summary["bytes_pulled"] > 0
    assert summary["bytes_pushed"] > 0
    assert set(summary["cpu_seconds"]) == ROLES
    assert set(summary["peak_rss_bytes"]) == ROLES
    assert min(summary["peak_rss_bytes"].values()) > 1 << 20


def test_on_a_generated_data_set(sandbox, root, tmp_path):
    folder, environment = own_temporary_folder(tmp_path)
    done = sandbox.run(
        "demo", *job_file(root), "--json", "summary.json", environment=environment, seconds=SECONDS
    )
    check_summary(json.loads((tmp_path / "summary.json").read_text()))

    # Plain lines, as this is not a terminal.
    assert "\r" not in done.stdout and "\x1b" not in done.stdout
    assert re.search(r"^job 1 running  epoch \d+/\d+  .* samples \(\d+%\)", done.stdout, re.M)
    assert re.search(r"^job 1 completed .*hr@10 0\.\d+$", done.stdout, re.M)
    assert done.stdout.count(":recommend -d '{\"user\": ") == 3
    assert re.search(r"^ 1  \S.* \(\d{4}\)  +\d", done.stdout, re.M), "no titles"
    for row in ("HR@10", "NDCG@10", "recall@10", *ROLES):
        assert re.search(rf"^{row} +\d", done.stdout, re.M), row

    assert list(folder.iterdir()) == []
    assert processes_of(sandbox, str(folder)) == []


def test_on_a_prepared_data_set_with_other_sizes(sandbox, root, small_data, tmp_path):
    folder, environment = own_temporary_folder(tmp_path)
    done = sandbox.run(
        "demo", *job_file(root), "--data", small_data, "--shards", 1, "--workers", 3,
        environment=environment, seconds=SECONDS,
    )
    assert "joined: serving, shard-0, worker-0, worker-1, worker-2" in done.stdout
    assert list(folder.iterdir()) == []


def test_left_running(sandbox, root, small_data, tmp_path):
    folder, environment = own_temporary_folder(tmp_path)
    done = sandbox.run(
        "demo", *job_file(root), "--data", small_data, "--keep",
        environment=environment, seconds=SECONDS,
    )
    pids = [int(pid) for pid in re.search(r"^Stop with: kill (.+)$", done.stdout, re.M)[1].split()]
    try:
        assert len(pids) == 6
        serving = re.search(r"serving \(HTTP\) (\S+)", done.stdout)[1]
        answer = web.post(f"http://{serving}/v1/models/two-tower:recommend", {"user": 1, "k": 3})
        assert len(json.loads(answer.body)["items"]) == 3
        coordinator = re.search(r"^coordinator \(gRPC\) ([^\s,]+)", done.stdout, re.M)[1]
        members = sandbox.json("members", "--coordinator", coordinator)
        assert len(members) == 5
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not any(map(is_alive, pids)), 10, "the processes end")


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(sandbox, root, tmp_path, number):
    folder, environment = own_temporary_folder(tmp_path)
    demo = sandbox.start("demo", "demo", *job_file(root), environment=environment)
    demo.wait_for("joined:")
    assert processes_of(sandbox, str(folder))
    demo.signal(number)
    assert demo.wait() == 128 + number
    wait_until(lambda: not processes_of(sandbox, str(folder)), 5, "its processes end")
    assert list(folder.iterdir()) == []


def test_with_wrong_data(sandbox, root, tmp_path):
    folder, environment = own_temporary_folder(tmp_path)
    done = sandbox.run(
        "demo", *job_file(root), "--data", "nowhere", environment=environment, status=1
    )
    assert "nowhere" in done.stderr
    assert processes_of(sandbox, str(folder)) == []
    assert list(folder.iterdir()) == [], "nothing was started: there is no log to keep"


def test_without_its_job_file(sandbox, tmp_path):
    done = sandbox.run("demo", status=1)
    assert "Examples/two-tower.yaml" in done.stderr
