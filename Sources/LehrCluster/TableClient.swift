import CLehrWire
package import LehrCore
package import LehrMembership
package import LehrRPC
import LehrTable
import LehrWire

/// Pull and push over all the shards of a cluster, from one core.
package final class TableClient {
    /// What a table is asked for: distinct keys (`KeyWidth.words` of each), and room for their rows in key order.
    ///
    /// The caller keeps `rows` alive until the pull has ended or was cancelled.
    package struct Pull {
        package let table: TableID
        package let keys: [UInt64]
        package let rows: UnsafeMutableBufferPointer<Float>

        package init(table: TableID, keys: [UInt64], rows: UnsafeMutableBufferPointer<Float>) {
            self.table = table
            self.keys = keys
            self.rows = rows
        }
    }

    /// What a table is given: a row of gradients for each key.
    ///
    /// The caller keeps `gradients` alive until the push has ended or was cancelled.
    package struct Push {
        package let table: TableID
        package let keys: [UInt64]
        package let gradients: UnsafeBufferPointer<Float>

        package init(
            table: TableID, keys: [UInt64], gradients: UnsafeBufferPointer<Float>
        ) {
            self.table = table
            self.keys = keys
            self.gradients = gradients
        }
    }

    let transport: any Transport
    let map: () -> ClusterMap?
    var random: RandomSource
    /// Bytes of keys and rows that came and went, for progress reports.
    package internal(set) var bytesPulled: UInt64 = 0
    package internal(set) var bytesPushed: UInt64 = 0

    /// One call's patience; the operation itself is repeated until it succeeds or is cancelled.
    static let callOptions = CallOptions(timeout: .seconds(10))

    package init(
        transport: any Transport, random: RandomSource, map: @escaping () -> ClusterMap?
    ) {
        self.transport = transport
        self.random = random
        self.map = map
    }

    // MARK: - Pull

    /// Fills the rows of every table, `dimension` floats a key.
    package func pull(
        _ requests: [Pull], _ completion: @escaping (RPCError?) -> Void
    ) -> FanOut? {
        guard let routes = route(requests.map { ($0.table, $0.keys) }) else {
            failLater { completion(Self.unknownTable) }
            return nil
        }
        for (request, route) in zip(requests, routes) {
            precondition(
                request.rows.count
                    == route.table.keyCount(words: request.keys.count) * route.table.spec.dimension,
                "a pull has room for each key's row")
        }
        let operation = FanOut(
            transport: transport, tables: requests.map(\.table),
            random: RandomSource(seed: random.next()), map: map,
            send: { channel, targets, map, done in
                channel.unary(ShardMethods.pull, Self.callOptions) { message, arena in
                    message.cluster_id = map.cluster.value
                    Self.fill(&message, arena, targets, map, requests, routes)
                } _: { [self] result in
                    switch result {
                    case .success(let answer):
                        let groups = Self.byTable(targets)
                        let tables = each(answer.pointee.n_tables, answer.pointee.tables)
                        guard tables.count == groups.count else { return done(Self.badAnswer) }
                        for (table, group) in zip(tables, groups) {
                            guard
                                Self.scatter(
                                    table, group, routes, into: requests[group[0].table].rows)
                            else { return done(Self.badAnswer) }
                            bytesPulled += UInt64(table.values.len)
                        }
                        done(nil)
                    case .failure(let error): done(error)
                    }
                }
            },
            completion: completion)
        operation.start(Self.targets(of: routes))
        return operation
    }

    private static func fill(
        _ message: inout Wire.PullRequest, _ arena: WireArena, _ targets: [FanOut.Target],
        _ map: ClusterMap, _ requests: [Pull], _ routes: [KeyRoute]
    ) {
        (message.n_tables, message.tables) = arena.list(byTable(targets)) { group, table, arena in
            let slot = group[0].table
            table.table = requests[slot].table.value
            (table.n_partitions, table.partitions) = partitions(group, routes[slot], map, arena)
            (table.key_format, table.keys) = keys(group, requests[slot].keys, routes[slot], arena)
            table.row_format = .init(rawValue: routes[slot].table.spec.wire.rows.wire)
        }
    }

    /// Puts the rows of an answer where their keys stand in the request; false if they do not fit.
    private static func scatter(
        _ answer: Wire.TableRows, _ group: [FanOut.Target], _ routes: [KeyRoute],
        into rows: UnsafeMutableBufferPointer<Float>
    ) -> Bool {
        let route = routes[group[0].table]
        guard let format = NumberFormat(wire: answer.format.rawValue) else { return false }
        let codec = RowCodec(format, dimension: route.table.spec.dimension)
        guard answer.values.len == codec.byteCount(rows: rowCount(of: group, route)) else {
            return false
        }
        guard answer.values.len > 0 else { return true }
        guard let target = rows.baseAddress else { return false }
        if format == .float32 {
            copy(answer.values.buffer, codec.dimension, group, route, to: target)
        } else {
            decode(answer.values.buffer, codec, group, route, to: target)
        }
        return true
    }

    private static func copy(
        _ values: UnsafeRawBufferPointer, _ dimension: Int, _ group: [FanOut.Target],
        _ route: KeyRoute, to target: UnsafeMutablePointer<Float>
    ) {
        guard var source = values.baseAddress else { return }
        let rowBytes = dimension * MemoryLayout<Float>.stride
        let target = UnsafeMutableRawPointer(target)
        for member in group {
            let range = route.runs[member.run].range
            if route.isInOrder {
                (target + range.lowerBound * rowBytes)
                    .copyMemory(from: source, byteCount: range.count * rowBytes)
            } else {
                RowCopies.scatter(
                    route.order, range, rowBytes: rowBytes, from: source, to: target)
            }
            source += range.count * rowBytes
        }
    }
}

