import Glibc
import LehrCore

/// HTTP by `curl`, the very command that is shown to the person.
enum HTTPRequest {
    struct Answer {
        let status: Int
        let body: String
    }

    static func get(_ url: String) throws -> Answer { try curl([url]) }

    static func post(_ url: String, _ body: String) throws -> Answer {
        try curl([url, "-d", body])
    }

    private static func curl(_ arguments: [String]) throws -> Answer {
        // The status comes behind the body, on a line of its own.
        let text = try output(["curl", "-s", "-m", "10", "-w", "\n%{http_code}"] + arguments)
        guard let end = text.lastIndex(of: "\n"), let status = Int(text[end...].dropFirst()) else {
            throw curlIsMissing
        }
        return Answer(status: status, body: String(text[..<end]))
    }

    private static var curlIsMissing: ClientError {
        ClientError("curl did not run; install it (apt-get install curl)")
    }

    /// What is more is not read, and so is no answer.
    private static let answerBytesMax = 4 << 20

    /// What `command` prints.
    private static func output(_ command: [String]) throws -> String {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ClientError("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let started = Result { () throws(ProgramError) in
            try Program.start(command, output: ends[1])
        }
        close(ends[1])
        guard case .success(let pid) = started else {
            close(ends[0])
            throw curlIsMissing
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < answerBytesMax {
            let count = read(ends[0], &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        // One that has more to say ends by that.
        close(ends[0])
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
        return String(decoding: bytes, as: UTF8.self)
    }
}
