import LehrRPC
import LehrWire

/// Methods of every kind, with handlers that are quick, late, careless and greedy.
///
/// The first bytes of a message say how it is answered. What a handler keeps is worked on by `turn`.
final class FuzzServices {
    static let paths = [
        "/f/Echo", "/f/Later", "/f/Drop", "/f/Count", "/f/Flood", "/f/Hold", "/f/Collect",
        "/f/Chat", "/f/Mute", "/f/Slow", "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ]

    let table = ServiceTable()
    /// Calls that handlers were given, until they or the transport have ended them.
    let ledger = Ledger()
    let standard: StandardServices
    private var later: [() -> Void] = []
    private var slow: [() -> Bool] = []

    init() throws(RPCError) {
        standard = try StandardServices()
        standard.register(in: table)
        registerUnary()
        registerServerStreaming()
        registerClientStreaming()
        registerBidirectional()
    }

    /// Does what handlers have put off; called once a turn of the connection.
    func turn() {
        if !later.isEmpty { later.removeFirst()() }
        slow.removeAll { !$0() }
    }

    /// Lets go of what handlers keep.
    func forgetAll() {
        later = []
        slow = []
    }

    private func registerUnary() {
        table.register(
            "/f/Echo",
            .unary { [ledger] context, message, responder in
                let end = ledger.begin(context.method)
                responder.metadata.compresses = context.metadata["x-gzip"] != nil
                responder.metadata.trailing.appendBinary("x-bytes-bin", message.prefix(64))
                for (name, value) in context.metadata.entries where name == "x-echo" {
                    responder.metadata.initial.entries.append((value, value))
                }
                _ = context.trace
                end()
                responder.succeed(message)
            })
        table.register(
            "/f/Later",
            .unary { [unowned self] context, message, responder in
                let end = ledger.begin(context.method)
                var isOpen = true
                responder.onCancel = {
                    isOpen = false
                    end()
                }
                later.append {
                    guard isOpen else { return }
                    end()
                    let code = StatusCode(rawValue: Int(message.first ?? 0) % 17) ?? .ok
                    if code == .ok {
                        responder.succeed(message)
                    } else {
                        responder.fail(code, String(decoding: message, as: UTF8.self))
                    }
                }
            })
        table.register("/f/Drop", .unary { _, _, _ in })
    }

    private func registerServerStreaming() {
        table.register(
            "/f/Count",
            .serverStreaming { [ledger] context, message, stream in
                let end = ledger.begin(context.method)
                var left = Int(message.first ?? 3)
                let part = [UInt8](repeating: 5, count: 8 * Int(message.last ?? 1))
                stream.metadata.compresses = context.metadata["x-gzip"] != nil
                stream.onCancel = end
                let write = { [unowned stream] in
                    while left > 0, stream.isWritable {
                        left -= 1
                        stream.send(part)
                    }
                }
                // Holds the stream until one of both sides ends it.
                stream.onWritable = {
                    write()
                    guard left == 0 else { return }
                    stream.onCancel = nil
                    stream.finish(nil)
                    end()
                }
                stream.onWritable?()
            })
        table.register(
            "/f/Flood",
            .serverStreaming { [ledger] context, message, stream in
                let end = ledger.begin(context.method)
                var isOpen = true
                stream.onCancel = {
                    isOpen = false
                    end()
                }
                for _ in 0..<64 where isOpen { stream.send([UInt8](repeating: 1, count: 512)) }
                guard isOpen else { return }
                stream.onCancel = nil
                end()
                stream.finish(message.isEmpty ? nil : RPCError(.aborted, "it was not empty"))
            })
        table.register(
            "/f/Hold",
            .serverStreaming { [ledger] context, message, stream in
                let end = ledger.begin(context.method)
                stream.send(message)
                stream.onCancel = {
                    end()
                    withExtendedLifetime(stream) {}
                }
            })
    }

    private func registerClientStreaming() {
        table.register(
            "/f/Collect",
            .bidirectional { [ledger] context, stream in
                let end = ledger.begin(context.method)
                var sum = 0
                stream.onCancel = end
                stream.onMessage = { [unowned stream] message in
                    sum += message.count
                    stream.request(1)
                }
                stream.onEnd = {
                    stream.send([UInt8(truncatingIfNeeded: sum)])
                    stream.onCancel = nil
                    stream.finish(nil)
                    end()
                }
                stream.request(2)
            })
        table.register(
            "/f/Mute",
            .bidirectional { [ledger] context, stream in
                let end = ledger.begin(context.method)
                stream.onCancel = {
                    end()
                    withExtendedLifetime(stream) {}
                }
                stream.onMessage = { _ in ledger.note("a message came that nobody asked for") }
            })
    }

    private func registerBidirectional() {
        table.register(
            "/f/Chat",
            .bidirectional { [ledger] context, stream in
                let end = ledger.begin(context.method)
                stream.metadata.compresses = context.metadata["x-gzip"] != nil
                stream.onCancel = end
                stream.onMessage = { [unowned stream] message in
                    stream.send(message)
                    if stream.isWritable { stream.request(1) }
                }
                stream.onWritable = { [unowned stream] in stream.request(1) }
                stream.onEnd = {
                    stream.onCancel = nil
                    stream.finish(nil)
                    end()
                }
                stream.request(1)
            })
        table.register(
            "/f/Slow",
            .bidirectional { [unowned self] context, stream in
                let end = ledger.begin(context.method)
                var asked = 0
                var isOpen = true
                stream.onCancel = {
                    isOpen = false
                    end()
                }
                stream.onMessage = { [ledger] _ in
                    asked -= 1
                    if asked < 0 { ledger.note("more messages came than were asked for") }
                }
                stream.onEnd = {
                    isOpen = false
                    stream.onCancel = nil
                    stream.finish(RPCError(.dataLoss, "that is all"))
                    end()
                }
                slow.append { [weak stream] in
                    guard isOpen, let stream else { return false }
                    asked += 1
                    stream.request(1)
                    return true
                }
            })
    }
}
