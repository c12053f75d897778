package import LehrCore
package import LehrRPC

/// The tokens of a file that may change while a server runs. Belongs to one core.
///
/// A file that is gone has no tokens. One that is damaged, or cannot be read, leaves the last good ones
/// in force, so that a slip of the hand locks nobody out; it is said once.
package final class WatchedTokens: TokenVerifier {
    package struct Counters: Equatable, Sendable {
        package internal(set) var reloads: UInt64 = 0
        package internal(set) var failures: UInt64 = 0
    }

    package private(set) var counters = Counters()
    /// Told what is wrong with the file, once for each change of it.
    package var onProblem: ((String) -> Void)?
    private let path: String
    private let files: any FileSystem
    private let now: () -> UnixTime
    private var table: TokenTable
    /// As last read, good or not.
    private var bytes: [UInt8]?
    private var isUnreadable = false

    /// Fails when the file cannot be read or understood: a server must not start without.
    package init(
        _ path: String, files: any FileSystem, now: @escaping () -> UnixTime
    ) throws(IdentityError) {
        self.path = path
        self.files = files
        self.now = now
        let read: [UInt8]
        do throws(FileSystemError) {
            read = try files.read(path, limit: TokenTable.fileBytesMax)
        } catch {
            throw IdentityError("--tokens: \(error); `lehr tokens create` makes the file")
        }
        table = try Self.parse(read, path)
        bytes = read
    }

    /// Looks whether the file has changed.
    package func reload() {
        do throws(FileSystemError) {
            let read = try files.read(path, limit: TokenTable.fileBytesMax)
            isUnreadable = false
            guard read != bytes else { return }
            bytes = read
            adopt(read)
        } catch {
            guard files.size(path) == nil else {
                if !isUnreadable { fail("\(error); the tokens known before stay in force") }
                isUnreadable = true
                return
            }
            guard bytes != nil else { return }
            bytes = nil
            table = TokenTable()
            fail("\(error); no token is taken until it is back")
        }
    }

    private func adopt(_ bytes: [UInt8]) {
        do throws(IdentityError) {
            table = try Self.parse(bytes, path)
            counters.reloads += 1
        } catch {
            fail("\(error); the tokens known before stay in force")
        }
    }

    private func fail(_ problem: String) {
        counters.failures += 1
        onProblem?(problem)
    }

    private static func parse(_ bytes: [UInt8], _ path: String) throws(IdentityError) -> TokenTable
    {
        do throws(IdentityError) { return try TokenTable(bytes) } catch {
            throw IdentityError("\(path), \(error)")
        }
    }

    // MARK: - TokenVerifier

    package func verify(_ text: String) -> TokenVerdict {
        guard let token = AccessToken(text) else {
            return .refused(
                "this is not a token; one begins with \(AccessToken.prefix) and 64 digits follow")
        }
        guard let entry = try? table.find(token) else {
            return .refused(
                "the token is not known here; it may have been revoked (see `lehr tokens list`)")
        }
        if let end = entry.expires, now() >= end {
            return .refused(
                """
                the token '\(entry.name)' has expired at \(end); make another with `lehr tokens \
                create`
                """)
        }
        return .valid(name: entry.name)
    }
}
