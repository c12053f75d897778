/// What an exported model consists of; written as `manifest.json`, after everything it names.
package struct Manifest: Sendable, Equatable, Codable {
    /// A safetensors file of the export.
    package struct Segment: Sendable, Equatable, Codable {
        /// A plain name, relative to the export's directory.
        package var file: String
        package var bytes: Int
        /// Of the whole file, in lower-case hexadecimal.
        package var sha256: String
        package var tensors: [TensorInfo]

        package init(file: String, bytes: Int, sha256: String, tensors: [TensorInfo]) {
            self.file = file
            self.bytes = bytes
            self.sha256 = sha256
            self.tensors = tensors
        }
    }

    package static let fileName = "manifest.json"
    package static let currentVersion = 1
    /// Of the manifest itself.
    package static let byteLimit = 16 << 20

    package var formatVersion = Self.currentVersion
    package var model: ModelIdentity
    /// What the model is and how to build it, in the terms of the job that trained it.
    package var spec: ModelDescription
    package var segments: [Segment]
    /// Figures of the trained model, such as `hr_at_10`; finite.
    package var metrics: [String: Double]
    /// Anything else worth keeping.
    package var metadata: [String: String]

    package init(
        model: ModelIdentity, spec: ModelDescription, segments: [Segment] = [],
        metrics: [String: Double] = [:], metadata: [String: String] = [:]
    ) {
        self.model = model
        self.spec = spec
        self.segments = segments
        self.metrics = metrics
        self.metadata = metadata
    }
}

/// Which model this is and where it comes from.
package struct ModelIdentity: Sendable, Equatable, Codable {
    package var name: String
    /// Grows from export to export of one name.
    package var version: UInt64
    /// Milliseconds since 1970, for people.
    package var createdMilliseconds: UInt64
    /// The cluster it was trained in, as that prints its id; empty when there was none.
    package var cluster: String
    /// The job that trained it; 0 when there was none.
    package var job: UInt64

    package init(
        name: String, version: UInt64, createdMilliseconds: UInt64, cluster: String, job: UInt64
    ) {
        self.name = name
        self.version = version
        self.createdMilliseconds = createdMilliseconds
        self.cluster = cluster
        self.job = job
    }
}

/// A model's kind and its specification as text.
package struct ModelDescription: Sendable, Equatable, Codable {
    /// Such as `two-tower`.
    package var kind: String
    package var text: String

    package init(kind: String, text: String) {
        self.kind = kind
        self.text = text
    }
}
