/// The largest of some numbers, and where it is, while one after another changes.
///
/// A complete binary tree in an array, the larger of two children in their parent. A change costs the
/// depth at most, and stops where it changes nothing.
struct MaximumTree {
    private var nodes: [Double]
    private let leaves: Int

    init(count: Int) {
        var leaves = 1
        while leaves < count { leaves *= 2 }
        self.leaves = leaves
        nodes = [Double](repeating: -.infinity, count: 2 * leaves)
    }

    var maximum: Double { nodes[1] }

    subscript(index: Int) -> Double { nodes[leaves + index] }

    /// Where the largest is; of several the first.
    var hottest: Int {
        var node = 1
        while node < leaves {
            node = nodes[2 * node] >= nodes[2 * node + 1] ? 2 * node : 2 * node + 1
        }
        return node - leaves
    }

    mutating func update(_ index: Int, to value: Double) {
        var node = leaves + index
        nodes[node] = value
        while node > 1 {
            let larger = max(nodes[node], nodes[node ^ 1])
            node /= 2
            if nodes[node] == larger { return }
            nodes[node] = larger
        }
    }
}
