import LehrCore
import LehrTestSupport
import Testing

@testable import LehrData

@Suite struct BlockLoaderTests {
    @Test func pairsHaveOneKeyAnExample() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a", "1\t10\n2\t20\n\n1\t30\t5\n")
        let block = try BlockLoader(file: path, format: .pairs, files: directory.files).load()
        #expect(block.count == 3)
        #expect(block.columns.map { $0.name } == ["user", "item"])
        #expect(block.columns[0].keys == [1, 2, 1])
        #expect(block.columns[1].keys == [10, 20, 30])
        #expect(block.columns[1].offsets.isEmpty && block.labels.isEmpty)
        #expect(block.byteCount >= 6 * 8)
    }

    @Test func candidatesAreRowsOfItems() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a", "1\t10\t11\t12\n2\t20\n")
        let block = try BlockLoader(file: path, format: .candidates, files: directory.files).load()
        #expect(Array(block.columns[1].keys(of: 0)) == [10, 11, 12])
        #expect(Array(block.columns[1].keys(of: 1)) == [20])
        #expect(Array(block.columns[0].keys(of: 1)) == [2])
    }

    @Test func libsvmDropsValuesThatAreAllOne() throws {
        let directory = try TemporaryDirectory()
        let ones = try directory.write("a", "-1 3:1 5:1\n1\n")
        let block = try BlockLoader(file: ones, format: .libsvm, files: directory.files).load()
        #expect(block.labels == [0, 1])
        #expect(block.columns[0].values.isEmpty)
        #expect(block.columns[0].offsets == [0, 2, 2])
        let weighted = try directory.write("b", "-1 3:1 5:1\n1 4:0.5\n")
        let other = try BlockLoader(file: weighted, format: .libsvm, files: directory.files).load()
        #expect(other.columns[0].values == [1, 1, 0.5])
    }

    @Test func slicesGiveTheSameBlock() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a", (0..<100).map { "\($0)\t\($0 % 7)\n" }.joined())
        let loader = try BlockLoader(file: path, format: .pairs, files: directory.files)
        var steps = 0
        var block: Block?
        while block == nil {
            block = try loader.step(maxLines: 9)
            steps += 1
            #expect(loader.lineCount == min(steps * 9, 100))
        }
        #expect(steps == 12)
        #expect(block?.columns[1].keys == (0..<100).map { $0 % 7 })
    }

    @Test func malformedLinesAreToleratedUpToTheBound() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a", "1\t10\nbad\n2\t20\n3\t\n4\t40\n")
        let loader = try BlockLoader(
            file: path, format: .pairs, files: directory.files,
            policy: MalformedLinePolicy(tolerated: 2))
        let block = try loader.load()
        #expect(block.columns[0].keys == [1, 2, 4])
        #expect(block.columns[1].keys == [10, 20, 40])
        #expect(block.malformedCount == 2)
        #expect(loader.lastMalformed?.line == 4)

        let error = #expect(throws: DataError.self) {
            try BlockLoader(
                file: path, format: .pairs, files: directory.files,
                policy: MalformedLinePolicy(tolerated: 1)
            ).load()
        }
        #expect(
            error?.description
                == "\(path):4: expected an item key after a tab, found \"\";"
                + " 1 malformed lines were tolerated before it")
        let first = #expect(throws: DataError.self) {
            try BlockLoader(
                file: path, format: .pairs, files: directory.files, policy: .strict
            ).load()
        }
        #expect(
            first?.description
                == "\(path):2: expected an item key after a tab, found the end of the line")
    }

    @Test func aMalformedLineLeavesNoTrace() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a", "1 2:3\n1 4:1 5:1 6:x\n-1 7:1\n")
        let block = try BlockLoader(file: path, format: .libsvm, files: directory.files).load()
        #expect(block.columns[0].keys == [2, 7])
        #expect(block.columns[0].values == [3, 1])
        #expect(block.columns[0].offsets == [0, 1, 2])
        #expect(block.labels == [1, 0])
    }

    @Test func aBlockOverTheLimitIsRefused() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a", (0..<10_000).map { "\($0)\t1\n" }.joined())
        let loader = try BlockLoader(
            file: path, format: .pairs, files: directory.files, byteLimit: 50_000)
        let error = #expect(throws: DataError.self) { try loader.load() }
        #expect(error?.description.contains("more than the block cache's 50000") == true)
        #expect(loader.lineCount < 5_000)
    }

    @Test(arguments: LineFormat.allCases)
    func garbageNeverTraps(format: LineFormat) throws {
        let directory = try TemporaryDirectory()
        var random = RandomSource(seed: 5)
        let seed = Array("1\t2\t3\n-1 3:1 4:0.5e-3\n+1 18446744073709551615:1\r\n".utf8)
        for round in 0..<300 {
            var bytes = seed
            for _ in 0..<random.below(12) {
                let position = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
                case 1:
                    bytes.insert(contentsOf: [9, 58, 45, 10, 46][random.below(5)...], at: position)
                default: bytes.removeLast(min(bytes.count - 1, random.below(5)))
                }
            }
            let path = try directory.write("garbage", bytes: bytes)
            do {
                let block = try BlockLoader(
                    file: path, format: format, files: directory.files,
                    policy: MalformedLinePolicy(tolerated: round % 4)
                ).load()
                let entries = block.columns.map { column in
                    (0..<block.count).reduce(0) { $0 + column.keys(of: $1).count }
                }
                #expect(entries == block.columns.map { $0.keys.count })
            } catch {
                #expect(error.description.contains(path))
            }
        }
    }
}
