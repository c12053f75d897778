import CLehrWire

/// Descriptions of protobuf files, found by the name of the file or of what it defines.
package struct DescriptorPool: Sendable {
    private struct File: Sendable {
        var name = ""
        var package = ""
        var dependencies: [String] = []
        let bytes: [UInt8]
    }

    private var files: [String: File] = [:]
    /// The file that defines a full name.
    private var owners: [String: String] = [:]
    /// Every method of every service as `/package.Service/Method`, in the order of the files.
    package private(set) var methodPaths: [String] = []

    /// The files of `Protos/`, which the build embeds.
    package static func embedded() throws(WireError) -> DescriptorPool {
        var count = 0
        let start = lehr_descriptor_set(&count)
        return try DescriptorPool(UnsafeBufferPointer(start: start, count: count))
    }

    /// Reads a FileDescriptorSet.
    package init(_ descriptorSet: some Sequence<UInt8>) throws(WireError) {
        var set = FieldReader(descriptorSet)
        while let (field, value) = try set.next() {
            if field == 1, case .bytes(let bytes) = value { try add(bytes) }
        }
    }

    /// The encoded descriptor of a file and then of all that it imports; nil: it is unknown.
    package func file(named name: String) -> [[UInt8]]? {
        guard files[name] != nil else { return nil }
        var found: [[UInt8]] = []
        var names = [name]
        var seen: Set = [name]
        while let next = names.popLast() {
            guard let file = files[next] else { continue }
            found.append(file.bytes)
            names += file.dependencies.filter { seen.insert($0).inserted }
        }
        return found
    }

    /// The same for the file that defines a message, enumeration, service, method or field.
    package func file(defining symbol: String) -> [[UInt8]]? {
        owners[symbol].flatMap { file(named: $0) }
    }

    // MARK: Numbers of fields in descriptor.proto

    private mutating func add(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var file = File(bytes: Array(bytes))
        var definitions: [(kind: Kind, bytes: ArraySlice<UInt8>)] = []
        var reader = FieldReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: file.name = value.text
            case 2: file.package = value.text
            case 3: file.dependencies.append(value.text)
            case 4: definitions.append((.message, bytes))
            case 5: definitions.append((.enumeration, bytes))
            case 6: definitions.append((.service, bytes))
            case 7: definitions.append((.leaf, bytes))
            default: break
            }
        }
        files[file.name] = file
        for (kind, bytes) in definitions {
            try define(kind, bytes, in: file.package, of: file.name, depth: 0)
        }
    }

    private enum Kind {
        case message, enumeration, service
        /// A field, value or method: it has a name and nothing in it that has one.
        case leaf

        /// What the field of a descriptor of this kind defines, besides its name.
        func part(_ field: Int) -> Kind? {
            switch (self, field) {
            case (.message, 2), (.message, 6), (.message, 8): .leaf
            case (.message, 3): .message
            case (.message, 4): .enumeration
            case (.enumeration, 2), (.service, 2): .leaf
            default: nil
            }
        }
    }

    private static func name(of bytes: ArraySlice<UInt8>) throws(WireError) -> String {
        var reader = FieldReader(bytes)
        while let (field, value) = try reader.next() {
            if field == 1 { return value.text }
        }
        return ""
    }

    /// Nesting of messages that is followed; protobuf's own readers allow as much.
    private static let depthMax = 100

    private mutating func define(
        _ kind: Kind, _ bytes: ArraySlice<UInt8>, in scope: String, of file: String, depth: Int
    ) throws(WireError) {
        guard depth < Self.depthMax else { throw WireError(message: "FileDescriptorSet") }
        var name = ""
        var parts: [(Kind, ArraySlice<UInt8>)] = []
        var reader = FieldReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            if field == 1 { name = value.text }
            if let part = kind.part(field) { parts.append((part, bytes)) }
        }
        let full = scope.isEmpty ? name : scope + "." + name
        owners[full] = file
        for (part, bytes) in parts {
            if kind == .service { methodPaths.append("/\(full)/\(try Self.name(of: bytes))") }
            // The values of an enumeration stand beside it, not in it.
            let inner = kind == .enumeration ? scope : full
            try define(part, bytes, in: inner, of: file, depth: depth + 1)
        }
    }
}
