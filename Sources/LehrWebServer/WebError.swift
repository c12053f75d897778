/// Why an HTTP door could not be opened.
package enum WebError: Error, Equatable, CustomStringConvertible {
    case cannotListen(host: String, port: Int, reason: String)

    package var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason):
            "cannot listen for HTTP on \(host):\(port): \(reason);"
                + " choose another address with --http-listen"
        }
    }
}
