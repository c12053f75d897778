import CLehrWire
import LehrCluster
import LehrMembership
import LehrWire

/// Messages of the cluster, and descriptors.
enum WireTarget {
    static let target = FuzzTarget(name: "wire", inputBytesMax: 2048) { input in
        var reader = InputReader(input)
        let choice = Int(reader.byte())
        let bytes = reader.remainder()
        switch choice {
        case 254: try fields(bytes)
        case 255: try descriptors(bytes)
        default: try Wire.all[choice % Wire.all.count].fuzz(bytes)
        }
    }

    /// A message is read, looked at, and written; what was written is read as the same.
    fileprivate static func message<M: WireMessage>(_ type: M.Type, _ bytes: [UInt8]) throws {
        let arena = WireArena()
        guard let message = try? M.decode(bytes, in: arena) else {
            let inPlace = try? M.decode(bytes, in: arena, inPlaceMin: 1)
            return try require(inPlace == nil, "bytes are a message when they stay in place")
        }
        let base = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        var seen = Sight()
        try look(at: base, &seen, depth: 0)
        let size = protobuf_c_message_get_packed_size(base)
        // Strings end at their first NUL, and fields that come twice count once.
        try require(
            seen.byteCount <= bytes.count,
            "a message of \(bytes.count) bytes holds \(seen.byteCount)")
        let first = arena.bytes(of: UnsafeMutablePointer(mutating: message))
        try require(first.count == size, "a message of \(size) bytes is written in \(first.count)")
        // Unknown fields are written as they came, however strange.
        if !seen.hasUnknown {
            guard let again = try? M.decode(first, in: arena) else {
                throw FuzzFailure("our own message is none")
            }
            let second = arena.bytes(of: UnsafeMutablePointer(mutating: again))
            try require(first == second, "a message comes back changed")
        }
        guard let inPlace = try? M.decode(bytes, in: arena, inPlaceMin: 1) else {
            throw FuzzFailure("a message is none when its bytes stay in place")
        }
        try require(
            arena.bytes(of: UnsafeMutablePointer(mutating: inPlace)) == first,
            "a message whose bytes stay in place is another")
        try translate(message)
        withExtendedLifetime(arena) {}
    }

    /// What was seen in a message.
    private struct Sight {
        /// Of texts and bytes.
        var byteCount = 0
        var hasUnknown = false
    }

    /// Reads every field by its description.
    private static func look(
        at message: UnsafePointer<ProtobufCMessage>, _ seen: inout Sight, depth: Int
    ) throws(FuzzFailure) {
        try require(depth < 10, "messages are nested too deeply")
        guard let descriptor = message.pointee.descriptor else {
            throw FuzzFailure("a message has no descriptor")
        }
        if message.pointee.n_unknown_fields > 0 { seen.hasUnknown = true }
        let start = UnsafeRawPointer(message)
        for index in 0..<Int(descriptor.pointee.n_fields) {
            let field = descriptor.pointee.fields[index]
            let place = start + Int(field.offset)
            guard field.label == PROTOBUF_C_LABEL_REPEATED else {
                try look(at: place, field, &seen, depth)
                continue
            }
            let count = (start + Int(field.quantifier_offset)).load(as: Int.self)
            guard count > 0 else { continue }
            guard let elements = place.load(as: UnsafeRawPointer?.self) else {
                throw FuzzFailure("\(count) elements are nowhere")
            }
            let stride = Self.stride(field.type)
            for position in 0..<count {
                try look(at: elements + position * stride, field, &seen, depth)
            }
        }
    }

    private static func look(
        at place: UnsafeRawPointer, _ field: ProtobufCFieldDescriptor, _ seen: inout Sight,
        _ depth: Int
    ) throws(FuzzFailure) {
        switch field.type {
        case PROTOBUF_C_TYPE_STRING:
            // What is not UTF-8 is replaced, by at most three bytes for one.
            let string = text(place.load(as: UnsafeMutablePointer<CChar>?.self))
            seen.byteCount += (string.utf8.count + 2) / 3
        case PROTOBUF_C_TYPE_BYTES:
            let field = place.load(as: ProtobufCBinaryData.self)
            seen.byteCount += field.len
            let words = field.elements(of: UInt64.self)
            try require(words == nil || words?.count == field.len / 8, "words have another length")
            try require(
                field.elements(of: UInt8.self)?.count == field.len, "bytes have another length")
        case PROTOBUF_C_TYPE_MESSAGE:
            let inner = place.load(as: UnsafePointer<ProtobufCMessage>?.self)
            if let inner { try look(at: inner, &seen, depth: depth + 1) }
        default: break
        }
    }

