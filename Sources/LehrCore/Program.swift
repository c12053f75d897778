import Glibc

/// Programs that are started beside this one.
package enum Program {
    /// Starts `command`, whose first word is looked up on `PATH`, and returns its process's number.
    ///
    /// It inherits the environment unless given one, and standard files that are not given.
    ///
    /// - Parameter leadsGroup: it gets a process group of its own: a terminal's interrupt is not for it.
    /// - Throws: the system's error number.
    package static func start(
        _ command: [String], environment: [String: String]? = nil, leadsGroup: Bool = false,
        input: Int32? = nil, output: Int32? = nil, errors: Int32? = nil
    ) throws(ProgramError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (file, standard) in [
            (input, STDIN_FILENO), (output, STDOUT_FILENO), (errors, STDERR_FILENO),
        ] {
            guard let file else { continue }
            posix_spawn_file_actions_adddup2(&actions, file, standard)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        if leadsGroup { posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP)) }
        let words = cStrings(command)
        let variables = environment.map { cStrings($0.map { "\($0)=\($1)" }) }
        defer { for word in words + (variables ?? []) { free(word) } }
        var pid = pid_t()
        let code =
            if let variables {
                posix_spawnp(&pid, command[0], &actions, &attributes, words, variables)
            } else {
                posix_spawnp(&pid, command[0], &actions, &attributes, words, environ)
            }
        guard code == 0 else { throw ProgramError(program: command[0], code: code) }
        return pid
    }

    /// Copies that end with nil, to be freed.
    private static func cStrings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }
}

/// A program that could not be started.
package struct ProgramError: Error, CustomStringConvertible {
    package let program: String
    package let code: Int32

    package var description: String {
        "cannot start \(program): \(String(cString: strerror(code)))"
    }
}
