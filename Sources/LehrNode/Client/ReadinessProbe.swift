import Glibc
import LehrCore
import LehrRPC

/// One `GET` over HTTP/1.1 on a blocking socket, for the status and the body of a small answer.
struct ReadinessProbe {
    /// `http://HOST:PORT` and perhaps a path.
    let url: String
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
        (self.url, self.target, self.timeout) = (url, target, timeout)
        self.path = path.isEmpty || path == "/" ? "/readyz" : path
    }

    /// Blocks for `timeout` at most, and for as long as a name server needs.
    func ask() throws(ClientError) -> (status: Int, body: String) {
        let socket = try connected()
        defer { close(socket) }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(target)\r\nConnection: close\r\n\r\n"
        guard send(socket, request, request.utf8.count, Int32(MSG_NOSIGNAL)) >= 0 else {
            throw failure(errno)
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let start = SystemClock().now
        while answer.count < Self.bytesMax {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count == 0 { break }
            guard count > 0 else { throw failure(errno) }
            answer += buffer.prefix(count)
            guard SystemClock().now - start < timeout else { throw failure(EAGAIN) }
        }
        guard let parsed = Self.parse(answer) else {
            throw ClientError("\(url): what answers there does not speak HTTP")
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

    private func connected() throws(ClientError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let cause = getaddrinfo(target.host, "\(target.port)", &hints, &list)
        guard cause == 0 else {
            throw ClientError("\(url): \(String(cString: gai_strerror(cause)))")
        }
        defer { freeaddrinfo(list) }
        var last = ECONNREFUSED
        var next = list
        while let address = next?.pointee {
            let socket = socket(address.ai_family, Int32(SOCK_STREAM.rawValue), 0)
            guard socket >= 0 else { throw failure(errno) }
            limit(socket)
            if connect(socket, address.ai_addr, address.ai_addrlen) == 0 { return socket }
            last = errno
            close(socket)
            next = address.ai_next
        }
        throw failure(last)
    }

    /// Bounds each system call; on Linux the one for sending is `connect`'s, too.
    private func limit(_ socket: Int32) {
        var time = timeval()
        time.tv_sec = Int(timeout.components.seconds)
        time.tv_usec = Int(timeout.components.attoseconds / 1_000_000_000_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    private func failure(_ cause: Int32) -> ClientError {
        let isLate = cause == EAGAIN || cause == EINPROGRESS
        return ClientError(
            "\(url): \(isLate ? "no answer in time" : String(cString: strerror(cause)))")
    }
}
