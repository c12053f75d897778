"""Settings: flag over environment over file over default; every problem named at once."""

import pytest

ROLES = ["coordinator", "shard", "worker", "serving"]


def settings(done):
    """`--print-config` as `{setting: (value, where it came from)}`."""
    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()[1:]]
    return {name: (value, source) for name, value, source in rows}


def test_layers(sandbox, tmp_path):
    file = tmp_path / "shard.yaml"
    file.write_text(
        "listen: 127.0.0.1:1111\nhttp-listen: 127.0.0.1:2222\nname: from-file\ncores: 3\n"
    )
    done = sandbox.run(
        *("shard", "--print-config", "--config", file, "--listen", "127.0.0.1:9999"),
        environment={"LEHR_LISTEN": "127.0.0.1:5555", "LEHR_HTTP_LISTEN": "127.0.0.1:6666"},
    )
    found = settings(done)
    assert found["listen"] == ("127.0.0.1:9999", "flag")
    assert found["http-listen"] == ("127.0.0.1:6666", "environment LEHR_HTTP_LISTEN")
    assert found["name"] == ("from-file", f"file {file}")
    assert found["cores"] == ("3", f"file {file}")
    assert found["coordinator"] == ("127.0.0.1:7100", "default")
    assert found["log-level"] == ("info", "default")

    by_environment = sandbox.run("shard", "--print-config", environment={"LEHR_CONFIG": str(file)})
    assert settings(by_environment)["name"] == ("from-file", f"file {file}")


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_on_loopback(sandbox, role):
    found = settings(sandbox.run(role, "--print-config"))
    assert found["listen"][0].startswith("127.0.0.1:")
    assert found["http-listen"][0].startswith("127.0.0.1:")


def test_all_problems_at_once(sandbox, tmp_path):
    file = tmp_path / "shard.yaml"
    file.write_text("cores: many\nlisten: nowhere\nhttp_listen: 127.0.0.1:1\n")
    flags = ("--config", file, "--log-level", "loud")
    problems = sandbox.run("shard", *flags, status=64).stderr
    assert f'cores: expected a whole number from 1 to 1024, found "many" (file {file})' in problems
    assert 'listen: expected HOST:PORT' in problems
    assert 'unknown key "http_listen"; allowed: listen, http-listen' in problems
    assert 'log-level: expected one of trace, debug' in problems and '"loud" (flag)' in problems


def test_environment_is_named(sandbox):
    problems = sandbox.run("worker", status=64, environment={"LEHR_BLOCK_CACHE": "plenty"}).stderr
    assert 'found "plenty" (environment LEHR_BLOCK_CACHE)' in problems


@pytest.mark.parametrize(
    "text, expected",
    [
        ("- a\n- b\n", "expected lines of `name: value`"),
        ("cores: [1, 2]\n", ":1: expected `name: value`"),
        ("cores: 'open\n", "shard.yaml"),
    ],
)
def test_a_file_that_makes_no_sense(sandbox, tmp_path, text, expected):
    file = tmp_path / "shard.yaml"
    file.write_text(text)
    assert expected in sandbox.run("shard", "--config", file, status=64).stderr


def test_a_file_that_cannot_be_read(sandbox, tmp_path):
    problems = sandbox.run("shard", "--config", tmp_path / "absent.yaml", status=64).stderr
    assert "absent.yaml" in problems and "no such file" in problems.lower()
    assert str(tmp_path) in sandbox.run("shard", "--config", tmp_path, status=64).stderr


@pytest.mark.parametrize("command", [*ROLES, "demo", "members"])
def test_an_unknown_flag(sandbox, command):
    done = sandbox.run(command, "--coordinatr", "127.0.0.1:1", status=64)
    assert "--coordinatr" in done.stderr
    assert done.stdout == ""


def test_an_unknown_command(sandbox):
    assert "serv" in sandbox.run("serv", status=64).stderr
