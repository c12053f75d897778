import ArgumentParser
import Foundation

/// Flags of commands that talk to a cluster.
struct ClientFlags: ParsableArguments {
    @Option(help: "The coordinator's gRPC address (or LEHR_COORDINATOR; default 127.0.0.1:7100).")
    var coordinator: String?

    @Flag(help: "Print JSON for programs instead of text for people.")
    var json = false

    var address: String {
        coordinator ?? ProcessInfo.processInfo.environment["LEHR_COORDINATOR"] ?? "127.0.0.1:7100"
    }
}
