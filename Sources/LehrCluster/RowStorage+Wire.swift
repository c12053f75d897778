import CLehrWire
import LehrTable
import LehrWire

extension RowStorage {
    init(wire: borrowing Wire.RowStorage) throws(TranslationError) {
        guard let keyWidth = KeyWidth(rawValue: max(1, Int(wire.key_words))) else {
            throw TranslationError("keys of \(wire.key_words) words; expected 1 or 2")
        }
        guard let numbers = NumberFormat(wire: wire.numbers.rawValue) else {
            throw TranslationError("rows in an unknown format of numbers \(wire.numbers.rawValue)")
        }
        let policy: LimitPolicy
        switch wire.at_limit.rawValue {
        case 0: policy = .refuse
        case 1: policy = .retire
        default: throw TranslationError("an unknown policy at the limit \(wire.at_limit.rawValue)")
        }
        self.init(
            keyWidth: keyWidth, numbers: numbers,
            narrow: wire.narrow_width == 0
                ? nil
                : NarrowRows(width: Int(wire.narrow_width), untilShows: wire.narrow_until_shows),
            atLimit: policy, rowLimit: wire.row_limit == 0 ? nil : wire.row_limit)
    }

    func fill(_ wire: inout Wire.RowStorage) {
        wire.key_words = UInt32(keyWidth.words)
        wire.numbers = .init(rawValue: numbers.wire)
        if let narrow {
            wire.narrow_width = UInt32(clamping: narrow.width)
            wire.narrow_until_shows = narrow.untilShows
        }
        wire.at_limit = .init(rawValue: atLimit == .retire ? 1 : 0)
        wire.row_limit = rowLimit ?? 0
    }
}
