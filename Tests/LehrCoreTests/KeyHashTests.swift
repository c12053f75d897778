import LehrCore
import Testing

@Suite struct KeyHashTests {
    @Test func decimalTextStandsForItself() {
        #expect(featureKey("0".utf8) == 0)
        #expect(featureKey("196".utf8) == 196)
        #expect(featureKey("18446744073709551615".utf8) == .max)
    }

    @Test func otherTextIsHashed() {
        // One above the largest 64-bit number is text.
        #expect(featureKey("18446744073709551616".utf8) != 0)
        #expect(featureKey("abc".utf8) != featureKey("abd".utf8))
        #expect(featureKey("-1".utf8) == featureKey("-1".utf8))
        #expect(featureKey("".utf8) != 0)
    }

    @Test func mixingIsOneToOneAndSpreadsNeighbours() {
        var buckets = Set<UInt32>()
        var values = Set<UInt64>()
        for key in UInt64(0)..<4096 {
            values.insert(mixed(key))
            buckets.insert(KeySpace.hashed.bucket(of: key))
        }
        #expect(values.count == 4096)
        // 4,096 balls in 65,536 bins: about 3,971 distinct ones are expected.
        #expect(buckets.count > 3800)
    }
}

@Suite struct BucketRangeTests {
    @Test func onlyAlignedPowersOfTwoAreRanges() {
        #expect(BucketRange(first: 0, count: 65536) != nil)
        #expect(BucketRange(first: 4096, count: 4096) != nil)
        #expect(BucketRange(first: 4096, count: 8192) == nil)
        #expect(BucketRange(first: 0, count: 3) == nil)
        #expect(BucketRange(first: 65536, count: 1) == nil)
        #expect(BucketRange(first: .max - 3, count: 4) == nil)
        #expect(BucketRange(first: 0, count: 0) == nil)
    }

    @Test(arguments: [0, 1, 4, 16])
    func evenRangesTileTheBuckets(bits: Int) {
        let ranges = BucketRange.even(bits: bits)
        #expect(ranges.count == 1 << bits)
        for (index, range) in ranges.enumerated() {
            #expect(range.first == UInt32(index) * range.count)
            #expect(range.contains(range.first) && range.contains(range.first + range.count - 1))
            #expect(!range.contains(range.first &+ range.count))
        }
    }

    @Test func denseRowsAreRunsOfBuckets() {
        let space = KeySpace.rows(10)
        let buckets = (UInt64(0)..<10).map { space.bucket(of: $0) }
        #expect(buckets == buckets.sorted())
        #expect(buckets.first == 0)
        #expect(Set(buckets).count == 10)
        #expect((buckets.last ?? 0) < BucketRange.bucketCount)
    }
}
