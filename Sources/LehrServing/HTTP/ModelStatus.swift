import Glibc
import LehrArtifact
import LehrCore
import LehrWeb

/// What HTTP tells of models, in the terms of TensorFlow Serving where that has one.
enum ModelStatus {
    /// `GET /v1/models`: every model, by name.
    static func list(_ snapshot: ModelSnapshot) -> WebResponse {
        .json { json in
            json.field("models") { list in
                list.array { list in
                    for (name, model) in snapshot.models.sorted(by: { $0.key < $1.key }) {
                        list.object {
                            $0.field("name", name)
                            versions(of: model, into: &$0)
                        }
                    }
                }
            }
        }
    }

    /// `GET /v1/models/NAME`: 404 when neither loaded nor in the model directory.
    static func one(_ name: String, _ snapshot: ModelSnapshot) -> WebResponse {
        guard let model = snapshot.models[name] else { return absence(of: name, in: snapshot) }
        return .json { json in
            json.field("name", name)
            versions(of: model, into: &json)
            json.field("in_directory", model.isInDirectory)
            if let served = model.served { details(of: served, into: &json) }
        }
    }

    /// Why a model cannot be asked: 404 when it is unknown, 503 when no version of it is loaded.
    static func absence(of name: String, in snapshot: ModelSnapshot) -> WebResponse {
        guard let model = snapshot.models[name] else {
            let names = snapshot.models.keys.sorted().joined(separator: ", ")
            return .error(
                404, "no model is named \(name); there are: \(names.isEmpty ? "none" : names)")
        }
        let reason = model.lastFailure.map { "version \($0.version): \($0.message)" }
        return .error(
            503, "no version of model \(name) is loaded; \(reason ?? "it is being loaded")")
    }

    /// `{"name": ..., "version": 3}`, part of every answer.
    static func identity(
        _ name: String, _ served: ModelSnapshot.Served, into json: inout JSONWriter
    ) {
        json.object {
            $0.field("name", name)
            $0.field("version") { $0.value(EntityKey.number(served.version)) }
        }
    }

    /// `model_version_status`: the served version, the one being loaded, and those that failed.
    private static func versions(of model: ModelSnapshot.Model, into json: inout JSONWriter) {
        var states: [(version: UInt64, state: String, code: String, message: String)] = []
        if let served = model.served { states.append((served.version, "AVAILABLE", "OK", "")) }
        if let loading = model.loading { states.append((loading, "LOADING", "OK", "")) }
        for (version, message) in model.failures where version != model.loading {
            states.append((version, "END", "DATA_LOSS", message))
        }
        states.sort { $0.version > $1.version }
        json.field("model_version_status") { list in
            list.array { list in
                for entry in states {
                    list.object {
                        $0.field("version", String(entry.version))
                        $0.field("state", entry.state)
                        $0.field("status") { status in
                            status.object {
                                $0.field("error_code", entry.code)
                                $0.field("error_message", entry.message)
                            }
                        }
                    }
                }
            }
        }
    }

    private static func details(of served: ModelSnapshot.Served, into json: inout JSONWriter) {
        let manifest = served.model.manifest
        json.field("kind", served.model.kind)
        switch served.model.engine {
        case .recommend(let engine):
            json.field("users", engine.userCount)
            json.field("items", engine.itemCount)
            json.field("dimension", engine.dimension)
        case .predict(let engine): json.field("weights", engine.weightCount)
        }
        json.field("bytes", served.model.byteCount)
        json.field("metrics") { metrics in
            metrics.object {
                for (name, value) in manifest.metrics.sorted(by: { $0.key < $1.key }) {
                    $0.field(name, value)
                }
            }
        }
        json.field("created_at", timestamp(manifest.model.createdMilliseconds))
        json.field("cluster", manifest.model.cluster)
        json.field("job", manifest.model.job)
        json.field("loaded_at", timestamp(served.load.finishedMilliseconds))
        json.field("load_seconds", served.load.duration.inSeconds)
    }

    /// `2024-05-01T12:00:00.250Z`, from milliseconds since 1970.
    private static func timestamp(_ milliseconds: UInt64) -> String {
        var seconds = time_t(clamping: milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            + ".\(fraction)Z"
    }
}
