import LehrCore
import LehrTestSupport
import Testing

@testable import LehrData

@Suite struct DatasetTests {
    private let dataset = Dataset(
        format: .pairs, origin: "test", seed: 7,
        train: [.init(name: "train-0", examples: 3), .init(name: "train-1", examples: 2)],
        validation: .init(name: "validation", examples: 1), test: .init(name: "test", examples: 1),
        items: .init(name: "items", examples: 4), users: 2)

    private func directoryWithFiles() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in ["train-0", "train-1", "validation", "test", "items"] {
            _ = try directory.write(name, "")
        }
        return directory
    }

    @Test func roundTrips() throws {
        let directory = try directoryWithFiles()
        try dataset.write(to: directory.path, files: directory.files)
        #expect(try Dataset(directory: directory.path, files: directory.files) == dataset)
        #expect(dataset.trainExamples == 5)
        #expect(dataset.report.name == "test")
        #expect(dataset.heldOutFormat == .candidates)
    }

    @Test func namesWhatIsMissing() throws {
        let directory = try directoryWithFiles()
        #expect(throws: DataError.self) {
            try Dataset(directory: directory.path, files: directory.files)
        }
        try dataset.write(to: directory.path, files: directory.files)
        try directory.files.remove(directory.file("train-1"))
        #expect(throws: DataError.missingFile(directory: directory.path, name: "train-1")) {
            try Dataset(directory: directory.path, files: directory.files)
        }
    }

    @Test(arguments: [
        (#""seed" : 7"#, #""seed" : "x""#, "seed"),
        (#""formatVersion" : 1"#, #""formatVersion" : 9"#, "formatVersion"),
        (#""name" : "train-1""#, #""name" : "../x""#, "train[1].name"),
        (#""name" : "train-1""#, #""name" : "train-0""#, "named twice"),
        (#""examples" : 3"#, #""examples" : -3"#, "train[0].examples"),
        (#""examples" : 3"#, #""examples" : "3""#, "train[0].examples"),
        (#""examples" : 3"#, #""examples" : 1.5"#, "out of range"),
        (#""format" : "pairs""#, #""format" : "csv""#, "format"),
        (#""origin" : "test","#, "", "origin"),
        ("{", "", "document"),
    ])
    func namesTheKeyThatIsWrong(old: String, new: String, key: String) throws {
        let directory = try directoryWithFiles()
        try dataset.write(to: directory.path, files: directory.files)
        let text = String(decoding: try directory.read(Dataset.fileName), as: UTF8.self)
        let range = try #require(text.firstRange(of: old))
        _ = try directory.write(Dataset.fileName, text.replacingCharacters(range, with: new))
        let error = #expect(throws: DataError.self) {
            try Dataset(directory: directory.path, files: directory.files)
        }
        #expect(error?.description.contains(key) == true, "\(String(describing: error))")
    }

    @Test func mutatedDescriptorsNeverTrap() throws {
        let directory = try directoryWithFiles()
        try dataset.write(to: directory.path, files: directory.files)
        let whole = try directory.read(Dataset.fileName)
        var random = RandomSource(seed: 21)
        for _ in 0..<500 {
            var bytes = whole
            for _ in 0...random.below(4) {
                bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next() % 128)
            }
            if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
            _ = try directory.write(Dataset.fileName, bytes: bytes)
            do {
                let read = try Dataset(directory: directory.path, files: directory.files)
                #expect(!read.train.isEmpty)
            } catch {
                #expect(error.description.contains(directory.path))
            }
        }
    }

    @Test func catalogueLooksUpByKey() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("items.tsv", "5\t10\tAmber Light\n9\t0\t\n7\t3\n")
        let catalog = try ItemCatalog(path: path, files: directory.files)
        #expect(catalog.keys == [5, 9, 7])
        #expect(catalog.totalCount == 13)
        #expect(catalog.title(of: 5) == "Amber Light")
        #expect(catalog.title(of: 9) == nil && catalog.title(of: 6) == nil)
        #expect(catalog.trainingCount(of: 7) == 3 && catalog.trainingCount(of: 6) == 0)
        #expect(catalog.row(of: 9) == 1)
    }

    @Test(arguments: ["5\t1\ta\n5\t2\tb\n", "5\n", "5\tx\n", "5\t-1\n", "5\t1.5\n", "5\t1e300\n"])
    func catalogueRefuses(text: String) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("items.tsv", text)
        let error = #expect(throws: DataError.self) {
            try ItemCatalog(path: path, files: directory.files)
        }
        #expect(error?.description.hasPrefix(path + ":") == true)
    }
}

extension String {
    func replacingCharacters(_ range: Range<Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
