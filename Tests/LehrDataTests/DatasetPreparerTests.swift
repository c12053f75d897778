import LehrCore
import LehrTestSupport
import Testing

@testable import LehrData

@Suite struct DatasetPreparerTests {
    private func lines(_ path: String, _ directory: TemporaryDirectory) throws -> [[String]] {
        let reader = try LineReader(path: path, files: directory.files)
        var lines: [[String]] = []
        while let line = try reader.next() {
            lines.append(
                String(decoding: line, as: UTF8.self).split(
                    separator: "\t", omittingEmptySubsequences: false
                ).map { String($0) })
        }
        return lines
    }

    private func trainLines(
        _ dataset: Dataset, _ target: String, _ directory: TemporaryDirectory
    ) throws -> [[String]] {
        try dataset.train.flatMap { file in
            let lines = try lines(target + "/" + file.name, directory)
            #expect(lines.count == file.examples)
            return lines
        }
    }

    /// Six users with ten items each of thirty, in the explicit layout.
    private func explicitSource(_ directory: TemporaryDirectory) throws {
        try directory.files.createDirectory(directory.file("in"))
        let train = (0..<60).map { "\($0 / 10)\t\(($0 * 7) % 30)\textra\n" }.joined()
        try writeGzip(
            Array(train.utf8), to: directory.file("in/train.tsv.gz"), files: directory.files)
        _ = try directory.write("in/test.positive.tsv", "0\t29\t5\t100\n1\t28\t4\t100\n")
        _ = try directory.write(
            "in/test.negative.tsv", "(0,29)\t27\t29\t26\n(1,28)\t25\t24\t40\n")
        _ = try directory.write("in/item_map.tsv", "ncf_item\tmovie_id\n0\t100\n7\t101\n")
        _ = try directory.write(
            "in/movies.dat",
            bytes: Array("100::Caf".utf8) + [0xE9] + Array(" (1999)::Drama\n101::Été\n".utf8))
    }

    @Test func explicitSplitKeepsTestAndMakesValidation() throws {
        let directory = try TemporaryDirectory()
        try explicitSource(directory)
        let target = directory.file("out")
        let report = try DatasetPreparer(
            files: directory.files, options: PrepareOptions(parts: 4, negatives: 5)
        ).prepare(from: directory.file("in"), to: target)
        let dataset = try Dataset(directory: target, files: directory.files)
        #expect(dataset == report.dataset)
        #expect(report.droppedCopies == 1 && report.malformedLines == 0)
        #expect(dataset.users == 6)
        #expect(
            try lines(target + "/test.tsv.gz", directory) == [
                ["0", "29", "27", "26"], ["1", "28", "25", "24", "40"],
            ])

        let validation = try lines(target + "/validation.tsv.gz", directory)
        let source = Set((0..<60).map { ["\($0 / 10)", "\(($0 * 7) % 30)"] })
        #expect(validation.count == 6)
        for line in validation {
            #expect(source.contains([line[0], line[1]]))
            #expect(Set(line.dropFirst(2)).count == 5)
            for negative in line.dropFirst(2) { #expect(!source.contains([line[0], negative])) }
        }
        let train = try trainLines(dataset, target, directory)
        #expect(dataset.train.count == 4)
        #expect(train.count == 54)
        #expect(Set(train).union(validation.map { Array($0[..<2]) }) == source)

        let catalog = try ItemCatalog(path: target + "/items.tsv", files: directory.files)
        #expect(catalog.totalCount == 60, "validation pairs count")
        #expect(catalog.title(of: 0) == "Café (1999)")
        #expect(catalog.title(of: 7) == "Été")
        #expect(catalog.trainingCount(of: 40) == 0 && catalog.row(of: 40) != nil)
    }

