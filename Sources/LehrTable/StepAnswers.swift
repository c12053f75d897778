/// Where a step stands with one owner.
package enum StepStatus: Hashable, Sendable, Codable {
    case none, staged, committed
}

/// Why a `StepLedger` would not listen.
package enum StepRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// A newer attempt of the part has been heard of; this one is over.
    case outdated(newest: UInt64)
    /// No room to remember another part until finished ones are settled.
    case tooManyParts(limit: Int)
    /// The last number cannot name a batch: none could follow it.
    case batchOutOfRange

    package var description: String {
        switch self {
        case .outdated(let newest):
            "attempt is outdated: attempt \(newest) of this part is under way; stop working on it"
        case .tooManyParts(let limit):
            "\(limit) unfinished parts are remembered already; retry when one has finished"
        case .batchOutOfRange: "batch number must be below \(UInt64.max)"
        }
    }
}

package enum StepInquiry: Hashable, Sendable {
    case status(StepStatus)
    case refused(StepRefusal)
}

package enum StepStaging: Hashable, Sendable {
    case staged
    case alreadyCommitted
    /// Another step, or another attempt of this one, has to be committed or aborted first.
    case occupied(by: StepID, attempt: UInt64)
    case tooLarge(limit: Int)
    case refused(StepRefusal)
}

package enum StepCommit<Payload> {
    /// Apply this now.
    case apply(Payload)
    case alreadyCommitted
    /// Nothing of the step is here: it was not staged at every owner, or was aborted.
    case notStaged
    case refused(StepRefusal)
}

extension StepCommit: Sendable where Payload: Sendable {}
extension StepCommit: Equatable where Payload: Equatable {}

package enum StepAbort: Hashable, Sendable {
    /// Nothing of an older attempt is staged any more.
    case aborted
    /// The step is past aborting: commit it everywhere.
    case alreadyCommitted
    /// This very attempt has staged the step; it stays.
    case kept
    case refused(StepRefusal)
}
