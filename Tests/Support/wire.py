"""The data plane's layout, as `Protos/lehr/v1/shard.proto` says it."""

import array
import struct

MASK = (1 << 64) - 1


def mixed(key):
    """SplitMix64's finaliser."""
    key = ((key ^ key >> 30) * 0xBF58476D1CE4E5B9) & MASK
    key = ((key ^ key >> 27) * 0x94D049BB133111EB) & MASK
    return key ^ key >> 31


def bucket(key):
    """Of a key of a hashed table: 0 to 65,535."""
    return mixed(key) >> 48


def packed_keys(keys):
    return struct.pack(f"<{len(keys)}Q", *keys)


def packed_floats(values):
    return struct.pack(f"<{len(values)}f", *values)


def floats(data):
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def f32(value):
    """Rounded once, as a computation in 32 bits does."""
    return array.array("f", [value])[0]
