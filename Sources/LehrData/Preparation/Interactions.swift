/// Numbers keys from 0 in order of first occurrence.
struct KeyIndex {
    private(set) var keys: [UInt64] = []
    private var numbers: [UInt64: UInt32] = [:]

    var count: Int { keys.count }

    mutating func number(of key: UInt64) -> UInt32 {
        if let number = numbers[key] { return number }
        let number = UInt32(keys.count)
        keys.append(key)
        numbers[key] = number
        return number
    }
}

/// Who chose what, in file order, with users and items numbered.
struct Interactions {
    var userKeys = KeyIndex()
    var itemKeys = KeyIndex()
    /// By interaction.
    private(set) var users: [UInt32] = []
    private(set) var items: [UInt32] = []

    var count: Int { users.count }

    mutating func append(user: UInt64, item: UInt64) {
        users.append(userKeys.number(of: user))
        items.append(itemKeys.number(of: item))
    }

    /// Leaves out every interaction of a user with the item held out from that user.
    mutating func removeHeldOut(_ heldOut: [UInt32?]) {
        var kept = 0
        for index in 0..<count where heldOut[Int(users[index])] != items[index] {
            users[kept] = users[index]
            items[kept] = items[index]
            kept += 1
        }
        users.removeLast(users.count - kept)
        items.removeLast(items.count - kept)
    }

    /// Interactions of each item.
    func itemCounts() -> [UInt64] {
        var counts = [UInt64](repeating: 0, count: itemKeys.count)
        for item in items { counts[Int(item)] += 1 }
        return counts
    }

    func groupedByUser() -> UserGroups { UserGroups(users: users, userCount: userKeys.count) }
}

/// The interactions of each user, in file order.
struct UserGroups {
    private let offsets: [Int]
    private let positions: [UInt32]

    /// A counting sort of interactions by user.
    init(users: [UInt32], userCount: Int) {
        var offsets = [Int](repeating: 0, count: userCount + 1)
        for user in users { offsets[Int(user) + 1] += 1 }
        for user in 0..<userCount { offsets[user + 1] += offsets[user] }
        var next = offsets
        var positions = [UInt32](repeating: 0, count: users.count)
        for (index, user) in users.enumerated() {
            positions[next[Int(user)]] = UInt32(index)
            next[Int(user)] += 1
        }
        self.offsets = offsets
        self.positions = positions
    }

    /// Positions of a user's interactions.
    subscript(user: Int) -> ArraySlice<UInt32> { positions[offsets[user]..<offsets[user + 1]] }
}
