package import LehrCore

/// Decides which version of each model to load, given what the model directory holds.
///
/// - The highest version is served. A version that fails to load leaves the one served in place
///   and is tried again after 10 s, then twice as long each time, up to 5 min; meanwhile the next
///   lower version counts as the highest, but never replaces a higher one that is served.
/// - When the served version's directory has gone and others of the model are there, the highest
///   of them takes over: removing a version's directory rolls back.
/// - When all of a model has gone, what is served stays: a lost mount must not end the service.
/// - A version is immutable: once loaded, its files are not looked at again.
package struct ModelStore: Sendable {
    fileprivate struct Failure {
        var message: String
        var attempts: Int
        var retryAt: Instant
    }

    fileprivate struct Entry {
        /// Versions in the directory, highest first.
        var present: [UInt64] = []
        var served: (version: UInt64, model: ServingModel, load: ModelLoad)?
        var loading: UInt64?
        var failures: [UInt64: Failure] = [:]
    }

    private static let firstRetry = Duration.seconds(10)
    private static let lastRetry = Duration.seconds(300)

    private var entries: [String: Entry] = [:]

    package init() {}

    /// Takes in what the directory holds now; says what to load, at most one version a model.
    ///
    /// Each version returned is answered by `succeed` or `fail` before its model is asked for again.
    package mutating func poll(_ listing: [String: [UInt64]], now: Instant) -> [ModelVersion] {
        for name in Set(entries.keys).union(listing.keys) {
            let present = listing[name, default: []].sorted(by: >)
            var entry = entries[name] ?? Entry()
            entry.present = present
            entry.failures = entry.failures.filter { present.contains($0.key) }
            let isGone = present.isEmpty && entry.served == nil && entry.loading == nil
            entries[name] = isGone ? nil : entry
        }
        var wanted: [ModelVersion] = []
        for name in entries.keys.sorted() {
            guard let version = entries[name]?.wanted(now: now) else { continue }
            entries[name]?.loading = version
            wanted.append(ModelVersion(name: name, version: version))
        }
        return wanted
    }

    package mutating func succeed(_ id: ModelVersion, _ model: ServingModel, load: ModelLoad) {
        guard entries[id.name]?.loading == id.version else { return }
        entries[id.name]?.loading = nil
        entries[id.name]?.failures[id.version] = nil
        entries[id.name]?.served = (id.version, model, load)
    }

    package mutating func fail(_ id: ModelVersion, message: String, now: Instant) {
        guard entries[id.name]?.loading == id.version else { return }
        entries[id.name]?.loading = nil
        let attempts = (entries[id.name]?.failures[id.version]?.attempts ?? 0) + 1
        let delay = min(Self.firstRetry * (1 << min(attempts - 1, 10)), Self.lastRetry)
        entries[id.name]?.failures[id.version] = Failure(
            message: message, attempts: attempts, retryAt: now + delay)
    }

    /// What requests are answered from.
    package var snapshot: ModelSnapshot {
        ModelSnapshot(
            models: entries.mapValues { entry in
                ModelSnapshot.Model(
                    served: entry.served.map {
                        ModelSnapshot.Served(version: $0.version, model: $0.model, load: $0.load)
                    },
                    loading: entry.loading,
                    failures: entry.failures.mapValues { $0.message },
                    isInDirectory: !entry.present.isEmpty)
            })
    }
}

extension ModelStore.Entry {
    /// The version to load now, if another than the one served should be.
    fileprivate func wanted(now: Instant) -> UInt64? {
        guard loading == nil else { return nil }
        let served = served?.version
        let isServedPresent = served.map { present.contains($0) } ?? false
        for version in present {
            if version == served { return nil }
            if isServedPresent, let served, version < served { return nil }
            if let failure = failures[version], failure.retryAt > now { continue }
            return version
        }
        return nil
    }
}
