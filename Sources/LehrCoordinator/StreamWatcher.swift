import LehrRPC
import LehrWire

/// A watcher at the far end of a server stream.
final class StreamWatcher<Value, Message: WireMessage>: Watcher {
    var onReady: (() -> Void)?
    var onGone: (() -> Void)?
    private let stream: MessageStream<Message>
    private let send: (Value, MessageStream<Message>) -> Void

    /// - Parameter send: sends a value as a message.
    init(
        _ stream: MessageStream<Message>,
        _ send: @escaping (Value, MessageStream<Message>) -> Void
    ) {
        self.stream = stream
        self.send = send
        // The list that it is in keeps the watcher; the stream must not, which the watcher keeps.
        stream.untyped.onWritable = { [weak self] in self?.onReady?() }
        stream.untyped.onCancel = { [weak self] in self?.onGone?() }
    }

    func take(_ value: Value) -> Bool {
        guard stream.untyped.isWritable else { return false }
        send(value, stream)
        return true
    }

    func finish(_ last: Value?) {
        if let last { send(last, stream) }
        stream.finish()
        stream.untyped.onWritable = nil
        stream.untyped.onCancel = nil
    }
}
