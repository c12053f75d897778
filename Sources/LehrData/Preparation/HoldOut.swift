import LehrCore

/// One held-out choice of a user with the negatives it is ranked among.
struct CandidateLine: Equatable {
    var user: UInt64
    var positive: UInt64
    var negatives: [UInt64]
}

/// Which item each user (by number) has held out; nil for users who keep everything.
enum HoldOut {
    /// The last interaction by time, of equal times the last in the file, of each user with at
    /// least two distinct items.
    static func last(_ interactions: Interactions, times: [Double]) -> [UInt32?] {
        let groups = interactions.groupedByUser()
        return (0..<interactions.userKeys.count).map { user in
            let group = groups[user]
            guard distinctItems(interactions, group) >= 2 else { return nil }
            let last = group.max {
                (times[Int($0)], $0) < (times[Int($1)], $1)
            }
            return last.map { interactions.items[Int($0)] }
        }
    }

    /// A random interaction of each user with at least three distinct items.
    static func random(_ interactions: Interactions, options: PrepareOptions) -> [UInt32?] {
        let groups = interactions.groupedByUser()
        return (0..<interactions.userKeys.count).map { user in
            let group = groups[user]
            guard distinctItems(interactions, group) >= 3 else { return nil }
            var random = options.random(.validationPair, interactions.userKeys.keys[user])
            let chosen = group[group.startIndex + random.below(group.count)]
            return interactions.items[Int(chosen)]
        }
    }

    /// Each held-out item among `options.negatives` others that the user did not choose in
    /// `interactions`, drawn uniformly without repetition from the items that occur there.
    static func candidates(
        _ heldOut: [UInt32?], among interactions: Interactions, purpose: RandomPurpose,
        options: PrepareOptions
    ) -> [CandidateLine] {
        let groups = interactions.groupedByUser()
        let counts = interactions.itemCounts()
        var sampler = NegativeSampler(
            universe: counts.indices.filter { counts[$0] > 0 }.map { UInt32($0) },
            itemCount: counts.count)
        var lines: [CandidateLine] = []
        for user in heldOut.indices {
            guard let positive = heldOut[user] else { continue }
            let key = interactions.userKeys.keys[user]
            let seen = groups[user].map { interactions.items[Int($0)] }
            let negatives = sampler.sample(
                options.negatives, unseen: seen, random: options.random(purpose, key))
            lines.append(
                CandidateLine(
                    user: key, positive: interactions.itemKeys.keys[Int(positive)],
                    negatives: negatives.map { interactions.itemKeys.keys[Int($0)] }))
        }
        return lines
    }

    private static func distinctItems(
        _ interactions: Interactions, _ group: ArraySlice<UInt32>
    ) -> Int {
        Set(group.map { interactions.items[Int($0)] }).count
    }
}
