import CLinux
import Glibc
import LehrReactor

/// How this program starts itself again, for what must be a process of its own.
package struct Launcher: Sendable {
    /// The program and the arguments that lead to `Launch.become`, to `ServerProgram.run` and to a shard.
    package let become: [String]
    package let serve: [String]
    package let shard: [String]

    package init(become: [String], serve: [String], shard: [String]) {
        self.become = become
        self.serve = serve
        self.shard = shard
    }
}

/// The last thing that a process does before it becomes another program: bounds that outlive that.
package enum Launch {
    /// Becomes `command`, on `processor`, until `seconds` have passed or the parent has ended.
    /// Returns only to say why it could not.
    package static func become(
        _ command: [String], processor: Int?, seconds: Int
    ) throws(BenchError) -> Never {
        try Processors.pin(to: processor)
        // Signals that the parent ignores would stay ignored.
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        signal(SIGPIPE, SIG_DFL)
        _ = lehr_set_parent_death_signal(SIGKILL)
        alarm(UInt32(clamping: seconds))
        // Thousands of connections need as many descriptors.
        DescriptorLimit.raise()
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        if let program = arguments[0] { execvp(program, &arguments) }
        throw BenchError(
            "cannot run \(command.first ?? "nothing"): \(String(cString: strerror(errno)))")
    }
}
