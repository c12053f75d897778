package import CLehrWire
package import LehrCore

extension ProtobufCBinaryData {
    /// The field as packed little-endian elements; nil when its length is not a whole number of them.
    ///
    /// Valid while the message's arena lives.
    package func elements<Element: BitwiseCopyable>(
        of type: Element.Type
    ) -> PackedElements<Element>? {
        guard len % MemoryLayout<Element>.stride == 0 else { return nil }
        guard let data else { return PackedElements() }
        return PackedElements(start: data, count: len / MemoryLayout<Element>.stride)
    }

    /// The field's bytes; valid as long.
    package var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data, count: len) }
}

/// The text of a `string` field; what is not UTF-8 in it is replaced.
package func text(_ field: UnsafeMutablePointer<CChar>?) -> String {
    field.map { String(cString: $0) } ?? ""
}

/// The messages of a repeated field, in order.
package func each<M>(
    _ count: Int, _ pointer: UnsafeMutablePointer<UnsafeMutablePointer<M>?>?
) -> [M] {
    guard let pointer else { return [] }
    return (0..<count).compactMap { pointer[$0]?.pointee }
}

/// The texts of a repeated `string` field, in order.
package func texts(
    _ count: Int, _ pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> [String] {
    guard let pointer else { return [] }
    return (0..<count).map { text(pointer[$0]) }
}
