package import LehrWire

extension ServiceTable {
    /// Answers a unary method by an `async` function on the core that has read the request.
    ///
    /// It runs at once up to its first suspension, and after each goes on on the same core. The task
    /// is cancelled when the caller goes away; what it throws is the status of the call, and
    /// INTERNAL if it is not an `RPCError`. A small call costs a quarter more than with a plain handler:
    /// use it where the work waits for something.
    package func asyncUnary(
        _ path: String, on core: any Core,
        _ body: @escaping @Sendable (CallContext, [UInt8]) async throws -> [UInt8]
    ) {
        let executor = CoreExecutor(core)
        register(
            path,
            .unary { context, message, responder in
                let end = Confined(responder, to: core)
                let task = Task.immediate(executorPreference: executor) {
                    let result: Result<[UInt8], RPCError>
                    do {
                        result = .success(try await body(context, message))
                    } catch let error as RPCError {
                        result = .failure(error)
                    } catch {
                        result = .failure(RPCError(.internal, "\(error)"))
                    }
                    end.withValue { $0.finish(result) }
                }
                if responder.isOpen { responder.onCancel = { task.cancel() } }
            })
    }

    /// As the other, with messages: `body` gets the request, which lives until it returns, and returns
    /// what fills the answer.
    package func asyncUnary<Q, P>(
        _ method: Method<Q, P>, on core: any Core,
        _ body:
            @escaping @Sendable (CallContext, borrowing Q) async throws -> (
                (inout P, WireArena) -> Void
            )
    ) {
        let arenas = Confined(ArenaPool(), to: core)
        asyncUnary(method.path, on: core) { context, bytes in
            let arena = arenas.withValue { $0.take() }
            defer { arenas.withValue { $0.give(arena) } }
            let request: UnsafePointer<Q>
            do throws(WireError) {
                request = try Q.decode(bytes, in: arena)
            } catch {
                throw RPCError(.invalidArgument, "\(error)")
            }
            let fill = try await body(context, request.pointee)
            return arena.bytes(of: arena.make(P.self, fill))
        }
    }
}
