import ArgumentParser
import FoundationEssentials
import LehrCore
import LehrIdentity

struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Tokens with which people call a coordinator.",
        discussion: """
            The file is the one that the coordinator reads with --tokens; it holds no secrets, only \
            their hashes, and a running coordinator follows its changes within seconds.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct FileFlags: ParsableArguments {
        @Option(help: "The file of tokens (or LEHR_TOKENS).")
        var tokens: String?

        var path: String {
            get throws {
                let named = tokens ?? ProcessInfo.processInfo.environment["LEHR_TOKENS"]
                guard let named, !named.isEmpty else {
                    throw ValidationError("name the file of tokens: --tokens FILE, or LEHR_TOKENS")
                }
                return named
            }
        }

        /// Runs `body` with no other command changing the file.
        func change<Value>(_ body: (TokenFile) throws -> Value) throws -> Value {
            let path = try path
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            let lock = try DirectoryLock(folder.isEmpty ? "/" : folder)
            defer { withExtendedLifetime(lock) {} }
            return try body(TokenFile(path, files: LocalFileSystem()))
        }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and show it, once.",
            discussion: """
                Give it to a program as LEHR_TOKEN, or in a file with --token-file. Others send it \
                as the metadata `authorization: Bearer TOKEN`, over TLS.
                """)

        @OptionGroup var file: FileFlags
        @Argument(help: "Whose it is, or what for.")
        var name: String
        @Option(help: "When it ends: 12h, 30d; never if not given.")
        var expires: String?
        @Option(help: "Write the token to a new file of mode 0600 instead of showing it.")
        var out: String?

        func run() throws {
            let end = try expires.map { text in
                guard let seconds = Self.seconds(text) else {
                    throw ValidationError(
                        "--expires \(text): expected a time from 1m to 3650d, as 30d or 12h")
                }
                return UnixTime.current + seconds
            }
            if let out, LocalFileSystem().size(out) != nil {
                throw ValidationError("--out \(out): is there already; name a new file")
            }
            let token = try file.change { try $0.create(name, now: .current, expires: end) }
            if let out {
                do {
                    try LocalFileSystem().replacePrivate(
                        out, with: Array((token.text + "\n").utf8))
                } catch {
                    // Nobody has it, so its name is free again.
                    try file.change { try $0.revoke(name) }
                    throw error
                }
            } else {
                print(token.text)
            }
            let until = end.map { "ends at \($0)" } ?? "never ends"
            let note = "token '\(name)' \(until); it cannot be shown again\n"
            StandardError.write(note)
        }

        static func seconds(_ text: String) -> Int64? {
            let units: [Character: Int64] = ["m": 60, "h": 3600, "d": UnixTime.secondsPerDay]
            guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
                count > 0, count <= 3650 * UnixTime.secondsPerDay / unit
            else { return nil }
            return count * unit
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens there are.")

        @OptionGroup var file: FileFlags
        @Flag(help: "Print JSON for programs instead of text for people.")
        var json = false

        private struct Row: Encodable {
            let name: String
            let created: String
            let expires: String?
            let isExpired: Bool
        }

        func run() throws {
            let table = try TokenFile(try file.path, files: LocalFileSystem()).load()
            let rows = table.entries.map { entry in
                Row(
                    name: entry.name, created: "\(entry.created)",
                    expires: entry.expires.map { "\($0)" },
                    isExpired: entry.expires.map { $0 <= .current } ?? false)
            }
            if json { return print(try Formatting.json(rows)) }
            guard !rows.isEmpty else {
                return print("no tokens; `lehr tokens create NAME` makes one")
            }
            var text = TextTable([
                ("name", .left), ("created", .left), ("expires", .left), ("state", .left),
            ])
            for row in rows {
                text.add([
                    row.name, row.created, row.expires ?? "never",
                    row.isExpired ? "expired" : "valid",
                ])
            }
            print(text.text)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a token.",
            discussion: "A running coordinator refuses it within seconds.")

        @OptionGroup var file: FileFlags
        @Argument(help: "The token's name; see `lehr tokens list`.")
        var name: String

        func run() throws {
            try file.change { try $0.revoke(name) }
            print("revoked token '\(name)'")
        }
    }
}
