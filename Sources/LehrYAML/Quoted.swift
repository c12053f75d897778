/// `text` in quotes on one line, cut to 40 characters.
package func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(40) {
        result += scalar.properties.isWhitespace ? " " : scalar.escaped(asASCII: false)
    }
    return result + (text.unicodeScalars.count > 40 ? "...\"" : "\"")
}
