/// The candidate closest to `word`, if one is close enough to be what was meant.
func closest(to word: String, among candidates: [String]) -> String? {
    let source = Array(word.utf8)
    guard source.count <= 64 else { return nil }
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
        let distance = editDistance(source, Array(candidate.utf8))
        if distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    guard let best, best.distance <= max(2, source.count / 3) else { return nil }
    return best.candidate
}

/// Insertions, deletions and replacements that turn `source` into `target` (Levenshtein 1966).
private func editDistance(_ source: [UInt8], _ target: [UInt8]) -> Int {
    var row = Array(0...target.count)
    for (index, byte) in source.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in target.indices {
            let replaced = diagonal + (byte == target[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
        }
    }
    return row[target.count]
}
