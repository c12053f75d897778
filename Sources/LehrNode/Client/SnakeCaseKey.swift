/// A property's name as programs see it: `hrAt10` is `hr_at_10`.
///
/// A capital begins a word, and so does the first of some digits.
struct SnakeCaseKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        var name = ""
        var previous: Character?
        for character in stringValue {
            let startsDigits = character.isNumber && previous?.isLetter == true
            if previous != nil, character.isUppercase || startsDigits { name.append("_") }
            name += character.lowercased()
            previous = character
        }
        self.stringValue = name
    }

    init?(intValue: Int) { nil }
}
