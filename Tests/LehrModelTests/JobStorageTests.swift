import LehrTable
import Testing

@testable import LehrModel

@Suite struct JobStorageTests {
    @Test func storageIsThatOfHashedTables() throws {
        let standard = try JobSpec(yaml: JobText.twoTower())
        #expect(standard.tables.allSatisfy { $0.storage == RowStorage() })
        let job = try JobSpec(
            yaml: JobText.twoTower(
                model: "  user: {hidden: [5]}",
                rest: """
                    storage:
                      numbers: f16
                      narrow: {width: 4, until-shows: 10}
                      at-limit: retire
                      limit-rows: 1000000
                    """))
        let sparse = RowStorage(
            numbers: .float16, narrow: NarrowRows(width: 4, untilShows: 10), atLimit: .retire,
            rowLimit: 1_000_000)
        // Rows of the item bias have one number: nothing to save in them, but as many as items.
        let bias = RowStorage(atLimit: .retire, rowLimit: 1_000_000)
        let dense = RowStorage()
        #expect(job.tables.map(\.storage) == [sparse, sparse, bias, dense, dense, dense, dense])
        let logistic = try JobSpec(
            yaml: JobText.logistic + "\nstorage: {numbers: bf16, limit-rows: 1024}\n")
        #expect(
            logistic.tables.map(\.storage)
                == [RowStorage(numbers: .bfloat16, rowLimit: 1024), RowStorage()])
    }

    @Test(arguments: [
        ("numbers: int8", "storage.numbers: expected one of f32, f16, bf16"),
        ("numbers: f17", "perhaps f16"),
        ("at-limit: drop", "storage.at-limit: expected one of refuse, retire"),
        ("limit-rows: 1000", "storage.limit-rows: expected a whole number from 1024"),
        ("limit-rows: 1e6", "storage.limit-rows: expected a whole number"),
        ("narrow: {width: 32, until-shows: 5}", "storage.narrow.width: expected a whole number"),
        ("narrow: {width: 0, until-shows: 5}", "from 1 to 31"),
        ("narrow: {width: 4, until-shows: 0}", "storage.narrow.until-shows: expected a number"),
        ("narrow: {width: 4, until-shows: nan}", "storage.narrow.until-shows: expected a number"),
        ("narrow: {width: 4}", "storage.narrow.until-shows: missing"),
        ("narrow: {until-shows: 5}", "storage.narrow.width: missing"),
        ("narrow: 4", "storage.narrow: expected keys with values"),
        ("narrow: {widht: 4, width: 4, until-shows: 5}", "did you mean 'width'?"),
        ("number: f16", "did you mean 'numbers'?"),
        ("key-width: 128", "unknown key \"key-width\""),
    ]) func whatCannotBeIsNamed(storage: String, problem: String) {
        let problems = JobText.problems(
            JobText.twoTower(model: "  dimension: 32", rest: "storage: {\(storage)}"))
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test func rowsOfOneNumberAreNotMadeNarrower() {
        let narrow = "storage: {narrow: {width: 1, until-shows: 5}}"
        let problems = JobText.problems("\(JobText.logistic)\n\(narrow)\n")
        #expect(problems.first?.contains("rows of one number") == true)
        #expect(
            JobText.problems(JobText.twoTower(model: "  dimension: 1", rest: narrow)).count == 1)
    }
}
