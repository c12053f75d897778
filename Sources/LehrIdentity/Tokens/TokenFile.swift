package import LehrCore

/// A file of tokens, changed by commands; the servers that read it follow.
package struct TokenFile {
    package let path: String
    private let files: any PrivateFileSystem

    package init(_ path: String, files: any PrivateFileSystem) {
        self.path = path
        self.files = files
    }

    /// The tokens there are; with `mayBeMissing`, none where there is no file.
    package func load(mayBeMissing: Bool = false) throws(IdentityError) -> TokenTable {
        if mayBeMissing, files.size(path) == nil { return TokenTable() }
        let bytes: [UInt8]
        do throws(FileSystemError) {
            bytes = try files.read(path, limit: TokenTable.fileBytesMax)
        } catch {
            throw IdentityError("\(error); `lehr tokens create` makes the file")
        }
        do throws(IdentityError) { return try TokenTable(bytes) } catch {
            throw IdentityError("\(path), \(error); correct it, or remove it to start afresh")
        }
    }

    /// Makes a token; what is returned is kept nowhere.
    package func create(
        _ name: String, now: UnixTime, expires: UnixTime?
    ) throws -> AccessToken {
        var table = try load(mayBeMissing: true)
        let token = try AccessToken.make()
        try table.add(name, token, created: now, expires: expires)
        try files.replacePrivate(path, with: table.bytes)
        return token
    }

    package func revoke(_ name: String) throws {
        var table = try load()
        try table.remove(name)
        try files.replacePrivate(path, with: table.bytes)
    }
}
