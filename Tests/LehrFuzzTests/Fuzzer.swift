import Glibc

// What libFuzzer calls, in the program that is built with `LEHR_FUZZ` in the environment. Its
// argument `--target=NAME` chooses the target; all others are libFuzzer's.

// Unchecked: libFuzzer runs on one thread.
nonisolated(unsafe) private var chosen: FuzzTarget?

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafePointer<CInt>,
    _ arguments: UnsafePointer<UnsafePointer<UnsafePointer<CChar>?>>
) -> CInt {
    let prefix = "--target="
    for index in 1..<Int(count.pointee) {
        guard let argument = arguments.pointee[index] else { continue }
        let text = String(cString: argument)
        guard text.hasPrefix(prefix) else { continue }
        chosen = FuzzTarget.all.first { $0.name == text.dropFirst(prefix.count) }
    }
    if chosen == nil {
        let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
        say("choose one with \(prefix)NAME: \(names)")
        exit(64)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try chosen?.run(UnsafeRawBufferPointer(start: start, count: count))
    } catch {
        say("\(error)")
        abort()
    }
    return 0
}

private func say(_ text: String) {
    _ = "lehr-fuzz: \(text)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
}
