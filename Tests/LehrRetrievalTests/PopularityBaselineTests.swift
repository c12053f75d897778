import Glibc
import LehrCore
import LehrData
import Testing

@testable import LehrRetrieval

/// Where the real data sets are: `LEHR_SHARED_DATA`, or `../shared/data` beside the package.
private let sharedData: String = {
    if let path = getenv("LEHR_SHARED_DATA") { return String(cString: path) }
    let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/" + package + "/../shared/data"
}()

private func isPresent(_ name: String) -> Bool {
    LocalFileSystem().size(sharedData + "/" + name) != nil
}

/// The baseline on data prepared from real or generated ratings.
@Suite struct PopularityBaselineTests {
    private let files = LocalFileSystem()

    /// Runs `body` with a directory that is removed afterwards.
    private func withTarget<Value>(_ body: (String) throws -> Value) throws -> Value {
        var template = Array("/tmp/lehr-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        let path = try #require(made, "a temporary directory")
        defer { try? files.remove(path) }
        return try body(path)
    }

    private func tally(_ dataset: Dataset, in directory: String) throws -> RankingTally {
        let items = try ItemCatalog(path: directory + "/items.tsv", files: files)
        let block = try BlockLoader(
            file: directory + "/" + dataset.report.name, format: dataset.heldOutFormat,
            files: files
        ).load()
        return PopularityScorer(keys: items.keys, counts: items.counts).evaluate(
            candidates: block.columns[1].keys, offsets: block.columns[1].offsets, cutoff: 10)
    }

    @Test(.enabled(if: isPresent("ml-1m"), "needs ml-1m under LEHR_SHARED_DATA or ../shared/data"))
    func movieLens1MGivesThePublishedFigures() throws {
        try withTarget { target in
            let report = try DatasetPreparer(files: files)
                .prepare(from: sharedData + "/ml-1m", to: target)
            #expect(report.droppedCopies == 156)
            #expect(report.malformedLines == 0)
            #expect(report.dataset.users == 6040)
            #expect(report.dataset.trainExamples + report.dataset.validation.examples == 994_169)
            let tally = try tally(report.dataset, in: target)
            #expect(tally.total == 6040)
            #expect(abs(tally.hitRate - 0.4531) < 0.0001)
            #expect(abs(tally.ndcg - 0.2541) < 0.0001)
            let items = try ItemCatalog(path: target + "/items.tsv", files: files)
            #expect(items.count == 3706)
            #expect(items.title(of: 0) == "One Flew Over the Cuckoo's Nest (1975)")
            #expect(items.titles.allSatisfy { !$0.isEmpty })
        }
    }

    @Test(
        .enabled(if: isPresent("ml-100k"), "needs ml-100k under LEHR_SHARED_DATA or ../shared/data")
    )
    func movieLens100KIsSplitByTime() throws {
        try withTarget { target in
            let report = try DatasetPreparer(files: files)
                .prepare(from: sharedData + "/ml-100k", to: target)
            #expect(report.dataset.users == 943)
            #expect(report.dataset.test?.examples == 943)
            #expect(report.dataset.trainExamples == 100_000 - 2 * 943)
            let tally = try tally(report.dataset, in: target)
            #expect(tally.hitRate > 0.35 && tally.hitRate < 0.45)
        }
    }

    @Test func generatedRatingsLeaveRoomAbovePopularity() throws {
        try withTarget { target in
            let report = try DatasetGenerator(
                files: files,
                options: GeneratorOptions(users: 500, items: 400, interactions: 15_000)
            ).generate(to: target)
            let tally = try tally(report.dataset, in: target)
            #expect(tally.total == 500)
            #expect(tally.hitRate > 0.2 && tally.hitRate < 0.45, "\(tally.hitRate)")
        }
    }
}
