/// What a partition remembers of the batches it has applied: the memory behind exactly-once.
///
/// For each part (a file in one epoch) a *floor*, below which every batch is settled everywhere, and
/// the set of batches applied at or above it, within a window of `W` batches. A batch may come late,
/// twice, or after its successors, and is applied once. One value belongs to one job generation;
/// another generation starts with a new one. It travels with its partition.
///
/// All parts below `partFloor` are settled as a whole and no longer remembered one by one.
package struct AppliedSet: Hashable, Sendable {
    /// What to do with a batch.
    package enum Admission: Hashable, Sendable {
        /// Not seen before: apply it, then `record` it.
        case apply
        /// Applied or settled before: acknowledge it and drop it.
        case duplicate
        /// Beyond the window, or of one part too many: refuse it, to be retried once floors moved.
        case exhausted
    }

    package static let defaultWindow = 1024
    package static let defaultPartLimit = 1024

    /// Batches above a floor that can be told apart; a multiple of 64.
    package let window: Int
    /// Parts remembered at once; a batch of one more is refused as exhausted.
    package let partLimit: Int
    package private(set) var partFloor: UInt32 = 0
    package private(set) var counters = Counters()
    /// Sorted by part.
    private var memories: [PartMemory] = []

    package struct Counters: Hashable, Sendable, Codable {
        /// Batches recorded.
        package var applied: UInt64 = 0
        package var duplicates: UInt64 = 0
        package var exhausted: UInt64 = 0

        package init() {}
    }

    package init(window: Int = defaultWindow, partLimit: Int = defaultPartLimit) {
        precondition(window > 0 && window % 64 == 0, "a window is a positive multiple of 64")
        precondition(partLimit > 0, "at least one part is remembered")
        self.window = window
        self.partLimit = partLimit
    }

    /// Parts remembered one by one.
    package var partCount: Int { memories.count }

    /// Whether `batch` of `part` should be applied now.
    ///
    /// `floor` is the first batch of the part that the caller does not know to be settled
    /// everywhere: what lies below it need not be told apart any more, seen here or not. It is
    /// remembered whatever the answer (unless the part is one too many), and never goes back.
    package mutating func admit(part: UInt32, batch: UInt64, floor: UInt64) -> Admission {
        let admission = decide(part: part, batch: batch, floor: floor)
        switch admission {
        case .apply: break
        case .duplicate: counters.duplicates += 1
        case .exhausted: counters.exhausted += 1
        }
        return admission
    }

    /// Remembers that an admitted batch has been applied.
    package mutating func record(part: UInt32, batch: UInt64) {
        guard let i = position(of: part), memories[i].state(of: batch) == .apply else {
            preconditionFailure("only a batch that was just admitted is recorded")
        }
        memories[i].insert(batch)
        counters.applied += 1
    }

    /// Forgets all parts below `part`, which are finished everywhere; never goes back.
    package mutating func settleParts(below part: UInt32) {
        guard part > partFloor else { return }
        partFloor = part
        memories.removeAll { $0.part < part }
    }

    /// Whether `batch` was applied here or is settled.
    package func contains(part: UInt32, batch: UInt64) -> Bool {
        guard part >= partFloor else { return true }
        return position(of: part).map { memories[$0].state(of: batch) == .duplicate } ?? false
    }

    /// The first batch of `part` not known to be settled; nil when the whole part is.
    package func floor(of part: UInt32) -> UInt64? {
        guard part >= partFloor else { return nil }
        return position(of: part).map { memories[$0].floor } ?? 0
    }

    private mutating func decide(part: UInt32, batch: UInt64, floor: UInt64) -> Admission {
        guard part >= partFloor else { return .duplicate }
        let i = insertionPoint(of: part)
        if i == memories.count || memories[i].part != part {
            guard memories.count < partLimit else { return .exhausted }
            memories.insert(PartMemory(part: part, window: window), at: i)
        }
        memories[i].advance(to: floor)
        return memories[i].state(of: batch)
    }

    private func position(of part: UInt32) -> Int? {
        let i = insertionPoint(of: part)
        return i < memories.count && memories[i].part == part ? i : nil
    }

    /// The first memory whose part is not below `part`.
    private func insertionPoint(of part: UInt32) -> Int {
        var low = 0
        var high = memories.count
        while low < high {
            let middle = (low + high) / 2
            if memories[middle].part < part { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension AppliedSet {
    /// The parts remembered one by one, ascending.
    package var parts: [PartMemory] { memories }

    /// As another set was; nil: no set of this size can be so.
    package init?(partFloor: UInt32, counters: Counters, parts: [PartMemory]) {
        self.init()
        self.partFloor = partFloor
        self.counters = counters
        memories = parts
        guard isSound else { return nil }
    }

    /// Whether window, parts and floors agree.
    private var isSound: Bool {
        window > 0 && window % 64 == 0 && partLimit > 0 && memories.count <= partLimit
            && zip(memories, memories.dropFirst()).allSatisfy { $0.part < $1.part }
            && memories.allSatisfy { $0.part >= partFloor && $0.window == window }
    }
}

extension AppliedSet: Codable {
    private enum CodingKeys: String, CodingKey {
        case window, partLimit, partFloor, counters, memories
    }

    /// Refuses what no `AppliedSet` could have written.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        window = try values.decode(Int.self, forKey: .window)
        partLimit = try values.decode(Int.self, forKey: .partLimit)
        partFloor = try values.decode(UInt32.self, forKey: .partFloor)
        counters = try values.decode(Counters.self, forKey: .counters)
        memories = try values.decode([PartMemory].self, forKey: .memories)
        guard isSound else {
            throw DecodingError.dataCorruptedError(
                forKey: .memories, in: values,
                debugDescription: "window, parts and floors of an applied set contradict each other"
            )
        }
    }
}
