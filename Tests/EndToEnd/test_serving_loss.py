"""Serving is lost and started again; a damaged export is not served."""

import json
import pathlib

from Support import web
from Support.cluster import model_status, wait_for_version
from Support.jobs import write_job
from Support.waiting import wait_until


def trained(make_cluster, tmp_path, small_data):
    cluster = make_cluster(shards=1, workers=1)
    cluster.wait_for_end(cluster.submit(write_job(tmp_path, small_data)))
    return cluster, cluster.export(1)


def answers(serving):
    url = f"{serving.http}/v1/models/taste:recommend"
    return [web.post(url, {"user": user, "k": 20}) for user in range(1, 20)]


def test_killed_and_restarted(make_cluster, tmp_path, small_data):
    cluster, _ = trained(make_cluster, tmp_path, small_data)
    first = cluster.serving()
    wait_for_version(first, "taste", 1)
    before = answers(first)
    assert {answer.status for answer in before} == {200}
    assert len({answer.body for answer in before}) == len(before)
    first.kill()

    second = cluster.serving()
    wait_for_version(second, "taste", 1)
    assert answers(second) == before


def truncate(name):
    def change(version):
        path = version / name
        path.write_bytes(path.read_bytes()[:-10])

    return change


def flip(name):
    def change(version):
        data = bytearray((version / name).read_bytes())
        data[-1] ^= 1
        (version / name).write_bytes(data)

    return change


def remove(name):
    return lambda version: (version / name).unlink()


DAMAGE = {
    "items.safetensors cut off": (truncate("items.safetensors"), "items.safetensors"),
    "users.safetensors with a flipped bit": (flip("users.safetensors"), "users.safetensors"),
    "seen.safetensors gone": (remove("seen.safetensors"), "seen.safetensors"),
    "manifest cut off": (truncate("manifest.json"), "manifest.json"),
}


def test_damaged_exports(make_cluster, tmp_path, small_data):
    cluster, first = trained(make_cluster, tmp_path, small_data)
    serving = cluster.serving()
    wait_for_version(serving, "taste", 1)
    before = answers(serving)
    models = pathlib.Path(first).parent
    for change, named in DAMAGE.values():
        # Exported elsewhere, damaged there, and then put where serving looks.
        elsewhere = pathlib.Path(cluster.run("export", 1, tmp_path / "elsewhere").stdout.strip())
        change(elsewhere)
        version = max(int(path.name) for path in models.iterdir()) + 1
        elsewhere.rename(models / str(version))

        def refused():
            status = json.loads(model_status(serving, "taste").body)["model_version_status"]
            states = {int(one["version"]): one for one in status}
            return states if states.get(version, {}).get("state") == "END" else None

        states = wait_until(refused, 10, f"version {version} is refused")
        assert named in states[version]["status"]["error_message"]
        assert states[1]["state"] == "AVAILABLE"
        serving.wait_for(rf"error=.*{named}.* model\.version={version} .*model not loaded")
        assert answers(serving) == before
    assert web.get(serving.http + "/readyz").status == 200
    loads = (serving.http + "/metrics", "lehr_serving_model_loads_total")
    assert web.metric(*loads, result="success") == 1
    assert web.metric(*loads, result="failure") >= len(DAMAGE)

    # One that starts now passes over what is damaged, too.
    serving.kill()
    second = cluster.serving()
    wait_for_version(second, "taste", 1)
    assert answers(second) == before

    # And a good one is taken.
    version = int(pathlib.Path(cluster.export(1)).name)
    assert version == len(DAMAGE) + 2
    wait_for_version(second, "taste", version)


def test_only_a_damaged_export(make_cluster, tmp_path, small_data):
    cluster, first = trained(make_cluster, tmp_path, small_data)
    truncate("users.safetensors")(pathlib.Path(first))
    serving = cluster.serving()
    serving.wait_for("model not loaded")
    assert web.get(serving.http + "/readyz").status == 503
    assert web.get(serving.http + "/healthz").status == 200
    answer = web.post(f"{serving.http}/v1/models/taste:recommend", {"user": 1})
    assert answer.status == 503
    assert "users.safetensors" in json.loads(answer.body)["error"]
    figures = cluster.sandbox.run("evaluate", first, small_data, status=1)
    assert "users.safetensors" in figures.stderr


def test_files_that_shrink_while_they_are_served(make_cluster, tmp_path, small_data):
    cluster, first = trained(make_cluster, tmp_path, small_data)
    serving = cluster.serving()
    wait_for_version(serving, "taste", 1)
    before = answers(serving)
    for path in pathlib.Path(first).iterdir():
        path.write_bytes(b"")
    assert answers(serving) == before
