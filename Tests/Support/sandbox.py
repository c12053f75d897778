"""A folder with the processes that a test has started in it."""

import json
import os
import subprocess

from Support.process import Process

# Seconds that a command may take which does not wait for anything long.
COMMAND_SECONDS = 60


class Sandbox:
    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        self.processes = []

    def environment(self, extra=None):
        # Settings of the person who runs the tests must not change what is tested.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LEHR_")}
        # Tests read logs as people do.
        return {**clean, "LEHR_LOG_FORMAT": "text", **(extra or {})}

    def start(self, name, *arguments, environment=None):
        """Starts `lehr ARGUMENTS` in the background; `name` is for its log."""
        command = [str(self.binary), *map(str, arguments)]
        process = Process(name, command, self.environment(environment), self.folder)
        self.processes.append(process)
        return process

    def run(self, *arguments, status=0, environment=None, seconds=COMMAND_SECONDS):
        """Runs `lehr ARGUMENTS` to its end, which must have the exit status `status`; None: any."""
        done = subprocess.run(
            [str(self.binary), *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert status is None or done.returncode == status, (
            f"lehr {' '.join(map(str, arguments))} ended with {done.returncode}, not {status}:\n"
            f"{done.stdout}{done.stderr}"
        )
        return done

    def json(self, *arguments, **options):
        return json.loads(self.run(*arguments, "--json", **options).stdout)

    def close(self):
        for process in reversed(self.processes):
            process.end()

    def logs(self, lines=60):
        """The end of each process's log, for a test that has failed."""
        for process in self.processes:
            state = "running" if process.is_running else "ended"
            title = f"{process.name} (pid {process.pid}, {state})"
            yield title, "\n".join(process.log.splitlines()[-lines:])
