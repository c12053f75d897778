import CLehrWire

/// Large `bytes` fields that are written straight into the encoded message, which saves a copy of them.
///
/// protobuf-c hands a message over in pieces, each by its address. A field of this kind has an address
/// that stands for it: where that comes, room is left, and filled in place.
struct LateBytes {
    typealias Write = (UnsafeMutableRawBufferPointer) -> Void

    private var fields: [(mark: UnsafePointer<UInt8>, write: Write)] = []

    var isEmpty: Bool { fields.isEmpty }

    /// - Parameter mark: an address of this field alone; nothing is read there.
    mutating func add(_ mark: UnsafePointer<UInt8>, _ write: @escaping Write) {
        fields.append((mark, write))
    }

    mutating func removeAll() { fields.removeAll() }

    /// Encodes a message into `target`, of its packed size, and returns the number of bytes.
    func pack(
        _ message: UnsafePointer<ProtobufCMessage>, into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        var sink = Sink(target, fields)
        return withUnsafeMutablePointer(to: &sink) { sink in
            // A sink begins with its buffer.
            let buffer = UnsafeMutableRawPointer(sink).assumingMemoryBound(to: ProtobufCBuffer.self)
            return protobuf_c_message_pack_to_buffer(message, buffer)
        }
    }
}

/// Takes the pieces of a message.
private struct Sink {
    private var buffer = ProtobufCBuffer(append: { buffer, count, piece in
        guard let buffer else { return }
        UnsafeMutableRawPointer(buffer).assumingMemoryBound(to: Sink.self)
            .pointee.append(piece, count)
    })
    private var rest: UnsafeMutableRawBufferPointer
    private let fields: [(mark: UnsafePointer<UInt8>, write: LateBytes.Write)]

    init(
        _ target: UnsafeMutableRawBufferPointer,
        _ fields: [(mark: UnsafePointer<UInt8>, write: LateBytes.Write)]
    ) {
        rest = target
        self.fields = fields
    }

    mutating func append(_ piece: UnsafePointer<UInt8>?, _ count: Int) {
        guard count > 0, let piece else { return }
        let place = UnsafeMutableRawBufferPointer(rebasing: rest[..<count])
        rest = UnsafeMutableRawBufferPointer(rebasing: rest[count...])
        if count > WireArena.copiedBytesMax, let field = fields.first(where: { $0.mark == piece }) {
            field.write(place)
        } else {
            place.copyMemory(from: UnsafeRawBufferPointer(start: piece, count: count))
        }
    }
}
