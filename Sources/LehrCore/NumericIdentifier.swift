/// An identifier that is a number and no more; encoded as that number.
package protocol NumericIdentifier: Codable {
    associatedtype Value: Codable

    var value: Value { get }

    init(_ value: Value)
}

extension NumericIdentifier {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Value.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

extension MemberIncarnation: NumericIdentifier {}
extension PartitionIncarnation: NumericIdentifier {}
extension JobID: NumericIdentifier {}
extension TableID: NumericIdentifier {}
extension ClusterID: NumericIdentifier {}
