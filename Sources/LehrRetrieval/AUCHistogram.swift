/// The area under the ROC curve from counts of predictions by value, so that parts of a data set
/// can be counted anywhere and merged exactly.
///
/// Predictions are probabilities; 65,536 bins of equal width. Within a bin every pair counts one
/// half, so the error is at most half of the part of (positive, negative) pairs that share a bin.
package struct AUCHistogram: Sendable, Equatable {
    package static let binCount = 1 << 16

    /// Positives and negatives by bin.
    package private(set) var positives: [UInt64]
    package private(set) var negatives: [UInt64]
    /// Predictions that were NaN and are in no bin.
    package private(set) var undefined: UInt64 = 0

    package init() {
        positives = [UInt64](repeating: 0, count: Self.binCount)
        negatives = positives
    }

    /// Adds predictions with their labels; a label above one half is a positive. Values outside
    /// `0 ... 1` count as the nearest end.
    package mutating func add(
        predictions: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<Float>
    ) {
        precondition(predictions.count == labels.count, "a label a prediction")
        for index in 0..<predictions.count {
            let prediction = predictions[index]
            guard !prediction.isNaN else {
                undefined += 1
                continue
            }
            let clamped = min(max(prediction, 0), 1)
            let bin = min(Int(clamped * Float(Self.binCount)), Self.binCount - 1)
            if labels[index] > 0.5 { positives[bin] += 1 } else { negatives[bin] += 1 }
        }
    }

    package mutating func merge(_ other: AUCHistogram) {
        for bin in 0..<Self.binCount {
            positives[bin] += other.positives[bin]
            negatives[bin] += other.negatives[bin]
        }
        undefined += other.undefined
    }

    /// The probability that a positive is predicted higher than a negative, ties counting one half;
    /// nil without both.
    package var area: Double? {
        var below = 0.0
        var pairs = 0.0
        var positiveCount = 0.0
        for bin in 0..<Self.binCount where positives[bin] + negatives[bin] > 0 {
            let negative = Double(negatives[bin])
            let positive = Double(positives[bin])
            pairs += positive * (below + negative / 2)
            below += negative
            positiveCount += positive
        }
        guard below > 0, positiveCount > 0 else { return nil }
        return pairs / (positiveCount * below)
    }
}

/// The area under the ROC curve by sorting, exact, ties counting one half; nil without both classes
/// or with a NaN.
package func exactAUC(predictions: [Float], labels: [Float]) -> Double? {
    precondition(predictions.count == labels.count, "a label a prediction")
    guard !predictions.contains(where: { $0.isNaN }) else { return nil }
    let order = predictions.indices.sorted { predictions[$0] < predictions[$1] }
    var below = 0.0
    var pairs = 0.0
    var positiveCount = 0.0
    var first = 0
    while first < order.count {
        var last = first
        var negative = 0.0
        var positive = 0.0
        while last < order.count, predictions[order[last]] == predictions[order[first]] {
            if labels[order[last]] > 0.5 { positive += 1 } else { negative += 1 }
            last += 1
        }
        pairs += positive * (below + negative / 2)
        below += negative
        positiveCount += positive
        first = last
    }
    guard below > 0, positiveCount > 0 else { return nil }
    return pairs / (positiveCount * below)
}
