import Glibc
import LehrCore
import LehrRPC

/// One `GET` over HTTP/1.1 on a blocking socket, for the status and the body of a small answer.
struct ReadinessProbe {
    let target: HostPort
    let path: String
    let timeout: Duration

    /// Of an answer; what comes after it is not read.
    private static let bytesMax = 64 << 10

    /// nil: `url` is not one of HTTP. Without a path, `/readyz` is asked for.
    init?(_ url: String, timeout: Duration) {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst("http://".count)
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let target = try? HostPort(String(rest[..<end])),
            rest.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        let path = String(rest[end...])
        (self.target, self.timeout) = (target, timeout)
        self.path = path.isEmpty || path == "/" ? "/readyz" : path
    }

    /// What is asked for.
    var question: String { "http://\(target)\(path)" }

    /// Blocks for `timeout` at most, and for as long as a name server needs.
    func ask() throws(ClientError) -> (status: Int, body: String) {
        let addresses = try Addresses(target, question)
        let deadline = SystemClock().now + timeout
        let socket = try connect(to: addresses, by: deadline)
        defer { close(socket) }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(target)\r\nConnection: close\r\n\r\n"
        _ = try call(socket, by: deadline) {
            send(socket, request, request.utf8.count, Int32(MSG_NOSIGNAL))
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while answer.count < Self.bytesMax {
            let count = try call(socket, by: deadline) { recv(socket, &buffer, buffer.count, 0) }
            if count == 0 { break }
            answer += buffer.prefix(count)
        }
        guard let parsed = Self.parse(answer) else {
            throw ClientError("\(question): what answers there does not speak HTTP")
        }
        return parsed
    }

    /// The status and the body of an answer; nil: it is none.
    static func parse(_ answer: [UInt8]) -> (status: Int, body: String)? {
        let text = String(decoding: answer, as: UTF8.self)
        let words = text.prefix { !$0.isNewline }.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3,
            let status = Int(words[1]), (100..<600).contains(status)
        else { return nil }
        let end = text.firstRange(of: "\r\n\r\n")?.upperBound ?? text.endIndex
        return (status, String(text[end...]))
    }

    // MARK: - System calls

    /// The addresses of a name.
    private final class Addresses {
        let first: UnsafeMutablePointer<addrinfo>?

        init(_ target: HostPort, _ question: String) throws(ClientError) {
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let cause = getaddrinfo(target.host, "\(target.port)", &hints, &list)
            guard cause == 0 else {
                throw ClientError("\(question): \(String(cString: gai_strerror(cause)))")
            }
            first = list
        }

        deinit { freeaddrinfo(first) }
    }

    /// The first address that can be reached.
    private func connect(
        to addresses: Addresses, by deadline: Instant
    ) throws(ClientError) -> Int32 {
        var last = failure(ECONNREFUSED)
        var next = addresses.first
        while let address = next?.pointee {
            let socket = socket(address.ai_family, Int32(SOCK_STREAM.rawValue), 0)
            guard socket >= 0 else { throw failure(errno) }
            do throws(ClientError) {
                _ = try call(socket, by: deadline) {
                    let outcome = Glibc.connect(socket, address.ai_addr, address.ai_addrlen)
                    return outcome < 0 && errno == EISCONN ? 0 : Int(outcome)
                }
                return socket
            } catch {
                last = error
                close(socket)
                next = address.ai_next
            }
        }
        throw last
    }

    /// A call that waits no longer than until the deadline; once more where a signal came between.
    private func call(
        _ socket: Int32, by deadline: Instant, _ body: () -> Int
    ) throws(ClientError) -> Int {
        while true {
            let left = deadline - SystemClock().now
            // A limit of zero would be none.
            guard left >= .milliseconds(1) else { throw failure(EAGAIN) }
            limit(socket, to: left)
            let outcome = body()
            if outcome >= 0 { return outcome }
            guard errno == EINTR else { throw failure(errno) }
        }
    }

    /// Bounds each system call; on Linux the one for sending is `connect`'s, too.
    private func limit(_ socket: Int32, to most: Duration) {
        var time = timeval()
        time.tv_sec = Int(most.components.seconds)
        time.tv_usec = Int(most.components.attoseconds / 1_000_000_000_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    private func failure(_ cause: Int32) -> ClientError {
        let isLate = cause == EAGAIN || cause == EINPROGRESS || cause == EALREADY
        return ClientError(
            "\(question): \(isLate ? "no answer in time" : String(cString: strerror(cause)))")
    }
}
