/// The bounds of this module, each a default that a caller may lower or raise.
package enum DataLimits {
    /// 1 MiB: a candidates line of 99 negatives takes under 2 KiB, a wide libsvm line tens of KiB.
    package static let lineBytes = 1 << 20
    /// What one inflate call produces at most: 256 KiB stays in the second-level cache.
    static let inflateChunkBytes = 1 << 18
    /// 512 MiB: a block of 20 million pairs.
    package static let blockCacheBytes = 512 << 20
    /// `dataset.json`: a thousand parts take about 60 KiB.
    static let descriptorBytes = 16 << 20
    /// Pairs prepared in memory: 24 bytes each with their time and order, so 2.4 GB at most.
    package static let preparedPairs = 100_000_000
    /// Bytes of libsvm text prepared in memory.
    package static let preparedTextBytes = 2 << 30
    /// Part files of a data set.
    package static let parts = 65_536
}
