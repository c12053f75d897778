import CDNNL

/// A matrix in memory, row by row: `rows x columns` floats as stored, or their transpose.
struct Matrix {
    var base: UnsafeMutablePointer<Float>
    /// Floats from one stored row to the next.
    var stride: Int
    var isTransposed = false

    init(_ base: UnsafeMutablePointer<Float>, stride: Int, isTransposed: Bool = false) {
        self.base = base
        self.stride = stride
        self.isTransposed = isTransposed
    }

    var transposed: Matrix { Matrix(base, stride: stride, isTransposed: !isTransposed) }
}

/// Matrix products by oneDNN, on the calling thread.
enum Gemm {
    /// Keeps oneDNN's OpenMP from starting a team for the calling thread; some nanoseconds.
    static func useOneThread() { omp_set_num_threads(1) }

    /// `product = scale * left * right + keep * product` with `left` of `m x k` and `right` of
    /// `k x n` after transposing; `keep` is 0 or 1.
    static func multiply(
        _ left: Matrix, _ right: Matrix, into product: Matrix, m: Int, n: Int, k: Int,
        scale: Float = 1, keep: Float
    ) {
        guard m > 0, n > 0 else { return }
        guard k > 0 else {
            // An empty sum; oneDNN would leave the product as it was.
            guard keep == 0 else { return }
            for row in 0..<m {
                (product.base + row * product.stride).update(repeating: 0, count: n)
            }
            return
        }
        let status = dnnl_sgemm(
            flag(left), flag(right), dnnl_dim_t(m), dnnl_dim_t(n), dnnl_dim_t(k), scale,
            left.base, dnnl_dim_t(left.stride), right.base, dnnl_dim_t(right.stride), keep,
            product.base, dnnl_dim_t(product.stride))
        precondition(status == dnnl_success, "oneDNN accepts the sizes of a product")
    }

    private static func flag(_ matrix: Matrix) -> CChar {
        CChar(bitPattern: UInt8(ascii: matrix.isTransposed ? "T" : "N"))
    }
}
