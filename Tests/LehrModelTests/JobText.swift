import Foundation
import Testing

@testable import LehrModel

/// Job files for tests.
enum JobText {
    /// A two-tower job; `model` and `rest` are lines with their own indentation.
    static func twoTower(
        model: String = "", training: String = "", optimizer: String = "", rest: String = ""
    ) -> String {
        """
        name: movies
        model:
          kind: two-tower
        \(model)
        data:
          path: /data/movies
        training:
          epochs: 2
        \(training)
        optimizer:
        \(optimizer)
        \(rest)
        """
    }

    static let logistic = """
        name: adult
        model:
          kind: logistic-regression
        data:
          path: /data/adult
        """

    /// A job file as shipped.
    static func example(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(
            contentsOf: root.appendingPathComponent("Examples/\(name)"), encoding: .utf8)
    }

    /// The problems of a job file, one a line; fails when it has none.
    static func problems(_ text: String) -> [String] {
        do throws(JobSpecError) {
            _ = try JobSpec(yaml: text)
            Issue.record("the job file should be refused")
            return []
        } catch {
            #expect(error.description == error.problems.map(\.description).joined(separator: "\n"))
            return error.problems.map(\.description)
        }
    }
}
