import Yams

/// A job file on its way to the coordinator.
enum JobFile {
    /// The file's text with `data.path` replaced, if another data set is given.
    ///
    /// The path is made absolute: the cluster's processes have working directories of their own.
    static func text(_ text: String, data: String?) throws -> String {
        guard var root = try? Yams.compose(yaml: text), root.mapping != nil else {
            // What is wrong with it, the coordinator says best.
            return text
        }
        guard let path = data ?? root["data"]?["path"]?.string else { return text }
        let absolute = Path.absolute(path)
        guard absolute != root["data"]?["path"]?.string else { return text }
        if root["data"]?.mapping == nil { root["data"] = Node([("path", "")] as [(Node, Node)]) }
        root["data"]?["path"] = Node(absolute)
        return try Yams.serialize(node: root)
    }
}
