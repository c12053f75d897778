"""`lehr placement plan`: plans without a cluster, and what it says of files that are wrong."""

import json
import shutil
import xml.etree.ElementTree

import pytest

CLUSTER = """\
shards:
  - name: shard
    count: 4
    cores: 2
    memory: 8GiB
    network: 10Gbit
"""
JOB = """\
name: ads
batches-per-second: 100
tables:
  - name: user
    rows: 20000000
    dimension: 8
    partitions: 4
    partitions-max: 32
    keys-per-batch: 4000
  - name: item
    rows: 1000000
    dimension: 16
    partitions: 2
    keys-per-batch: 900
"""


@pytest.fixture
def plan(sandbox, tmp_path):
    """`plan(cluster=TEXT, job=TEXT, ...)`: runs the command on files with these texts."""

    def run(*arguments, cluster=CLUSTER, job=JOB, status=0):
        (tmp_path / "cluster.yaml").write_text(cluster)
        (tmp_path / "job.yaml").write_text(job)
        files = ("--cluster", "cluster.yaml", "--job", "job.yaml")
        return sandbox.run("placement", "plan", *files, *arguments, status=status)

    return run


def test_a_plan(plan, tmp_path):
    report = json.loads(plan("--json", "--svg", "plan.svg").stdout)
    bound = report["lower_bound"]
    assert bound <= report["plan"]["worst_load"] * (1 + 1e-9)
    assert report["plan"]["worst_load"] <= 1.02 * bound and report["plan"]["fits"]
    names = {candidate["name"] for candidate in report["alternatives"]}
    assert names == {"round robin", "even split", "greedy (largest first)"}
    for candidate in report["alternatives"]:
        assert report["plan"]["worst_load"] <= candidate["worst_load"] * (1 + 1e-9)
    assert len(report["cores"]) == 8 and len(report["shards"]) == 4
    assert len(report["assignments"]) == report["plan"]["partitions"]
    # The loads of a core are those of its partitions.
    heat = {(place["shard"], place["core"]): place for place in report["cores"]}
    for assignment in report["assignments"]:
        place = heat[assignment["shard"], assignment["core"]]
        network = next(s for s in report["shards"] if s["shard"] == assignment["shard"])["network"]
        assert assignment["load"] == pytest.approx(max(place["cpu"], place["memory"], network))
    picture = xml.etree.ElementTree.parse(tmp_path / "plan.svg").getroot()
    bars = [e for e in picture.iter() if e.tag.endswith("rect")]
    assert len(bars) == 1 + 2 * (8 + 8 + 4)


def test_the_same_seed_gives_the_same_plan(plan):
    first = plan("--json", "--seconds", 60).stdout
    assert plan("--json", "--seconds", 60).stdout == first


def test_text_for_people(plan):
    text = plan().stdout
    for expected in ("the most loaded core or shard cannot be below ", "even split", "annealing", "shard-3", "load elsewhere"):
        assert expected in text


def test_what_has_to_move_after_a_loss(plan):
    job = JOB + (
        "  - name: placed\n    rows: 4000000\n    dimension: 8\n    partitions: 4\n"
        "    keys-per-batch: 400\n    owners: [shard-0/0, shard-1/0, shard-2/0, gone-7/0]\n"
    )
    report = json.loads(plan("--json", job=job).stdout)
    assert report["lost_owners"] == ["gone-7/0"]
    # What is lost is on no core, nor is what is new.
    assert (report["before"]["partitions"], report["before"]["fan_out"]) == (3, 3)
    assert report["least_moved_bytes"] > 0
    assert report["least_moved_bytes"] <= report["plan"]["moved_bytes"] * (1 + 1e-9)
    assert report["plan"]["moved_bytes"] <= 1.3 * report["least_moved_bytes"] * (1 + 1e-9)


def test_what_may_move_does_not_keep_memory_full(plan):
    cluster = "shards:\n" + "".join(
        f"  - {{name: {name}, cores: 1, memory: 1GiB, network: 10Gbit}}\n" for name in "ab"
    )
    # A row takes 82.5 bytes with its state and its place in the index: 8 million fit, 16 million do not.
    job = (
        "name: full\nbatches-per-second: 1\ntables:\n"
        "  - {name: x, rows: ROWS, dimension: 4, partitions: 2, keys-per-batch: 1, owners: [a/0, a/0]}\n"
        "  - {name: lost, rows: 1000, dimension: 4, partitions: 1, keys-per-batch: 1, owners: [c/0]}\n"
    )
    for rows, fits in ((8_000_000, True), (16_000_000, False), (24_000_000, False)):
        text = plan("--json", cluster=cluster, job=job.replace("ROWS", str(rows))).stdout
        report = json.loads(text)
        assert report["plan"]["fits"] and report["before"]["fits"] == fits, rows
        assert (report["plan"]["moved_bytes"] > 1.3 * report["least_moved_bytes"]) == (not fits)


def test_the_examples(sandbox, root):
    folder = root / "Examples/placement"
    shutil.copytree(folder, sandbox.folder / "placement")
    files = [f"placement/{name}.yaml" for name in ("job", "placed")]
    done = sandbox.run("placement", "plan", "--cluster", "placement/cluster.yaml", "--job", *files)
    assert "shard-9/0" in done.stdout


def test_tables_that_do_not_fit(plan):
    done = plan(job=JOB.replace("20000000", "2000000000"), status=1)
    assert "NOT POSSIBLE: the tables do not fit into the memory of the shards" in done.stdout


