"""Pulls and pushes rows of one table, as `Protos/lehr/v1/shard.proto` says it."""

from Support import wire

# Of the tables in these tests, which learn by plain SGD.
DIMENSION = 4
LEARNING_RATE = 0.5


def gradients_for(keys):
    return {key: [1.0, -0.5, key % 1024 / 1024, 0.0] for key in keys}


def moved(rows, gradients):
    return {
        key: [wire.f32(w - LEARNING_RATE * g) for w, g in zip(row, gradients[key])]
        for key, row in rows.items()
    }


class TableClient:
    """Builds requests for one table, and sends each to the core that owns its partitions."""

    def __init__(self, job, messages, connect):
        self.job = job
        self.messages = messages
        self.connect = connect
        self.stubs = {}
        self.cluster = job.map.cluster_id

    def partition(self, key):
        bucket = wire.bucket(key)
        for partition in self.job.table.partitions:
            if 0 <= bucket - partition.first_bucket < partition.bucket_count:
                return partition
        raise AssertionError(f"no partition has bucket {bucket}")

    def keys(self, index, count):
        """Keys of one partition, ascending."""
        keys = (key for key in range(1 << 20) if self.partition(key).index == index)
        return [next(keys) for _ in range(count)]

    def address(self, partition):
        (owner,) = [m for m in self.job.map.members if m.name == partition.owner]
        return owner.core_addresses[partition.core]

    def stub(self, partition):
        address = self.address(partition)
        if address not in self.stubs:
            self.stubs[address] = self.connect(address).shard
        return self.stubs[address]

    def runs(self, keys):
        """Keys by partition, as a request has them: `[(partition, keys)]`."""
        runs = {}
        for key in keys:
            runs.setdefault(self.partition(key).index, []).append(key)
        return [(self.job.table.partitions[index], run) for index, run in sorted(runs.items())]

    def by_owner(self, keys):
        owners = {}
        for partition, run in self.runs(keys):
            owners.setdefault(self.address(partition), []).append((partition, run))
        return owners.values()

    def refs(self, runs):
        return [
            self.messages.PartitionRef(
                index=partition.index, incarnation=partition.incarnation, key_count=len(run)
            )
            for partition, run in runs
        ]

    def pull_request(self, runs):
        keys = [key for _, run in runs for key in run]
        table = self.messages.TablePull(
            table=self.job.table.id, partitions=self.refs(runs), keys=wire.packed_keys(keys)
        )
        return self.messages.PullRequest(cluster_id=self.cluster, tables=[table])

    def pull(self, keys):
        """Row by key."""
        rows = {}
        for runs in self.by_owner(keys):
            answer = self.stub(runs[0][0]).Pull(self.pull_request(runs), timeout=10)
            values = wire.floats(answer.tables[0].values)
            for i, key in enumerate(key for _, run in runs for key in run):
                rows[key] = values[i * DIMENSION : (i + 1) * DIMENSION]
            assert len(values) == DIMENSION * sum(len(run) for _, run in runs)
        return rows

    def identity(self, batch, part=0, attempt=1, generation=1, floor=0):
        return self.messages.PushIdentity(
            job=self.job.id,
            generation=generation,
            part=part,
            batch=batch,
            floor=floor,
            attempt=attempt,
        )

    def push_request(self, runs, gradients, identity, stage=False):
        keys = [key for _, run in runs for key in run]
        table = self.messages.TablePush(
            table=self.job.table.id,
            partitions=self.refs(runs),
            keys=wire.packed_keys(keys),
            gradients=wire.packed_floats([value for key in keys for value in gradients[key]]),
        )
        return self.messages.PushRequest(
            cluster_id=self.cluster, identity=identity, tables=[table], stage=stage
        )

    def step(self, runs, identity):
        """What is asked about a step that touches these partitions, all of one core."""
        refs = [
            self.messages.PartitionRef(index=partition.index, incarnation=partition.incarnation)
            for partition, _ in runs
        ]
        tables = [self.messages.TablePartitions(table=self.job.table.id, partitions=refs)]
        return self.messages.StepRequest(
            cluster_id=self.cluster, identity=identity, tables=tables
        )

    def push(self, gradients, identity, stage=False):
        """Pushes a row of gradients for each key; sums what the owners answer."""
        applied = repeated = 0
        for runs in self.by_owner(gradients):
            request = self.push_request(runs, gradients, identity, stage)
            answer = self.stub(runs[0][0]).Push(request, timeout=10)
            applied += answer.applied
            repeated += answer.repeated_partitions
        return applied, repeated