    @Test func leaveLastOutTakesTheLastByTimeThenByFileOrder() throws {
        let directory = try TemporaryDirectory()
        try directory.files.createDirectory(directory.file("in"))
        // User 1: times tie at 30 (items 12 and 13: 13 is later); item 13 was chosen before too.
        // User 2 has one item only. User 3 is last by time, not by order.
        let text = """
            timestamp:float\trating:float\titem_id:token\tuser_id:token
            10\t5\t13\t1
            30\t5\t12\t1
            30\t1\t13\t1
            20\t2\t11\t1
            5\t3\t12\t2
            50.5\t3\t14\t3
            7\t3\t15\t3\r
            8\t3\t16\t3
            9\t3\t11\t3

            """
        _ = try directory.write("in/interactions.tsv", text)
        _ = try directory.write(
            "in/items.tsv",
            "item_id:token\tmovie_title:token_seq\trelease_year:token\n11\tToy\t1995\n12\tBox\t\n")
        let target = directory.file("out")
        let report = try DatasetPreparer(
            files: directory.files, options: PrepareOptions(negatives: 2)
        ).prepare(from: directory.file("in"), to: target)
        let test = try lines(target + "/test.tsv.gz", directory)
        #expect(test.map { Array($0[..<2]) } == [["1", "13"], ["3", "14"]])
        #expect(Set(test[0][2...]).isSubset(of: ["14", "15", "16"]))
        #expect(Set(test[1][2...]) == ["12", "13"])
        let validation = try lines(target + "/validation.tsv.gz", directory)
        #expect(validation.map { $0[0] } == ["3"])
        let train = try trainLines(report.dataset, target, directory)
        let kept = Set(train).union(validation.map { Array($0[..<2]) })
        #expect(
            kept == [
                ["1", "12"], ["1", "11"], ["2", "12"], ["3", "15"], ["3", "16"], ["3", "11"],
            ])
        let catalog = try ItemCatalog(path: target + "/items.tsv", files: directory.files)
        #expect(catalog.title(of: 11) == "Toy (1995)" && catalog.title(of: 12) == "Box")
    }

    @Test func libsvmHoldsOutAFixedFifth() throws {
        let directory = try TemporaryDirectory()
        let text = (0..<103).map { "\($0 % 2 == 0 ? "+1" : "-1") \($0):1 7:0.5\n" }
        let path = try directory.write("a9a.libsvm", text.joined() + "oops\n")
        var held: [[[String]]] = []
        for name in ["a", "b"] {
            let target = directory.file(name)
            let report = try DatasetPreparer(
                files: directory.files, options: PrepareOptions(parts: 2)
            ).prepare(from: path, to: target)
            #expect(report.malformedLines == 1 && report.lastMalformed?.line == 104)
            let dataset = report.dataset
            #expect(dataset.test == nil && dataset.items == nil)
            #expect(dataset.report.name == "validation.libsvm.gz")
            #expect(dataset.validation.examples == 20 && dataset.trainExamples == 83)
            let validation = try lines(target + "/" + dataset.validation.name, directory)
            let all = try trainLines(dataset, target, directory) + validation
            #expect(Set(all) == Set(text.map { [String($0.dropLast())] }))
            held.append(validation)
        }
        #expect(held[0] == held[1])
        _ = try directory.files.createDirectory(directory.file("dir"))
        try directory.files.rename(path, to: directory.file("dir/x.libsvm"))
        _ = try DatasetPreparer(files: directory.files)
            .prepare(from: directory.file("dir"), to: directory.file("c"))
    }

    @Test func partsAreExchangeable() throws {
        let directory = try TemporaryDirectory()
        try directory.files.createDirectory(directory.file("in"))
        // Users in file order: without a global shuffle a part would hold few users.
        let rows = (0..<4000).map { "\($0 / 40)\t\($0 % 97)\t\($0)\n" }.joined()
        _ = try directory.write(
            "in/interactions.tsv", "user_id:token\titem_id:token\ttimestamp:float\n" + rows)
        let report = try DatasetPreparer(files: directory.files)
            .prepare(from: directory.file("in"), to: directory.file("out"))
        #expect(report.dataset.train.count == 8)
        let sizes = report.dataset.train.map { $0.examples }
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        for file in report.dataset.train {
            let users = Set(try lines(directory.file("out/" + file.name), directory).map { $0[0] })
            #expect(users.count > 90)
        }
    }

    @Test func anExistingDataSetIsNotOverwrittenUnasked() throws {
        let directory = try TemporaryDirectory()
        try explicitSource(directory)
        try directory.files.createDirectory(directory.file("in2"))
        let source = directory.file("in")
        let target = directory.file("out")
        _ = try DatasetPreparer(files: directory.files).prepare(from: source, to: target)
        let before = try directory.read("out/dataset.json")
        #expect(throws: DataError.alreadyPrepared(directory: target)) {
            try DatasetPreparer(files: directory.files, options: PrepareOptions(seed: 2))
                .prepare(from: source, to: target)
        }
        #expect(try directory.read("out/dataset.json") == before)
        let replacing = DatasetPreparer(
            files: directory.files, options: PrepareOptions(seed: 2, replace: true))
        // Bad input changes nothing, and a source is never written into.
        _ = try directory.write("in2/train.tsv", "1\n")
        _ = try directory.write("in2/test.positive.tsv", "1\n")
        _ = try directory.write("in2/test.negative.tsv", "1\n")
        #expect(throws: DataError.self) {
            try replacing.prepare(from: directory.file("in2"), to: target)
        }
        #expect(try directory.read("out/dataset.json") == before)
        let error = #expect(throws: DataError.self) {
            try replacing.prepare(from: source, to: directory.path + "/./in")
        }
        #expect(error?.description.contains("holds source data") == true)
        _ = try replacing.prepare(from: source, to: target)
        #expect(try Dataset(directory: target, files: directory.files).seed == 2)
    }

    @Test func unknownLayoutsAndBrokenFilesAreExplained() throws {
        let directory = try TemporaryDirectory()
        let preparer = DatasetPreparer(files: directory.files)
        func failure(_ source: String) -> String {
            do {
                _ = try preparer.prepare(from: directory.file(source), to: directory.file("out"))
                return "none"
            } catch { return error.description }
        }
        #expect(failure("missing").contains("no such file"))
        _ = try directory.files.createDirectory(directory.file("in"))
        _ = try directory.write("in/ratings.csv", "")
        let unknown = failure("in")
        #expect(unknown.contains("found ratings.csv") && unknown.contains("interactions.tsv"))
        #expect(failure("in/ratings.csv").contains("found ratings.csv"))

        let path = try directory.write("in/interactions.tsv", "user\titem\n1\t2\n")
        #expect(
            failure("in") == "\(path):1: expected a header with a column user_id,"
                + " found the columns user, item")
        let header = "user_id:token\titem_id:token\ttimestamp:float\n"
        _ = try directory.write("in/interactions.tsv", header)
        #expect(failure("in").contains("no training example is left"))
        _ = try directory.write(
            "in/interactions.tsv",
            header + String(repeating: "1\t2\tnoon\n", count: 11))
        #expect(
            failure("in") == "\(path):12: expected a timestamp (a number), found \"noon\";"
                + " 10 malformed lines were tolerated before it")
        #expect(directory.files.size(directory.file("out/dataset.json")) == nil)
    }

    @Test(arguments: [
        ("(0,29)\t27\n", "1 lines for the 2"),
        ("(0,29)\t27\n(1,28)\t25\n(2,27)\t1\n", ":3: expected 2 lines"),
        ("(0,29)\t27\n(1,27)\t25\n", ":2: expected (1,28), as the positives have it"),
        ("0,29\t27\n", ":1: expected (0,29)"), ("(0,29)\n", ":1: expected at least one negative"),
        ("(0\t1\n", ":1: expected (0,29)"), ("()\t1\n", ":1: expected (0,29)"),
        ("(0,29)\t\n", ":1: expected a negative item key"),
    ])
    func testFilesAreReadStrictly(negatives: String, problem: String) throws {
        let directory = try TemporaryDirectory()
        try explicitSource(directory)
        _ = try directory.write("in/test.negative.tsv", negatives)
        let error = #expect(throws: DataError.self) {
            try DatasetPreparer(files: directory.files)
                .prepare(from: directory.file("in"), to: directory.file("out"))
        }
        #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
    }

    @Test func moreThanTheBoundIsRefused() throws {
        let directory = try TemporaryDirectory()
        try explicitSource(directory)
        #expect(
            throws: DataError.tooLarge(
                file: directory.file("in/train.tsv.gz"), what: "pairs", limit: 59)
        ) {
            try DatasetPreparer(files: directory.files, pairLimit: 59)
                .prepare(from: directory.file("in"), to: directory.file("out"))
        }
    }

    @Test func mutatedSourcesNeverTrap() throws {
        let directory = try TemporaryDirectory()
        try explicitSource(directory)
        let names = ["test.positive.tsv", "test.negative.tsv", "item_map.tsv", "movies.dat"]
        let whole = try names.map { try directory.read("in/" + $0) }
        var random = RandomSource(seed: 31)
        var refused = 0
        for _ in 0..<150 {
            let file = random.below(names.count)
            var bytes = whole[file]
            for _ in 0...random.below(5) {
                bytes[random.below(bytes.count)] =
                    random.below(2) == 0
                    ? UInt8(truncatingIfNeeded: random.next())
                    : [9, 10, 40, 44, 58][random.below(5)]
            }
            _ = try directory.write("in/" + names[file], bytes: bytes)
            do {
                _ = try DatasetPreparer(
                    files: directory.files, options: PrepareOptions(parts: 1, replace: true)
                ).prepare(from: directory.file("in"), to: directory.file("out"))
            } catch {
                refused += 1
                #expect(error.description.contains(directory.path))
            }
            _ = try directory.write("in/" + names[file], bytes: whole[file])
        }
        #expect(refused > 40 && refused < 150)
    }
}
