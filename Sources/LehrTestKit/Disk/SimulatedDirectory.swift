import LehrCore

/// The names of files, which outlive the power once they are synced, apart from the files themselves.
struct SimulatedDirectory {
    private(set) var files: [String: SimulatedFile] = [:]
    private var synced: [String: SimulatedFile] = [:]
    /// Since the last sync; nil: the name was removed.
    private var changes: [(name: String, file: SimulatedFile?)] = []

    /// Bytes of all files.
    var byteCount: Int { files.values.reduce(0) { $0 + $1.bytes.count } }

    mutating func create(_ name: String) -> SimulatedFile {
        let file = SimulatedFile()
        change(name, to: file)
        return file
    }

    mutating func remove(_ name: String) { change(name, to: nil) }

    private mutating func change(_ name: String, to file: SimulatedFile?) {
        files[name] = file
        changes.append((name, file))
    }

    mutating func sync() {
        synced = files
        changes = []
    }

    /// What is left when the power comes back: of each name any state since the last sync.
    mutating func losePower(_ chance: inout Survival) {
        for name in Set(changes.map(\.name)).sorted() {
            let states = [synced[name]] + changes.filter { $0.name == name }.map(\.file)
            synced[name] = states[chance.drawn(of: states.count - 1)]
        }
        changes = []
        files = synced
        for (_, file) in files.sorted(by: { $0.key < $1.key }) { file.losePower(&chance) }
    }
}
