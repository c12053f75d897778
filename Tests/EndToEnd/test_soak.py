"""A short soak: calls that are broken in every way, and nothing that is left of them."""

import subprocess

CALLS = 150_000


def test_nothing_is_left(soak):
    command = [soak, "--calls", str(CALLS), "--rounds", "3", "--minutes-max", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=330)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"\n{CALLS} calls in " in done.stdout
    assert done.stdout.endswith("\nnothing is left\n")
