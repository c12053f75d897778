import LehrCore
import LehrYAML

/// The settings in a `--config` file: a flat YAML mapping from setting names to scalars.
struct ConfigFile {
    let path: String
    let values: [String: String]

    static let none = ConfigFile(path: "", values: [:])
    static let byteLimit = 1 << 20

    private init(path: String, values: [String: String]) {
        self.path = path
        self.values = values
    }

    init(path: String, files: any FileSystem) throws(ConfigError) {
        self.path = path
        let root: YAMLNode?
        do {
            let bytes = try files.read(path, limit: Self.byteLimit)
            root = try YAMLDocument.root(of: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ConfigError(problems: ["\(path): \(error)"])
        }
        var values: [String: String] = [:]
        var problems: [String] = []
        guard let mapping = root?.mapping else {
            guard root == nil else {
                throw ConfigError(problems: ["\(path): expected lines of `name: value`"])
            }
            self.values = [:]
            return
        }
        for (key, value) in mapping {
            guard let name = key.text, let text = value.text else {
                problems.append("\(path):\(key.line): expected `name: value`")
                continue
            }
            values[name] = text
        }
        guard problems.isEmpty else { throw ConfigError(problems: problems) }
        self.values = values
    }
}