@pytest.mark.parametrize(
    "file, old, new, expected",
    [
        ("cluster", "cores: 2", "cores: 0", 'shards[0].cores: expected a whole number from 1 to 1024, found "0" (line 4)'),
        ("cluster", "8GiB", "0GiB", "shards[0].memory: expected a whole number above 0 with one of MiB, GiB, TiB"),
        ("cluster", "8GiB", "8", "such as 64GiB"),
        ("cluster", "10Gbit", "fast", 'shards[0].network: expected a whole number above 0 with one of Mbit, Gbit, such as 10Gbit, found "fast" (line 6)'),
        ("cluster", "    network: 10Gbit\n", "", "shards[0].network: missing"),
        ("cluster", "memory", "memroy", "did you mean 'memory'?"),
        ("cluster", CLUSTER, "shards: []\n", "shards: expected a list of 1 to 10000"),
        ("cluster", CLUSTER, "", "the cluster file is empty"),
        ("cluster", "cores: 2", "cores: 2\n    cores: 2", "key given more than once"),
        ("cluster", "count: 4\n    cores: 2", "count: 10000\n    cores: 2", "shards: at most 10000 shards with 16384 cores in all, found 10000 with 20000"),
        ("cluster", "name: shard", "name: rack/shard", 'shards[0].name: without "/", as owners are SHARD/CORE, found "rack/shard"'),
        ("job", "rows: 20000000", "rows: -1", "tables[0].rows: expected a whole number from 1"),
        ("job", "    rows: 20000000\n", "", "tables[0].rows: missing"),
        ("job", "partitions: 4", "partitions: 5", "tables[0].partitions: expected a power of two"),
        ("job", "partitions-max: 32", "partitions-max: 2", "tables[0].partitions-max: expected a whole number from 4 to 4096"),
        ("job", "batches-per-second: 100\n", "", "batches-per-second: missing"),
        ("job", "name: item", "name: user", 'the name "user" is given to more than one table'),
        ("job", "    keys-per-batch: 900\n", "    keys-per-batch: 900\n    owners: [shard-0/0]\n", "tables[1].owners: expected a list of 2 SHARD/CORE, one for each partition, found 1"),
        ("job", "    keys-per-batch: 900\n", "    keys-per-batch: 900\n    owners: [shard-0/0, shard-0/2]\n", "shard-0/2 is not there: shard-0 has cores 0 to 1"),
        ("job", "    keys-per-batch: 900\n", "    keys-per-batch: 900\n    measured: {pulls: [1, x]}\n", "tables[1].measured.pulls: expected a list of 2 numbers"),
        ("job", JOB, "\x00\xff{[", "not YAML"),
        ("job", JOB, "- a\n- b\n", "expected keys with values, found a list"),
    ],
)
def test_a_wrong_file(plan, file, old, new, expected):
    texts = {"cluster": CLUSTER, "job": JOB}
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new, 1)
    done = plan(**texts, status=64)
    assert f"{file}.yaml: " in done.stderr and expected in done.stderr
    assert done.stdout == ""


def test_too_many_partitions(plan):
    tables = "".join(
        f"  - {{name: t{number}, rows: 1, dimension: 1, partitions-max: 4096, keys-per-batch: 1}}\n"
        for number in range(33)
    )
    done = plan(job="name: many\nbatches-per-second: 1\ntables:\n" + tables, status=64)
    assert "135168 partitions of all tables" in done.stderr
    assert "at most 131072: lower partitions-max" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_absurd_amounts(plan, arguments):
    """More bytes than 64 bits count, more of a core's memory than a whole number of percent."""
    cluster = "shards: [{name: a, cores: 1024, memory: 1MiB, network: 1Mbit}]\n"
    table = "rows: 1099511627776, dimension: 4096, partitions: 1, keys-per-batch: 1e9, owners: [gone/0]"
    tables = "".join(f"  - {{name: t{number}, {table}}}\n" for number in range(2000))
    job = "name: absurd\nbatches-per-second: 1e9\ntables:\n" + tables
    done = plan(*arguments, "--seconds", 0.01, cluster=cluster, job=job, status=1)
    if arguments:
        assert json.loads(done.stdout)["least_moved_bytes"] > 2**64
    else:
        assert "NOT POSSIBLE" in done.stdout and "16777216.0 TiB have to move" in done.stdout


def test_a_picture_that_cannot_be_written(plan):
    done = plan("--svg", "absent/plan.svg", status=64)
    assert "absent/plan.svg" in done.stderr and done.stdout == ""


def test_files_that_cannot_be_read(sandbox, tmp_path):
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    (tmp_path / "long.yaml").write_text("#" * (1 << 21))
    for job, expected in (("absent.yaml", "no such file"), ("long.yaml", "longer than")):
        files = ("--cluster", "cluster.yaml", "--job", job)
        done = sandbox.run("placement", "plan", *files, status=64)
        assert job in done.stderr and expected in done.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "1e9"])
def test_an_absurd_time(plan, seconds):
    assert "--seconds" in plan(f"--seconds={seconds}", status=64).stderr


def test_a_quick_benchmark(sandbox):
    report = json.loads(sandbox.run("bench", "placement", "--quick", "--gate", "--json").stdout)
    figures = {figure["name"]: figure for figure in report["figures"]}
    assert report["benchmark"] == "placement" and not report["broken"]
    assert figures["one-large-table-bound"]["ratio"]["median"] <= 1.01
    for name, figure in figures.items():
        if name.endswith("-bound"):
            assert figure["ratio"]["median"] >= 1 - 1e-9, "a bound that is none"
