package import ArgumentParser
import Glibc
import LehrWebServer

/// The one binary: roles and tools are its subcommands.
package struct LehrCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "lehr",
        abstract:
            "Train sparse recommendation models on a cluster of plain machines, and serve them.",
        discussion: """
            A cluster is one coordinator, some shards (they hold the model), some workers (they \
            train it) and some serving processes (they answer with it). Members find each other \
            through the coordinator. Try `lehr demo` first.
            """,
        subcommands: [],
        groupedSubcommands: [
            CommandGroup(
                name: "Roles:",
                subcommands: [
                    CoordinatorCommand.self, ShardCommand.self, WorkerCommand.self,
                    ServingCommand.self,
                ]),
            CommandGroup(
                name: "Cluster:",
                subcommands: [
                    JobCommand.self, MembersCommand.self, PlacementCommand.self, DrainCommand.self,
                    HealthCommand.self,
                ]),
            CommandGroup(
                name: "Security:", subcommands: [CertsCommand.self, TokensCommand.self]),
            CommandGroup(
                name: "Models and data:",
                subcommands: [
                    ExportCommand.self, EvaluateCommand.self, DataCommand.self, DemoCommand.self,
                ]),
            CommandGroup(name: "Development:", subcommands: [BenchCommand.self]),
        ])

    package init() {}

    /// Parses and runs; ends the process with the status that fits what went wrong.
    package static func runAndExit() async -> Never {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Glibc.exit(0)
        } catch let error as FatalError {
            fail(error.description, error.status.rawValue)
        } catch let error as ConfigError {
            fail(error.description, ExitStatus.configuration.rawValue)
        } catch let error as WebError {
            fail(error.description, ExitStatus.address.rawValue)
        } catch let error as any CustomStringConvertible & Error where !(isParserError(error)) {
            fail(error.description, 1)
        } catch {
            exit(withError: error)
        }
    }

    /// The argument parser's own errors carry usage text that only it can write.
    private static func isParserError(_ error: any Error) -> Bool {
        error is ExitCode || error is ValidationError || error is CleanExit
            || String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }

    private static func fail(_ message: String, _ status: Int32) -> Never {
        StandardError.write("error: \(message)\n")
        Glibc.exit(status)
    }
}
