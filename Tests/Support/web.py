"""HTTP as `curl` would speak it: never through a proxy, and errors are answers too."""

import collections
import json
import re
import urllib.error
import urllib.request

Answer = collections.namedtuple("Answer", "status body")

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url, seconds=10):
    return _ask(urllib.request.Request(url), seconds)


def post(url, body, seconds=10):
    """POSTs `body`: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return _ask(urllib.request.Request(url, data=data, method="POST"), seconds)


def _ask(request, seconds):
    try:
        with _opener.open(request, timeout=seconds) as response:
            return Answer(response.status, response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode())


def metric(url, name, **labels):
    """The sum of a metric's series that have all these labels; 0 when there is none yet."""
    total = 0.0
    for line in get(url).body.splitlines():
        match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if not match or match[1] != name:
            continue
        found = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
        if labels.items() <= found.items():
            total += float(match[3])
    return total
