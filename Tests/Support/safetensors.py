"""Reads safetensors files: eight bytes of header length, a JSON header, then the tensors."""

import json
import struct

ITEM_BYTES = {"F32": 4, "F16": 2, "I64": 8, "U64": 8, "I32": 4, "U32": 4, "I8": 1, "U8": 1}


def read(path):
    """Tensor by name: `(dtype, shape, bytes)`."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {
        name: (entry["dtype"], tuple(entry["shape"]), body[slice(*entry["data_offsets"])])
        for name, entry in header.items()
    }


def rows_by_key(path, keys, values):
    """The bytes of each row of tensor `values`, by its key in tensor `keys`."""
    tensors = read(path)
    key_type, (count,), key_bytes = tensors[keys]
    value_type, shape, value_bytes = tensors[values]
    assert ITEM_BYTES[key_type] == 8 and shape[0] == count
    row = len(value_bytes) // max(count, 1)
    numbers = struct.unpack(f"<{count}Q", key_bytes)
    assert len(set(numbers)) == count, f"{path}: a key comes twice"
    return {key: value_bytes[i * row : (i + 1) * row] for i, key in enumerate(numbers)}
