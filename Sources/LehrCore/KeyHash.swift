/// Mixes all bits of `key` into all bits of the result, one to one.
///
/// The finaliser of SplitMix64 (Stafford's variant 13).
@inlinable
public func mixed(_ key: UInt64) -> UInt64 {
    var bits = key
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
}

/// The 64-bit key that a 128-bit key is placed, hashed and initialised by.
@inlinable
public func foldedKey(_ low: UInt64, _ high: UInt64) -> UInt64 {
    low ^ mixed(high &+ 0x9E37_79B9_7F4A_7C15)
}

/// The 64-bit key of a textual feature: a decimal number below 2^64 stands for itself, any other
/// text is hashed (FNV-1a, then mixed).
package func featureKey(_ text: some Collection<UInt8>) -> UInt64 {
    var number: UInt64 = 0
    var isNumber = !text.isEmpty && text.count <= 20
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        guard isNumber else { continue }
        let digit = UInt64(byte) &- 48
        let (shifted, overflowA) = number.multipliedReportingOverflow(by: 10)
        let (sum, overflowB) = shifted.addingReportingOverflow(digit)
        isNumber = digit < 10 && !overflowA && !overflowB
        number = sum
    }
    return isNumber ? number : mixed(hash)
}
