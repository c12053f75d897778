import FoundationEssentials

enum Path {
    /// `path` from the root, as seen from the working directory.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/")
            ? path
            : URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
