package import LehrWeb

/// How the loading of a model went.
package struct ModelLoad: Sendable, Equatable {
    /// Milliseconds since 1970, for people.
    package let finishedMilliseconds: UInt64
    package let duration: Duration

    package init(finishedMilliseconds: UInt64, duration: Duration) {
        self.finishedMilliseconds = finishedMilliseconds
        self.duration = duration
    }
}

/// All models at one moment; immutable, so that a request sees one version from start to end.
package struct ModelSnapshot: Sendable {
    package struct Served: Sendable {
        package let version: UInt64
        package let model: ServingModel
        package let load: ModelLoad
    }

    package struct Model: Sendable {
        package let served: Served?
        package let loading: UInt64?
        /// Why versions in the directory could not be loaded.
        package let failures: [UInt64: String]
        /// False when the model's directory has gone and what was loaded is still served.
        package let isInDirectory: Bool

        /// The highest version that failed, with the reason.
        package var lastFailure: (version: UInt64, message: String)? {
            failures.max { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
    }

    package var models: [String: Model] = [:]

    package init(models: [String: Model] = [:]) { self.models = models }

    /// Ready when any model can be asked; otherwise says why none can.
    package var readiness: Readiness {
        guard models.values.allSatisfy({ $0.served == nil }) else { return .ready }
        let failures = models.sorted { $0.key < $1.key }.compactMap { name, model in
            model.lastFailure.map { "\(name) version \($0.version): \($0.message)" }
        }
        return .notReady(reason: (["no model loaded"] + failures).joined(separator: "; "))
    }
}
