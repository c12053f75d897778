import LehrRPC
import LehrWire

/// A watcher at the far end of a server stream.
final class StreamWatcher<Value, Message: WireMessage>: Watcher {
    var onReady: (() -> Void)?
    var onGone: (() -> Void)?
    private let stream: MessageStream<Message>
    private let fill: (Value, inout Message, WireArena) -> Void

    init(
        _ stream: MessageStream<Message>,
        _ fill: @escaping (Value, inout Message, WireArena) -> Void
    ) {
        self.stream = stream
        self.fill = fill
        // The list that it is in keeps the watcher; the stream must not, which the watcher keeps.
        stream.untyped.onWritable = { [weak self] in self?.onReady?() }
        stream.untyped.onCancel = { [weak self] in self?.onGone?() }
    }

    func take(_ value: Value) -> Bool {
        guard stream.untyped.isWritable else { return false }
        stream.send { message, arena in fill(value, &message, arena) }
        return true
    }

    func finish(_ last: Value?) {
        if let last { stream.send { message, arena in fill(last, &message, arena) } }
        stream.finish()
        stream.untyped.onWritable = nil
        stream.untyped.onCancel = nil
    }
}
