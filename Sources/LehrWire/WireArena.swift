package import CLehrWire

/// Memory for one message and all that hangs from it, freed at once with the arena.
///
/// protobuf-c allocates every string, array and sub-message by itself; here each takes a bump of a
/// pointer. Not for use from two threads.
package final class WireArena {
    /// An ordinary chunk that is kept when the arena is emptied, and the others.
    private var first: UnsafeMutableRawPointer?
    private var chunks: [UnsafeMutableRawPointer] = []
    /// Encoded messages that decoded ones point into.
    private var kept: [[UInt8]] = []
    /// What is written once the message around it is encoded.
    private var late = LateBytes()
    private var cursor: UnsafeMutableRawPointer?
    private var remaining = 0
    private let table: UnsafeMutablePointer<ProtobufCAllocator>
    /// Bytes that protobuf-c may still take for what it decodes.
    private var allowance = 0

    /// Bytes of an ordinary chunk; a larger request gets a chunk of its own.
    private static let chunkSize = 8192

    package init() {
        table = .allocate(capacity: 1)
        table.initialize(to: ProtobufCAllocator())
        table.pointee.alloc = { context, size in
            guard let context else { return nil }
            return Unmanaged<WireArena>.fromOpaque(context)._withUnsafeGuaranteedRef {
                $0.takeAllowed(size)
            }
        }
        table.pointee.free = { _, _ in }
        table.pointee.allocator_data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        removeAll()
        first?.deallocate()
        table.deallocate()
    }

    /// Frees every message at once; the arena can be used again.
    package func removeAll() {
        if !chunks.isEmpty {
            for chunk in chunks { chunk.deallocate() }
            chunks.removeAll()
        }
        if !kept.isEmpty { kept.removeAll() }
        if !late.isEmpty { late.removeAll() }
        cursor = first
        remaining = first == nil ? 0 : Self.chunkSize
    }

    /// What a message of `count` bytes may take when decoded: fields of two bytes become structures of
    /// a hundred, honest messages grow less than tenfold.
    static func decodedBytesMax(_ count: Int) -> Int {
        min(16 * count + (64 << 10), count + (256 << 20))
    }

    func keep(_ bytes: [UInt8]) { kept.append(bytes) }

    func allow(_ bytes: Int) { allowance = bytes }

    /// protobuf-c was refused memory since `allow`.
    var isOverdrawn: Bool { allowance < 0 }

    private func takeAllowed(_ size: Int) -> UnsafeMutableRawPointer? {
        allowance -= size
        return allowance < 0 ? nil : take(size)
    }

    /// For protobuf-c's unpack functions; valid while the arena lives.
    var allocator: UnsafeMutablePointer<ProtobufCAllocator> { table }

    /// `size` bytes aligned to 16.
    private func take(_ size: Int) -> UnsafeMutableRawPointer {
        let rounded = (size + 15) & ~15
        if rounded > remaining {
            let capacity = max(rounded, Self.chunkSize)
            let chunk = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            if first == nil, capacity == Self.chunkSize {
                first = chunk
            } else {
                chunks.append(chunk)
            }
            // A large request must not throw away what is left of the current chunk.
            if capacity > Self.chunkSize { return chunk }
            cursor = chunk
            remaining = capacity
        }
        guard let start = cursor else { preconditionFailure("an arena chunk is missing") }
        cursor = start + rounded
        remaining -= rounded
        return start
    }

    /// A new message, initialised to proto3's defaults and then filled.
    package func make<M: WireMessage>(
        _ type: M.Type, _ fill: (inout M, WireArena) -> Void
    ) -> UnsafeMutablePointer<M> {
        let size = MemoryLayout<M>.size
        let raw = take(size)
        protobuf_c_message_init(
            M.descriptor, raw.assumingMemoryBound(to: ProtobufCMessage.self))
        let message = raw.assumingMemoryBound(to: M.self)
        fill(&message.pointee, self)
        return message
    }

    /// A repeated field of messages: its count and its array of pointers.
    package func list<Element, M: WireMessage>(
        _ elements: some Collection<Element>, _ fill: (Element, inout M, WireArena) -> Void
    ) -> (count: Int, pointer: UnsafeMutablePointer<UnsafeMutablePointer<M>?>?) {
        guard !elements.isEmpty else { return (0, nil) }
        let count = elements.count
        let array = take(count * MemoryLayout<UnsafeMutablePointer<M>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<M>?.self, capacity: count)
        for (index, element) in elements.enumerated() {
            array[index] = make(M.self) { message, arena in fill(element, &message, arena) }
        }
        return (count, array)
    }

    /// A NUL-terminated copy for a `string` field; an embedded NUL ends it.
    package func string(_ text: String) -> UnsafeMutablePointer<CChar> {
        var text = text
        return text.withUTF8 { utf8 in
            let copy = take(utf8.count + 1).bindMemory(to: CChar.self, capacity: utf8.count + 1)
            utf8.withMemoryRebound(to: CChar.self) { source in
                if let base = source.baseAddress { copy.update(from: base, count: source.count) }
            }
            copy[utf8.count] = 0
            return copy
        }
    }

    /// A repeated `string` field.
    package func strings(
        _ texts: [String]
    ) -> (count: Int, pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        guard !texts.isEmpty else { return (0, nil) }
        let array = take(texts.count * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: texts.count)
        for (index, text) in texts.enumerated() { array[index] = string(text) }
        return (texts.count, array)
    }

    /// A `bytes` field to be filled by the caller, such as packed rows.
    package func bytes(count: Int) -> ProtobufCBinaryData {
        guard count > 0 else { return ProtobufCBinaryData(len: 0, data: nil) }
        return ProtobufCBinaryData(
            len: count, data: take(count).bindMemory(to: UInt8.self, capacity: count))
    }

    /// A `bytes` field of a message to be encoded here, whose content `write` puts straight to where
    /// the encoded message has it, at any address; a small one at once. Its `data` is not to be read.
    ///
    /// `write` has to write all `count` bytes, and is called at the latest by `bytes(of:)`.
    package func bytes(
        count: Int, _ write: @escaping (UnsafeMutableRawBufferPointer) -> Void
    ) -> ProtobufCBinaryData {
        if count > Self.copiedBytesMax {
            let mark = take(1).bindMemory(to: UInt8.self, capacity: 1)
            late.add(mark, write)
            return ProtobufCBinaryData(len: count, data: mark)
        }
        let field = bytes(count: count)
        if count > 0 { write(UnsafeMutableRawBufferPointer(start: field.data, count: count)) }
        return field
    }

    /// Memory for elements, to be initialised by the caller.
    package func elements<Element: BitwiseCopyable>(
        of type: Element.Type, count: Int
    ) -> UnsafeMutableBufferPointer<Element> {
        guard count > 0 else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        return UnsafeMutableBufferPointer(
            start: take(count * MemoryLayout<Element>.stride)
                .bindMemory(to: Element.self, capacity: count), count: count)
    }

    /// A repeated field of numbers.
    package func numbers<Number: BitwiseCopyable>(
        _ numbers: [Number]
    ) -> (count: Int, pointer: UnsafeMutablePointer<Number>?) {
        let copy = elements(of: Number.self, count: numbers.count)
        _ = copy.initialize(from: numbers)
        return (numbers.count, copy.baseAddress)
    }

    /// A `bytes` field that holds a copy of `elements`.
    package func bytes<Element: BitwiseCopyable>(
        copying elements: UnsafeBufferPointer<Element>
    ) -> ProtobufCBinaryData {
        let source = UnsafeRawBufferPointer(elements)
        let field = bytes(count: source.count)
        if let target = field.data, let base = source.baseAddress {
            UnsafeMutableRawPointer(target).copyMemory(from: base, byteCount: source.count)
        }
        return field
    }

    package func bytes<Element: BitwiseCopyable>(copying elements: [Element]) -> ProtobufCBinaryData
    {
        elements.withUnsafeBufferPointer { bytes(copying: $0) }
    }

    /// The encoded form of a message built here.
    package func bytes<M: WireMessage>(of message: UnsafeMutablePointer<M>) -> [UInt8] {
        let base = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        let size = protobuf_c_message_get_packed_size(base)
        if size <= Self.copiedBytesMax {
            // Copying a few bytes costs less than an array that is not filled yet: for that the
            // library looks up the type of its memory at run time.
            let scratch = take(size).bindMemory(to: UInt8.self, capacity: size)
            let count = protobuf_c_message_pack(base, scratch)
            return [UInt8](UnsafeBufferPointer(start: scratch, count: count))
        }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count =
                late.isEmpty
                ? protobuf_c_message_pack(base, start)
                : late.pack(base, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    static let copiedBytesMax = 4 << 10
}
