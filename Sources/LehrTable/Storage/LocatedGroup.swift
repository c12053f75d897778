/// A key on its way through a `RowPipeline`, and what is known of it so far.
struct LocatedKey {
    /// The bucket to be looked at next.
    var bucket: UnsafeMutableRawPointer
    /// The tag to be looked for there.
    var tag: UInt32
    /// Of the key's run among the runs.
    var run: Int32
    let hash: UInt64
    /// Of the key among the batch's.
    let position: Int
    let addresses: RowAddresses
    var row: RowPointer?

    @inline(__always)
    func candidate() -> KeyIndex.Candidate { KeyIndex.candidate(bucket, tag, addresses) }
}

typealias LocatedKeyPointer = UnsafeMutablePointer<LocatedKey>

/// Some keys that follow each other, with their rows.
struct LocatedGroup {
    let count: Int
    private let keys: LocatedKeyPointer
    private let words: UnsafeRawPointer
    private let runs: UnsafeBufferPointer<StoreRun>

    @inline(__always)
    init(
        count: Int, keys: LocatedKeyPointer, words: UnsafeRawPointer,
        runs: UnsafeBufferPointer<StoreRun>
    ) {
        self.count = count
        self.keys = keys
        self.words = words
        self.runs = runs
    }

    @inline(__always)
    subscript(index: Int) -> LocatedKey { keys[index] }

    /// Looks whether the rows found are those of the keys, and finds them where they are not.
    @inline(__always)
    func check<Layout: KeyLayout>(_ layout: Layout.Type) {
        for i in 0..<count {
            let key = keys + i
            let words = words + Layout.keys.byteCount &* key.pointee.position
            if let row = key.pointee.row, !Layout.keys.matches(row, words) {
                let view = runs[Int(key.pointee.run)].view
                key.pointee.row = view.find(words, key.pointee.hash)?.row
            }
        }
    }
}
