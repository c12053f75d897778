import Glibc
import Testing

/// A blocking socket that speaks whatever bytes a test gives it.
final class RawClient: Sendable {
    struct Answer {
        let status: Int
        let head: String
        let body: String
    }

    private let socket: Int32

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(UInt32(0x7F00_0001).bigEndian)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0, "connect: \(String(cString: strerror(errno)))")
    }

    deinit { close(socket) }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Everything up to the end of the stream.
    func readToEnd() throws -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(socket, &chunk, chunk.count, 0)
            try #require(count >= 0, "no answer: \(String(cString: strerror(errno)))")
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    /// One request on a connection of its own.
    static func ask(
        port: Int, _ method: String, _ path: String, body: String = "", headers: String = ""
    ) throws -> Answer {
        let client = try RawClient(port: port)
        try client.send(
            "\(method) \(path) HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\(headers)"
                + "content-length: \(body.utf8.count)\r\n\r\n\(body)")
        return try parse(client.readToEnd())
    }

    static func parse(_ text: String) throws -> Answer {
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        let head = text[..<end.lowerBound]
        let status = try #require(head.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return Answer(status: status, head: String(head), body: String(text[end.upperBound...]))
    }
}
