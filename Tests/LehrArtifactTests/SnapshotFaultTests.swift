import LehrCore
import LehrTable
import LehrTestSupport
import Testing

@testable import LehrArtifact

@Suite struct SnapshotFaultTests {
    private let format = RowFormat(numbers: .int8)
    private var segments: [RowColumns] { (0..<3).map { Sample.rows(format, 5, seed: $0) } }

    @Test func aFaultAtAnyStepLeavesNothingOrTheWhole() throws {
        let directory = try TemporaryDirectory()
        let target = directory.file("t")
        var (faults, whole) = (0, 0)
        for step in 0..<10_000 {
            do {
                try Sample.write(
                    segments, format, to: target, files: FaultyFileSystem(failingAt: step))
            } catch {
                faults += 1
                // Only when the last rename's sync failed.
                if directory.files.size(target) != nil {
                    whole += 1
                    #expect(
                        try Sample.read(target, files: directory.files).segments == segments)
                    try directory.files.remove(target)
                }
                continue
            }
            break
        }
        #expect(faults > 40 && whole == 1)
        // The snapshot after all those crashes succeeds and clears what they left.
        #expect(try directory.files.list(directory.path) == ["t"])
        #expect(try Sample.read(target, files: directory.files).segments == segments)
    }

    @Test func aFullDiskLeavesNothingAndIsUsableAfterwards() throws {
        let disk = MemoryDisk()
        try Sample.write(segments, format, to: "/t", files: disk)
        let needed = try disk.list("/t").reduce(0) { $0 + (disk.size("/t/" + $1) ?? 0) }
        try disk.remove("/t")
        var refused = 0
        for bytesMax in stride(from: 0, to: needed, by: 7) {
            disk.resize(bytesMax: bytesMax)
            let error = #expect(throws: ArtifactError.self) {
                try Sample.write(segments, format, to: "/t", files: disk)
            }
            #expect(error?.description.hasSuffix("No space left on device") == true)
            #expect(disk.size("/t") == nil)
            refused += 1
        }
        #expect(refused > 500)
        disk.resize(bytesMax: needed)
        try Sample.write(segments, format, to: "/t", files: disk)
        #expect(try Sample.read("/t", files: disk).segments == segments)
    }

    @Test func noSnapshotComesOfAFailedAppend() throws {
        let disk = MemoryDisk()
        let writer = try TableSnapshotWriter(target: "/t", format: format, files: disk)
        try writer.append(segment: segments[0])
        disk.resize(bytesMax: 10)
        let full = #expect(throws: ArtifactError.self) {
            try writer.append(segment: segments[1])
        }
        disk.resize(bytesMax: .max)
        let again = #expect(throws: ArtifactError.self) {
            try writer.append(segment: segments[1])
        }
        let finish = #expect(throws: ArtifactError.self) {
            try writer.finish(description: Sample.description)
        }
        #expect(full == again && full == finish)
        #expect(writer.rowCount == 5)
        try writer.abandon()
        #expect(try disk.list("").isEmpty)
    }

    @Test func columnsThatDoNotFitAreNotWritten() throws {
        let disk = MemoryDisk()
        let writer = try TableSnapshotWriter(target: "/t", format: format, files: disk)
        var rows = segments[0]
        rows.steps.removeLast()
        let error = #expect(throws: ArtifactError.self) { try writer.append(segment: rows) }
        #expect(
            error?.description
                == "/t.partial/rows-00000.safetensors: column steps has 4 elements, but 5 widths"
                + " make 5; write it again")
        #expect(throws: ArtifactError.self) { try writer.finish(description: Sample.description) }
    }

    @Test func anExistingTargetIsLeftAlone() throws {
        let disk = MemoryDisk()
        try Sample.write(segments, format, to: "/t", files: disk)
        #expect(throws: ArtifactError.targetExists(path: "/t")) {
            try Sample.write([], format, to: "/t/", files: disk)
        }
        #expect(try Sample.read("/t", files: disk).segments == segments)
    }

    @Test func aDescriptionThatCannotBeReadIsNotWritten() throws {
        let disk = MemoryDisk()
        func finish(_ change: (inout SnapshotDescription) -> Void) throws -> String? {
            var description = Sample.description
            change(&description)
            let writer = try TableSnapshotWriter(target: "/t", format: format, files: disk)
            let error = #expect(throws: ArtifactError.self) {
                try writer.finish(description: description)
            }
            #expect(disk.size("/t") == nil)
            return error?.description
        }
        #expect(try finish { $0.table = "" }?.contains("snapshot.table: must not") == true)
        #expect(try finish { $0.buckets.first = -1 }?.contains("snapshot.buckets: -1") == true)
        #expect(try finish { $0.buckets.count = .max }?.contains("are no range") == true)
        #expect(
            try finish { $0.spec = String(repeating: "x", count: 16 << 20) }?
                .contains("say less in snapshot.spec") == true)
    }
}
