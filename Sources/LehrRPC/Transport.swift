package import LehrWire

/// One core's way to the network: sockets, or memory.
package protocol Transport: AnyObject {
    var core: any Core { get }
    /// Starts to answer calls at `HOST:PORT` (port 0: any) and returns the address bound.
    func listen(at address: String, _ services: ServiceTable) throws(RPCError) -> String
    /// A channel to a `ChannelTarget`, `HOST:PORT` in memory; the same one each time. It connects
    /// when first used.
    func channel(to target: String) -> any Channel
    /// Stops listening and ends every connection; calls in flight end with UNAVAILABLE after at
    /// most `grace`, then `completion` runs. Calls without a deadline, such as watches, would last
    /// for ever: they have half a second.
    func shutDown(grace: Duration, _ completion: @escaping () -> Void)
}

/// Calls to one server, at one address or several, multiplexed. Every completion runs on the
/// channel's core, never inside the call that started it.
///
/// A channel that reaches no address fails its calls with UNAVAILABLE at once while its back-off
/// lasts, except those that wait for it. What no server can have begun to process it sends again by
/// itself; anything else is repeated only if `CallOptions.repetition` says so, for only the caller
/// knows whether that is safe.
package protocol Channel: AnyObject {
    /// For the messages of typed calls; the transport's, on the channel's core.
    var arenas: ArenaPool { get }
    func unary(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        _ completion: @escaping (Result<[UInt8], RPCError>) -> Void
    ) -> any Call
    /// `onEnd(nil)` is OK; nothing comes after it.
    func serverStreaming(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any Call
    /// Begins a call whose messages go both ways; `onMessage` gets those that were asked for.
    ///
    /// `onEnd` comes after the messages that arrived before it, so an OK waits until they have been
    /// asked for; a cancelled call, a passed deadline or a lost connection waits for nobody.
    func bidirectional(
        _ path: String, _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any ClientStream
}

/// A call in flight.
package protocol Call: AnyObject {
    /// Ends it with CANCELLED, on both sides; after its end, nothing.
    func cancel()
    /// What the server has sent before its messages; empty until then.
    var initialMetadata: Metadata { get }
    /// What came with the status; empty until then.
    var trailingMetadata: Metadata { get }
    /// The address that it was sent to; nil until then.
    var address: String? { get }
}

extension Channel {
    /// A typed unary call; the answer lives until `completion` returns.
    @discardableResult
    package func unary<Q, P>(
        _ method: Method<Q, P>, _ options: CallOptions = CallOptions(),
        _ fill: (inout Q, WireArena) -> Void,
        _ completion: @escaping (Result<UnsafePointer<P>, RPCError>) -> Void
    ) -> any Call {
        unary(method.path, arenas.encode(fill), options) { [arenas] result in
            arenas.withArena { arena in
                completion(result.flatMap { bytes in decoded(P.self, bytes, arena) })
            }
        }
    }
}

func decoded<M: WireMessage>(
    _ type: M.Type, _ bytes: [UInt8], _ arena: WireArena
) -> Result<UnsafePointer<M>, RPCError> {
    do throws(WireError) {
        return .success(try M.decode(bytes, in: arena))
    } catch {
        return .failure(RPCError(.internal, "the answer is \(error)"))
    }
}
