import ArgumentParser
import LehrCore
import LehrMembership

struct MembersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members",
        abstract: "List and follow the members of the cluster, and end leases.",
        subcommands: [List.self, Watch.self, Revoke.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the live members of the cluster.")

        @OptionGroup var client: ClientFlags

        private struct Row: Encodable {
            let name: String
            let role: String
            let incarnation: UInt64
            let coreAddresses: [String]
            let httpAddress: String
            let leaseRemainingMs: Int64
        }

        func run() async throws {
            let (cluster, members) = try await ControlClient.with(client.settings) {
                try await $0.members()
            }
            let rows = members.map {
                Row(
                    name: $0.member.name, role: $0.member.role.rawValue,
                    incarnation: $0.member.incarnation.value,
                    coreAddresses: $0.member.coreAddresses, httpAddress: $0.member.httpAddress,
                    leaseRemainingMs: $0.leaseRemaining.milliseconds)
            }
            if client.json { return print(try Formatting.json(rows)) }
            print("cluster \(cluster), \(members.count) members")
            var table = TextTable([
                ("name", .left), ("role", .left), ("incarnation", .right), ("grpc", .left),
                ("http", .left), ("lease", .right),
            ])
            for row in rows {
                table.add([
                    row.name, row.role, "\(row.incarnation)",
                    row.coreAddresses.isEmpty ? "-" : row.coreAddresses.joined(separator: " "),
                    row.httpAddress, Formatting.time(Double(row.leaseRemainingMs) / 1000),
                ])
            }
            print(table.text)
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show who joins, and whose lease ends, as it happens.",
            discussion: """
                Begins with the members that are there, and goes on until it is interrupted. With \
                --json, one object a line.
                """)

        @OptionGroup var client: ClientFlags

        func run() async throws {
            try await MemberProgress(json: client.json).follow(at: client.settings)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a member's lease at once.",
            discussion: """
                What it held is lost to it: jobs on the rows of a shard fail, the parts of a worker go \
                to others. A process that still runs finds out at its next heartbeat and joins anew, \
                as another incarnation; end it first if it is not to come back.
                """)

        @OptionGroup var client: ClientFlags
        @Argument(help: "The member's name; see `lehr members`.")
        var name: String
        @Option(help: "Only if this is the member's present incarnation.")
        var incarnation: UInt64?

        private struct Row: Encodable {
            let name: String
            let role: String
            let incarnation: UInt64
            let silentInMs: Int64
        }

        func validate() throws {
            guard incarnation != 0 else {
                throw ValidationError("--incarnation: 0 is nobody's; see `lehr members`")
            }
        }

        func run() async throws {
            let (member, silentIn) = try await ControlClient.with(client.settings) {
                try await $0.revoke(name, incarnation)
            }
            let row = Row(
                name: member.name, role: member.role.rawValue,
                incarnation: member.incarnation.value, silentInMs: silentIn.milliseconds)
            if client.json { return print(try Formatting.json(row)) }
            print(
                """
                revoked the lease of \(row.role) \(row.name), incarnation \(row.incarnation); if it \
                still runs it may not know for \(Formatting.time(silentIn.inSeconds))
                """)
        }
    }
}
