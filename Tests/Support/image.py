"""What docker/Dockerfile says of the image, read."""

import re


def image_environment(dockerfile):
    """The variables of its `ENV`."""
    joined = dockerfile.replace("\\\n", " ")
    line = re.search(r"^ENV (.*)$", joined, re.M)[1]
    return dict(entry.split("=", 1) for entry in line.split())
