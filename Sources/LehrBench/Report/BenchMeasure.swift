/// One measure of a benchmark: a name, what it is about, and what yields its figures.
package struct BenchMeasure<Stage>: Sendable {
    package let name: String
    package let summary: String
    let run: @Sendable (Stage) throws -> [Figure]
}

extension BenchReport {
    /// Takes the measures of these names (all, if there are none), in their order. A measure that
    /// fails leaves the others to go on. `progress` gets a line for each.
    mutating func take<Stage>(
        _ measures: [BenchMeasure<Stage>], only names: [String], on stage: Stage,
        progress: (String) -> Void
    ) {
        for measure in measures where names.isEmpty || names.contains(measure.name) {
            progress("\(measure.name): \(measure.summary)")
            do {
                figures += try measure.run(stage)
            } catch {
                let omission = Omission(measure: measure.name, reason: "\(error)")
                let isSkipped = (error as? BenchError)?.isMissingPart ?? false
                if isSkipped { skipped.append(omission) } else { broken.append(omission) }
                progress("\(measure.name): \(isSkipped ? "skipped" : "broken"): \(error)")
            }
        }
    }
}
