"""Bounded waits."""

import time


def wait_until(condition, seconds, what):
    """Polls until `condition()` is true or not None, and returns that value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)
