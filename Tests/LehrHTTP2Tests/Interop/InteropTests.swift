import Glibc
import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// Calls between us and grpcio, in both directions; `LEHR_INTEROP_PYTHON` names a Python that has
/// `grpcio` and `grpcio-tools`.
@Suite(.enabled(if: Interop.python != nil, "LEHR_INTEROP_PYTHON does not name a Python"))
struct InteropTests {
    @Test func grpcioIsServed() throws {
        try Scene.run(on: .sockets) { scene in
            let address = try scene.serve(InteropService(on: scene.core).table).address
            let program = try #require(
                Interop.start("client.py", address, "--gzip"))
            Interop.wait(for: program, in: scene) { status in
                #expect(status == 0)
                scene.finish()
            }
        }
    }

    /// Needs `grpcio-health-checking` and `grpcio-reflection` as well.
    @Test func grpcioFindsHealthAndReflection() throws {
        try Scene.run(on: .sockets) { scene in
            let table = ServiceTable()
            let services = try StandardServices()
            services.register(in: table)
            table.register("/t.Echo/Say", .unary { $2.succeed($1) })
            services.health["t.Echo"] = .notServing
            let program = try #require(
                Interop.start("standard.py", scene.serve(table).address))
            scene.once {
                services.health.watcherCount == 2
            } _: {
                // The program has one answer and waits for the next.
                scene.after(.milliseconds(50)) { services.health["t.Echo"] = .serving }
            }
            Interop.wait(for: program, in: scene) { status in
                #expect(status == 0)
                scene.finish()
            }
        }
    }

    @Test func grpcioServesUs() throws {
        try Scene.run(on: .sockets) { scene in
            let file = "/tmp/lehr-interop-\(getpid())"
            let program = try #require(Interop.start("server.py", file))
            scene.once {
                access(file, R_OK) == 0
            } _: {
                let port = Interop.takeText(file)
                let client = InteropClient(scene.client.channel(to: "127.0.0.1:\(port)"))
                client.runAll {
                    #expect(client.passed == InteropClient.cases.map(\.name))
                    withExtendedLifetime(program) { scene.finish() }
                }
            }
        }
    }
}

/// The programs of `Tests/Interop`.
enum Interop {
    static let python = getenv("LEHR_INTEROP_PYTHON").map { String(cString: $0) }

    private static let directory =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/") + "/Interop/"

    static func start(_ script: String, _ arguments: String...) -> Program? {
        python.flatMap { Program([$0, directory + script] + arguments) }
    }

    static func wait(
        for program: Program, in scene: Scene, _ completion: @escaping (Int32) -> Void
    ) {
        if let status = program.exitStatus() { return completion(status) }
        scene.after(.milliseconds(10)) { wait(for: program, in: scene, completion) }
    }

    /// The text of a short file, which is removed.
    static func takeText(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY)
        defer {
            close(descriptor)
            unlink(path)
        }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = max(read(descriptor, &buffer, buffer.count), 0)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
