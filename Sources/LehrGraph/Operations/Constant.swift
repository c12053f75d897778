/// The same number everywhere: `y = c`.
struct Constant: Operation {
    let value: Float
    let output: Tensor

    func forward(_ memory: GraphMemory) {
        memory.value(output).update(repeating: value, count: memory.count(output))
    }

    func backward(_ memory: GraphMemory) {}
}

extension GraphBuilder {
    /// A tensor filled with `value`.
    package mutating func constant(_ value: Float, rows: Extent, columns: Int) -> Tensor {
        let output = output(rows: rows, columns: columns)
        add(Constant(value: value, output: output))
        return output
    }
}
