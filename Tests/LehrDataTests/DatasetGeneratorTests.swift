import LehrCore
import LehrTestSupport
import Testing

@testable import LehrData

@Suite struct DatasetGeneratorTests {
    @Test func theSameSeedGivesTheSameBytes() throws {
        let directory = try TemporaryDirectory()
        let options = GeneratorOptions(
            users: 100, items: 200, interactions: 2_000, tastes: 8, seed: 3)
        for name in ["a", "b"] {
            _ = try DatasetGenerator(files: directory.files, options: options)
                .generate(to: directory.file(name), prepare: PrepareOptions(parts: 3))
        }
        let names = try directory.files.list(directory.file("a"))
        #expect(names.count == 8, "\(names)")
        for name in names where name != "source" {
            #expect(try directory.read("a/" + name) == directory.read("b/" + name), "\(name)")
        }
        var other = options
        other.seed = 4
        _ = try DatasetGenerator(files: directory.files, options: other)
            .generate(to: directory.file("c"), prepare: PrepareOptions(parts: 3))
        #expect(
            try directory.read("a/train-00000.tsv.gz") != directory.read("c/train-00000.tsv.gz"))
    }

    @Test func sizesAndTitlesAreAsAskedFor() throws {
        let directory = try TemporaryDirectory()
        let options = GeneratorOptions(
            users: 300, items: 500, interactions: 9_000, tastes: 25, seed: 1)
        let report = try DatasetGenerator(files: directory.files, options: options)
            .generate(to: directory.path)
        let dataset = try Dataset(directory: directory.path, files: directory.files)
        #expect(dataset == report.dataset)
        #expect(dataset.users == 300)
        let test = try #require(dataset.test)
        #expect(test.examples == 300)
        #expect(dataset.validation.examples == 300)
        let total = dataset.trainExamples + 600
        #expect(total > 8_500 && total < 9_200, "\(total)")
        let catalog = try ItemCatalog(path: directory.file("items.tsv"), files: directory.files)
        #expect(catalog.count == 500)
        #expect(Set(catalog.titles).count == 500, "every title is of its own")
        #expect(catalog.totalCount == UInt64(dataset.trainExamples + 300))
        // Skew: the most popular tenth gets well over a tenth, and nobody is left out by far.
        let counts = catalog.counts.sorted(by: >)
        #expect(counts[..<50].reduce(0, +) * 4 > catalog.totalCount)
    }

    @Test(arguments: [
        GeneratorOptions(users: 0), GeneratorOptions(items: 99), GeneratorOptions(tastes: 2),
        GeneratorOptions(interactions: 9_999), GeneratorOptions(interactions: 500_001),
    ])
    func impossibleSizesAreRefused(options: GeneratorOptions) throws {
        let directory = try TemporaryDirectory()
        #expect(throws: DataError.self) {
            try DatasetGenerator(files: directory.files, options: options)
                .generate(to: directory.file("x"))
        }
        #expect(directory.files.size(directory.file("x")) == nil)
    }

    @Test func titlesOfATasteDiffer() {
        let words = TitleWords(seed: 1)
        let titles = (0..<45).flatMap { taste in
            (0..<600).map { words.title(taste: taste, number: $0, tastes: 45) }
        }
        #expect(Set(titles).count == titles.count)
    }
}
