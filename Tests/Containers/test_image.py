"""The configuration of the real image."""

import re
import subprocess

SECRET = re.compile(rb"BEGIN [A-Z ]*PRIVATE KEY|lehr_[A-Za-z0-9]{20,}")


def test_it_runs_as_a_user_by_number(image_config):
    assert image_config["User"] == "10001:10001"
    assert image_config["Entrypoint"] == ["/usr/local/bin/lehr"]
    assert "/data" in image_config["Volumes"]
    assert image_config["WorkingDir"] == "/data"


def test_it_is_described(image_config):
    labels = image_config["Labels"]
    for name in ("title", "description", "version", "revision", "base.name"):
        assert labels[f"org.opencontainers.image.{name}"]
    ports = set(image_config["ExposedPorts"])
    # Builders write a range as such, or each of its ports.
    assert {"7100/tcp", "8080/tcp", "8500/tcp", "8501/tcp"} <= ports
    assert "7200-7215/tcp" in ports or {"7200/tcp", "7215/tcp"} <= ports


def test_its_health_check_is_the_binary(image_config, sandbox):
    check = image_config["Healthcheck"]["Test"]
    assert check[0] == "CMD-SHELL" and check[1].startswith("lehr health ")
    environment = dict(entry.split("=", 1) for entry in image_config["Env"])
    process = sandbox.start(
        "coordinator", "coordinator", "--listen", "127.0.0.1:0", "--state-dir", "state",
        "--http-listen", "127.0.0.1:0",
    )
    # The port that the system chose, as if it were the image's.
    environment["LEHR_HTTP_LISTEN"] = process.http.removeprefix("http://")
    command = check[1].replace("lehr health", f"{sandbox.binary} health", 1)
    subprocess.run(["sh", "-c", command], env=environment, check=True, timeout=20)


def test_nothing_secret_is_in_it(image_config, rootfs):
    assert not [entry for entry in image_config["Env"] if re.search("TOKEN|KEY|SECRET", entry)]
    for folder in ("data", "etc/ssl/private", "root", "home", "usr/share/lehr", "src"):
        for path in (rootfs / folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert not SECRET.search(path.read_bytes()), path


def test_every_library_is_there_and_none_of_swift(rootfs, image_config):
    done = subprocess.run(
        ["chroot", rootfs, "ldd", "/usr/local/bin/lehr"], capture_output=True, text=True, check=True
    )
    assert "not found" not in done.stdout
    assert "libdnnl.so" in done.stdout and "libswift" not in done.stdout
