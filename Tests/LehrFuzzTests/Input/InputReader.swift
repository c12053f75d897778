/// Takes decisions from the bytes of an input; after their end every decision is 0.
struct InputReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ input: UnsafeRawBufferPointer) { rest = input[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// A number from two bytes.
    mutating func short() -> Int { Int(byte()) << 8 | Int(byte()) }

    mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = rest.prefix(count)
        rest = rest.dropFirst(taken.count)
        return [UInt8](taken)
    }

    mutating func remainder() -> [UInt8] { bytes(rest.count) }
}
