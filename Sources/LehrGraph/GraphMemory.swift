/// The values and gradients of a graph's tensors, and what is bound to its inputs.
///
/// Pointers are valid for one run; memory grows to the largest batch seen and is then reused.
final class GraphMemory {
    struct Slot {
        var tensor: Tensor
        var wantsGradient: Bool
        var value = FloatBuffer()
        var gradient = FloatBuffer()
        /// Memory of the caller's that stands in for `value` or `gradient`.
        var boundValue: UnsafeMutablePointer<Float>?
        var boundGradient: UnsafeMutablePointer<Float>?
    }

    private var slots: [Slot]
    private var extents: [Int]
    var columns: [SparseColumn]
    var identities: [[Int32]]

    init(slots: [Slot], extents: [Int], columns: Int, identities: Int) {
        self.slots = slots
        self.extents = extents
        self.columns = Array(repeating: .empty, count: columns)
        self.identities = Array(repeating: [], count: identities)
        for index in slots.indices { resize(index, gradients: false) }
    }

    func rows(_ extent: Extent) -> Int {
        switch extent {
        case .fixed(let count): count
        case .dynamic(let index): extents[index]
        }
    }

    func rows(_ tensor: Tensor) -> Int { rows(tensor.rows) }

    func count(_ tensor: Tensor) -> Int { rows(tensor.rows) * tensor.columns }

    func setRows(_ extent: Extent, _ count: Int) {
        guard case .dynamic(let index) = extent else {
            preconditionFailure("only a dynamic extent can be set")
        }
        precondition(count >= 0, "an extent is not negative")
        extents[index] = count
    }

    func bind(
        _ tensor: Tensor, value: UnsafeMutablePointer<Float>?,
        gradient: UnsafeMutablePointer<Float>?
    ) {
        slots[tensor.index].boundValue = value
        slots[tensor.index].boundGradient = gradient
    }

    func value(_ tensor: Tensor) -> UnsafeMutablePointer<Float> {
        slots[tensor.index].boundValue ?? slots[tensor.index].value.base
    }

    /// Where the gradient of `tensor` is summed; nil where nobody wants one.
    func gradient(_ tensor: Tensor) -> UnsafeMutablePointer<Float>? {
        guard slots[tensor.index].wantsGradient else { return nil }
        return slots[tensor.index].boundGradient ?? slots[tensor.index].gradient.base
    }

    func column(_ slot: ColumnSlot) -> SparseColumn { columns[slot.index] }

    func identity(_ slot: IdentitySlot) -> [Int32] { identities[slot.index] }

    /// Makes room for the extents as they stand now.
    func prepareValues() {
        for index in slots.indices { resize(index, gradients: false) }
    }

    /// Makes room for gradients and sets all of them to zero.
    func prepareGradients() {
        for index in slots.indices where slots[index].wantsGradient {
            resize(index, gradients: true)
            gradient(slots[index].tensor)?.update(
                repeating: 0, count: count(slots[index].tensor))
        }
    }

    private func resize(_ index: Int, gradients: Bool) {
        let size = count(slots[index].tensor)
        if gradients {
            if slots[index].boundGradient == nil { slots[index].gradient.resize(to: size) }
        } else {
            if slots[index].boundValue == nil { slots[index].value.resize(to: size) }
        }
    }
}