    private static func stride(_ type: ProtobufCType) -> Int {
        switch type {
        case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_MESSAGE: MemoryLayout<UnsafeRawPointer>.stride
        case PROTOBUF_C_TYPE_BYTES: MemoryLayout<ProtobufCBinaryData>.stride
        default: 0
        }
    }

    /// Makes values of what the cluster's members read from such a message.
    private static func translate<M: WireMessage>(_ message: UnsafePointer<M>) throws {
        let raw = UnsafeRawPointer(message)
        switch ObjectIdentifier(M.self) {
        case ObjectIdentifier(Wire.ClusterMap.self):
            let wire = raw.assumingMemoryBound(to: Wire.ClusterMap.self)
            guard let map = try? ClusterMap(wire: wire.pointee) else { return }
            for table in map.tables {
                let keys: [UInt64] = [0, 1, .max, 1 << 63]
                let route = KeyRoute(keys, to: table)
                try require(
                    route.runs.reduce(0) { $0 + $1.range.count } == keys.count, "a key is lost")
            }
            let back = try roundTrip(Wire.ClusterMap.self) {
                map.fill(&$0, $1)
            } read: {
                try ClusterMap(wire: $0.pointee)
            }
            try require("\(back)" == "\(map)", "a map comes back changed")
        case ObjectIdentifier(Wire.Task.self):
            let wire = raw.assumingMemoryBound(to: Wire.Task.self)
            guard let task = TaskLease(wire: wire.pointee) else { return }
            let back = try roundTrip(Wire.Task.self) {
                task.fill(&$0, $1)
            } read: {
                TaskLease(wire: $0.pointee)
            }
            try require(back == task, "a task comes back changed")
        case ObjectIdentifier(Wire.ReportTaskRequest.self):
            let wire = raw.assumingMemoryBound(to: Wire.ReportTaskRequest.self)
            guard let report = try? TaskReport(wire: wire.pointee) else { return }
            let back = try roundTrip(Wire.ReportTaskRequest.self) {
                report.fill(&$0, $1)
            } read: {
                try TaskReport(wire: $0.pointee)
            }
            try require(back == report, "a report comes back changed")
        case ObjectIdentifier(Wire.Job.self):
            let wire = raw.assumingMemoryBound(to: Wire.Job.self)
            guard let job = try? JobStatus(wire: wire.pointee) else { return }
            let back = try roundTrip(Wire.Job.self) {
                job.fill(&$0, $1)
            } read: {
                try JobStatus(wire: $0.pointee)
            }
            // Of numbers that are none, no two are equal.
            try require("\(back)" == "\(job)", "a job comes back changed")
        case ObjectIdentifier(Wire.PushIdentity.self):
            let wire = raw.assumingMemoryBound(to: Wire.PushIdentity.self)
            let identity = PushIdentity(wire: wire.pointee)
            let back = try roundTrip(Wire.PushIdentity.self) { message, _ in
                identity.fill(&message)
            } read: {
                PushIdentity(wire: $0.pointee)
            }
            try require(back == identity, "an identity comes back changed")
        default: break
        }
    }

    private static func roundTrip<M: WireMessage, Value>(
        _ type: M.Type, _ fill: (inout M, WireArena) -> Void,
        read: (UnsafePointer<M>) throws -> Value
    ) throws -> Value {
        let arena = WireArena()
        defer { withExtendedLifetime(arena) {} }
        return try read(try M.decode(M.encode(fill), in: arena))
    }

    private static func fields(_ bytes: [UInt8]) throws {
        var reader = FieldReader(bytes)
        var (count, size) = (0, 0)
        while let (field, value) = try? reader.next() {
            try require(field > 0 && field < 1 << 29, "a field \(field)")
            count += 1
            if case .bytes(let bytes) = value { size += bytes.count }
            _ = value.text
        }
        try require(2 * count + size <= bytes.count + count, "more fields than bytes")
    }

    private static func descriptors(_ bytes: [UInt8]) throws {
        guard let pool = try? DescriptorPool(bytes) else { return }
        for name in ["", "a", "a.proto", "b.proto"] {
            let found = pool.file(named: name) ?? []
            try require(
                found.reduce(0) { $0 + $1.count } <= bytes.count, "the files are larger than all")
        }
        for symbol in ["", "p", "p.M", "p.M.N", "M"] { _ = pool.file(defining: symbol) }
    }
}

extension WireMessage {
    fileprivate static func fuzz(_ bytes: [UInt8]) throws {
        try WireTarget.message(Self.self, bytes)
    }
}