// MARK: - Shared by pull and push

extension TableClient {
    static let unknownTable = RPCError(
        .notFound, "a table of the request is not on the cluster map")
    static let badAnswer = RPCError(.internal, "a shard's answer does not fit the request")

    func failLater(_ body: @escaping () -> Void) { transport.core.post(body) }

    func route(_ requests: [(table: TableID, keys: [UInt64])]) -> [KeyRoute]? {
        guard let map = map() else { return nil }
        var routes: [KeyRoute] = []
        for request in requests {
            guard let table = map.table(request.table) else { return nil }
            routes.append(KeyRoute(request.keys, to: table))
        }
        return routes
    }

    static func targets(of routes: [KeyRoute]) -> [FanOut.Target] {
        routes.enumerated().flatMap { table, route in
            route.runs.enumerated().map {
                FanOut.Target(table: table, partition: $1.partition, run: $0)
            }
        }
    }

    /// Neighbouring targets of the same table together; targets come ordered by table.
    static func byTable(_ targets: [FanOut.Target]) -> [[FanOut.Target]] {
        var groups: [[FanOut.Target]] = []
        for target in targets {
            if let last = groups.last, last[0].table == target.table {
                groups[groups.count - 1].append(target)
            } else {
                groups.append([target])
            }
        }
        return groups
    }

    /// The incarnation of each partition as the map has it now, and how many keys it gets.
    static func partitions(
        _ group: [FanOut.Target], _ route: KeyRoute, _ map: ClusterMap, _ arena: WireArena
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Wire.PartitionRef>?>?) {
        let current = map.table(route.table.id) ?? route.table
        // Not by `list`: a call may have thousands of partitions, and that is generic.
        let empty = arena.make(Wire.PartitionRef.self) { _, _ in }.pointee
        let messages = arena.elements(of: Wire.PartitionRef.self, count: group.count)
        let list = arena.elements(
            of: UnsafeMutablePointer<Wire.PartitionRef>?.self, count: group.count)
        for (index, target) in group.enumerated() {
            var partition = empty
            partition.index = UInt32(target.partition)
            partition.incarnation = current.partitions[target.partition].incarnation.value
            partition.key_count = UInt32(route.runs[target.run].range.count)
            messages.initializeElement(at: index, to: partition)
            list.initializeElement(at: index, to: messages.baseAddress.map { $0 + index })
        }
        return (group.count, list.baseAddress)
    }

    /// What an acknowledgement that is not of the owners asked comes to: they are asked again.
    static let foreignAnswer = RPCError(.aborted, "another owner has answered")

    /// Whether the incarnations of an acknowledgement are those that `targets` have on the map.
    static func isAcknowledged(
        _ targets: [FanOut.Target], _ tables: [TableID], _ map: ClusterMap,
        by count: Int, _ incarnations: UnsafePointer<UInt64>?
    ) -> Bool {
        let incarnations = UnsafeBufferPointer(start: incarnations, count: count)
        guard incarnations.count == targets.count else { return false }
        let placed = tables.map { map.table($0) }
        return zip(targets, incarnations).allSatisfy { target, incarnation in
            placed[target.table]?.partitions[target.partition].incarnation.value == incarnation
        }
    }

    static func rowCount(of group: [FanOut.Target], _ route: KeyRoute) -> Int {
        group.reduce(0) { $0 + route.runs[$1.run].range.count }
    }

    /// What `elements` have for the keys of the group's runs, `stride` of them for each, in run order.
    /// They are moved when the message is encoded.
    static func gather<Element: BitwiseCopyable>(
        _ group: [FanOut.Target], _ route: KeyRoute, stride: Int,
        from elements: UnsafeBufferPointer<Element>, _ arena: WireArena
    ) -> ProtobufCBinaryData {
        let rowBytes = stride * MemoryLayout<Element>.stride
        return arena.bytes(count: rowCount(of: group, route) * rowBytes) { field in
            gather(
                group, route, rowBytes: rowBytes, from: UnsafeRawBufferPointer(elements), to: field)
        }
    }

    /// `rowBytes` of `rows` for each key of the group's runs, in run order.
    static func gather(
        _ group: [FanOut.Target], _ route: KeyRoute, rowBytes: Int,
        from rows: UnsafeRawBufferPointer, to field: UnsafeMutableRawBufferPointer
    ) {
        guard let source = rows.baseAddress, var target = field.baseAddress else { return }
        for member in group {
            let range = route.runs[member.run].range
            if route.isInOrder {
                target.copyMemory(
                    from: source + range.lowerBound * rowBytes, byteCount: range.count * rowBytes)
            } else {
                RowCopies.gather(route.order, range, rowBytes: rowBytes, from: source, to: target)
            }
            target += range.count * rowBytes
        }
    }
}
