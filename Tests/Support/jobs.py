"""Job files."""

TEMPLATE = """\
name: {name}
model:
  kind: two-tower
  dimension: {dimension}
data:
  path: {data}
training:
  mode: {mode}
  epochs: {epochs}
  batch-size: {batch_size}
  seed: 1
  in-flight: {in_flight}
  malformed-lines-tolerated: {tolerated}
  evaluate-every-epoch: false
optimizer:
  sparse:
    kind: adagrad
    learning-rate: 0.1
    initial-accumulator: 1e-8
partitions: 8
"""


def write_job(
    folder,
    data,
    name="taste",
    mode="eventual",
    epochs=1,
    batch_size=32,
    dimension=16,
    tolerated=0,
    replace=("", ""),
):
    """Writes a job file, with the text `replace[0]` replaced, and returns its path."""
    text = TEMPLATE.format(
        name=name,
        data=data,
        mode=mode,
        epochs=epochs,
        batch_size=batch_size,
        dimension=dimension,
        tolerated=tolerated,
        in_flight=1 if mode == "sequential" else 2,
    )
    assert replace[0] in text
    path = folder / f"{name}.yaml"
    path.write_text(text.replace(*replace) if replace[0] else text)
    return path
