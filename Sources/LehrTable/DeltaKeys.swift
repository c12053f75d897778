import CLehrKernels

/// Keys as differences of one to eight bytes, checked and ready to be read.
///
/// A difference is of a key and the one before it, modulo 2^64, so that any keys can be written, also
/// those that come twice. What it saves depends on their order: ascending keys have short
/// differences, and each step down costs a long one, eight bytes or so. Every key has three bits more,
/// its length. In a request keys ascend within each partition:
///
/// - Dense ids, such as those of users and items, have differences of a byte or two: 1.4 to 2.5 bytes
///   a key instead of eight.
/// - Hashes are spread over all 64 bits, and `n` of them in a partition's run lie about 64 - log2(n)
///   bits apart. With 60 keys a run that is 8.2 bytes a key, more than as they are, and with 6,000
///   some 7.2. For hashes it is not worth it.
///
/// Sorting is the price, on the sender's side: 10 to 35 ns a key. To read them is 1 ns a key.
///
/// Layout, little-endian: the number of keys, u32; the lengths of the differences, less one, three bits
/// each from the lowest, eight in three bytes, of which the last may be incomplete and has zeros
/// there; the differences. The lengths stand together so that a difference's place does not depend on
/// reading the one before it (as in Stream VByte, Lemire, Kurz and Rupp 2018).
package struct DeltaKeys {
    package let count: Int
    private let control: UnsafeRawPointer
    private let data: UnsafeRawBufferPointer

    private static let headBytes = 4

    /// Checks `bytes`, which stay where they are: every length, and that nothing is left over.
    /// - Parameter countMax: more keys than this are refused.
    package init(_ bytes: UnsafeRawBufferPointer, countMax: Int) throws(DeltaKeysError) {
        guard bytes.count >= Self.headBytes, let start = bytes.baseAddress else {
            throw .withoutCount(bytes: bytes.count)
        }
        count = Int(UInt32(littleEndian: start.loadUnaligned(as: UInt32.self)))
        guard count <= countMax else { throw .tooMany(count: count, allowed: countMax) }
        control = start + Self.headBytes
        let dataStart = Self.headBytes + lehr_delta_control_size(count)
        guard bytes.count >= dataStart else {
            throw .wrongSize(count: count, expected: dataStart + count, bytes: bytes.count)
        }
        let expected = dataStart + lehr_delta_data_size(control, count)
        guard bytes.count == expected else {
            throw .wrongSize(count: count, expected: expected, bytes: bytes.count)
        }
        data = UnsafeRawBufferPointer(rebasing: bytes[dataStart...])
    }

    /// Writes all keys; `keys` has room for just `count`.
    package func decode(into keys: UnsafeMutableBufferPointer<UInt64>) {
        precondition(keys.count == count, "there is room for each key")
        guard let start = keys.baseAddress, let data = data.baseAddress else { return }
        lehr_delta_decode(control, data, self.data.count, start, count)
    }

    /// Bytes that `count` keys take at most.
    package static func byteCountMax(_ count: Int) -> Int {
        headBytes + lehr_delta_control_size(count) + count * MemoryLayout<UInt64>.stride
    }

    /// Writes `keys`, at most 2^32 - 1 of them, into `bytes`, which has room for `byteCountMax`;
    /// returns how many bytes they take.
    package static func encode(
        _ keys: UnsafeBufferPointer<UInt64>, into bytes: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(bytes.count >= byteCountMax(keys.count), "there is room for any keys")
        guard let start = bytes.baseAddress else { return 0 }
        start.storeBytes(of: UInt32(keys.count).littleEndian, as: UInt32.self)
        guard let first = keys.baseAddress else { return headBytes }
        let control = start + headBytes
        let data = control + lehr_delta_control_size(keys.count)
        return data - start + lehr_delta_encode(first, keys.count, control, data)
    }
}

/// What is wrong with bytes that should be keys as differences.
package enum DeltaKeysError: Error, Hashable, Sendable, CustomStringConvertible {
    case withoutCount(bytes: Int)
    case tooMany(count: Int, allowed: Int)
    /// `expected`: at least as many, when there are too few to tell.
    case wrongSize(count: Int, expected: Int, bytes: Int)

    package var description: String {
        switch self {
        case .withoutCount(let bytes):
            "\(bytes) bytes of keys as differences; the first 4 say how many there are"
        case .tooMany(let count, let allowed): "\(count) keys as differences; at most \(allowed)"
        case .wrongSize(let count, let expected, let bytes):
            "\(count) keys as differences are \(bytes) bytes; expected \(expected)"
        }
    }
}
