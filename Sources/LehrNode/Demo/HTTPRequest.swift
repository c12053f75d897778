import Foundation

/// HTTP by `curl`, the very command that is shown to the person.
enum HTTPRequest {
    struct Answer {
        let status: Int
        let body: Data

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    static func get(_ url: String) async throws -> Answer { try await curl([url]) }

    static func post(_ url: String, _ body: String) async throws -> Answer {
        try await curl([url, "-d", body])
    }

    private static func curl(_ arguments: [String]) async throws -> Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // The status comes behind the body, on a line of its own.
        process.arguments = ["curl", "-s", "-m", "10", "-w", "\n%{http_code}"] + arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard let end = data.lastIndex(of: 10),
            let status = Int(String(decoding: data[(end + 1)...], as: UTF8.self))
        else { throw ClientError("curl did not run; install it (apt-get install curl)") }
        return Answer(status: status, body: Data(data[..<end]))
    }
}
