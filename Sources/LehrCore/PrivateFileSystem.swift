/// Files that only their owner may read, for keys and the like.
package protocol PrivateFileSystem: FileSystem {
    /// A new file of mode 0600, opened for writing; one that is there already is removed first, so
    /// that nobody who has it open sees what is written.
    func createPrivate(_ path: String) throws(FileSystemError) -> any FileWriter
    /// A new directory of mode 0700; fails when there is something of that name.
    func createPrivateDirectory(_ path: String) throws(FileSystemError)
}

extension PrivateFileSystem {
    /// As `replace`, with a file of mode 0600.
    package func replacePrivate(_ path: String, with bytes: [UInt8]) throws(FileSystemError) {
        try replace(path, with: bytes) { partial throws(FileSystemError) in
            try createPrivate(partial)
        }
    }
}
