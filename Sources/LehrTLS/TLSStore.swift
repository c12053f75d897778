package import LehrCore
import Synchronization

/// The credentials of the day: read from files, and again when these change.
///
/// New connections get what is current; those that stand keep theirs. Any thread may ask.
package final class TLSStore: Sendable {
    /// What a look at the files has led to.
    package enum Look: Equatable, Sendable {
        case unchanged
        case loaded
        /// The files have changed to something that cannot be used: the old credentials stay.
        case failed(TLSError)
    }

    package struct Counters: Equatable, Sendable {
        package fileprivate(set) var loads: UInt64 = 0
        package fileprivate(set) var failures: UInt64 = 0
    }

    private struct State {
        var credentials: TLSCredentials
        /// What was tried last, with or without success; the same is not tried again.
        var material: TLSMaterial?
        /// Of the files that cannot be read.
        var readError: TLSError?
        var counters = Counters()
    }

    package let files: TLSFiles
    private let fileSystem: any FileSystem
    private let clients: ClientCertificates
    private let state: Mutex<State>

    /// Fails when the files cannot be used, or the certificate has expired at `seconds` since 1970.
    package init(
        _ files: TLSFiles, in fileSystem: any FileSystem,
        clients: ClientCertificates = .required, atSeconds seconds: Int64
    ) throws(TLSError) {
        self.files = files
        self.fileSystem = fileSystem
        self.clients = clients
        let material = try files.read(fileSystem)
        let credentials = try Self.load(material, files, clients, seconds)
        state = Mutex(State(credentials: credentials, material: material))
    }

    package var current: TLSCredentials { state.withLock { $0.credentials } }
    package var counters: Counters { state.withLock { $0.counters } }

    /// Looks whether the files have changed, and takes what they hold. Reads them each time: that a
    /// file was touched says less than what it holds.
    package func look(atSeconds seconds: Int64) -> Look {
        let material: TLSMaterial
        do throws(TLSError) {
            material = try files.read(fileSystem)
        } catch {
            return state.withLock { state in
                guard state.readError != error else { return .unchanged }
                state.readError = error
                state.counters.failures += 1
                return .failed(error)
            }
        }
        let isKnown = state.withLock { state in
            state.readError = nil
            return state.material == material
        }
        if isKnown { return .unchanged }
        let result = Result { () throws(TLSError) in
            try Self.load(material, files, clients, seconds)
        }
        return state.withLock { state in
            state.material = material
            switch result {
            case .success(let credentials):
                state.credentials = credentials
                state.counters.loads += 1
                return .loaded
            case .failure(let error):
                state.counters.failures += 1
                return .failed(error)
            }
        }
    }

    private static func load(
        _ material: TLSMaterial, _ files: TLSFiles, _ clients: ClientCertificates, _ seconds: Int64
    ) throws(TLSError) -> TLSCredentials {
        let credentials = try TLSCredentials(material, files, clients: clients)
        if let expiry = credentials.expirySeconds, expiry <= seconds {
            throw TLSError(
                "\(files.certificate): the certificate has expired; have a new one issued")
        }
        return credentials
    }
}
