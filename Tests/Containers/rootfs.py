"""An image's file system, and processes in it: its user, a read-only root, one writable folder.

`LEHR_ROOTFS` names the file system of a real image (docker/verify does). Without it one is put together
from the release binary and the libraries that it loads.
"""

import os
import re
import shutil
import subprocess

USER = 10001

# Processes keep their id through all of this, so that signals reach `lehr` itself.
WRAPPER = """\
#!/bin/sh
exec unshare --mount /bin/sh -euc '
    mount --bind "{root}" "{root}"
    mount -t tmpfs -o mode=1777,size=16m tmpfs "{root}/tmp"
    mkdir -p "{root}{folder}"
    mount --bind "{folder}" "{root}{folder}"
    mount -t proc proc "{root}/proc"
    mount --rbind /dev "{root}/dev"
    mount --rbind /sys "{root}/sys"
    if [ -e "{folder}/hosts" ]; then
        [ -e "{root}/etc/hosts" ] || touch "{root}/etc/hosts"
        mount --bind "{folder}/hosts" "{root}/etc/hosts"
    fi
    mount -o remount,bind,ro "{root}"
    exec unshare --root "{root}" --wd "{folder}" --setgid {user} --setuid {user} \\
        -- /usr/local/bin/lehr "$@"
' sh "$@"
"""


def can_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"]).returncode == 0


def assemble(binary, examples, root):
    """What docker/Dockerfile makes, as far as processes see it."""
    root.chmod(0o755)
    for folder in ("tmp", "proc", "dev", "sys", "data", "etc", "usr/local/bin", "usr/share/lehr"):
        (root / folder).mkdir(parents=True)
    shutil.copy(binary, root / "usr/local/bin/lehr")
    shutil.copytree(examples, root / "usr/share/lehr/examples")
    for name in ("nsswitch.conf", "hosts", "resolv.conf"):
        if os.path.exists(f"/etc/{name}"):
            shutil.copy(f"/etc/{name}", root / "etc" / name)
    loaded = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    for path in re.findall(r"(?:=> )?(/\S+) \(0x", loaded):
        # The loader looks where the binary says, and the binary has moved.
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return root


def wrapper(root, folder, user=USER):
    """A program that runs `lehr` in `root` with nothing writable but `folder` and a small `/tmp`.

    A file `hosts` in the folder is its `/etc/hosts`.
    """
    assert str(folder).startswith("/tmp/"), f"{folder} is not under /tmp, which is mounted anew"
    path = folder / f"lehr-as-{user}"
    path.write_text(WRAPPER.format(root=root, folder=folder, user=user))
    path.chmod(0o755)
    return path
