import ArgumentParser
import Foundation
import LehrCore

/// Flags of commands that talk to a cluster.
struct ClientFlags: ParsableArguments {
    @Option(help: "The coordinator's gRPC address (or LEHR_COORDINATOR; default 127.0.0.1:7100).")
    var coordinator: String?

    @Option(
        name: .customLong("token-file"),
        help: "A file with a token to show to the coordinator (or LEHR_TOKEN, the token itself).")
    var tokenFile: String?

    @Flag(help: "Print JSON for programs instead of text for people.")
    var json = false

    var settings: ClientSettings {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            return ClientSettings(
                coordinator: coordinator ?? environment["LEHR_COORDINATOR"] ?? "127.0.0.1:7100",
                token: try ClientToken.load(
                    file: tokenFile, environment: environment, files: LocalFileSystem()))
        }
    }
}
