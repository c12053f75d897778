import Testing

@testable import LehrBench

@Suite struct AbslTableTests {
    @Test func answersAreDecoded() throws {
        let pass: AbslTable.Pass = try AbslTable.answer(
            #"{"cpuNanoseconds": 37.5, "wallNanoseconds": 38, "checksum": 1e3, "missing": 2}"#,
            to: "pull keys 1 2")
        #expect(pass.cpuNanoseconds == 37.5)
        #expect(pass.missing == 2)
    }

    @Test(arguments: [
        (#"{"error": "ROWS is '0'"}"#, "refuses 'table 0': ROWS is '0'"),
        (#"{"cpuSeconds": 1}"#, "make bench"), ("", "make bench"), ("[", "make bench"),
    ])
    func whatIsNoAnswerIsAnError(line: String, part: String) {
        let error = #expect(throws: BenchError.self) {
            let _: AbslTable.Made = try AbslTable.answer(line, to: "table 0")
        }
        #expect(error?.description.contains(part) == true)
    }

    @Test func aProgramThatIsNotBuiltIsAMissingPart() {
        let error = #expect(throws: BenchError.self) {
            try AbslTable(
                program: "/nowhere/absl-table", by: Launcher(become: [], serve: [], shard: []),
                on: nil)
        }
        #expect(error?.isMissingPart == true)
    }
}
