import LehrRPC

extension ServiceTable {
    /// The same services, with `watch` around each unary handler: it gets the call's path and request
    /// before the handler runs, and returns what is to see the answer.
    func watched(
        _ watch: @escaping (_ path: String, _ request: [UInt8]) -> ((_ answer: [UInt8]?) -> Void)?
    ) -> ServiceTable {
        let watched = ServiceTable()
        for path in paths.sorted() {
            guard let handler = route(path)?.handler else { continue }
            guard case .unary(let body) = handler else {
                watched.register(path, handler)
                continue
            }
            watched.register(
                path,
                .unary { context, request, responder in
                    guard let see = watch(path, request) else {
                        return body(context, request, responder)
                    }
                    let between = UnaryResponder { result, metadata in
                        see(try? result.get())
                        responder.metadata = metadata
                        responder.finish(result)
                    }
                    // Weak: a handler that lets go of its end of the call must be noticed.
                    responder.onCancel = { [weak between] in between?.cancelled() }
                    body(context, request, between)
                })
        }
        return watched
    }
}
