import LehrWire

extension Channel {
    /// Asks the server by `grpc.health.v1` whether it, or its `service`, can be called.
    package func health(
        of service: String = "", _ options: CallOptions = CallOptions(),
        _ completion: @escaping (Result<HealthService.Status, RPCError>) -> Void
    ) {
        var request = FieldWriter()
        if !service.isEmpty { request.append(1, Array(service.utf8)) }
        _ = unary(HealthService.checkPath, request.bytes, options) { result in
            completion(result.flatMap(HealthService.status))
        }
    }
}

extension HealthService {
    /// Field 1 of a HealthCheckResponse; a status that is not known counts as none.
    fileprivate static func status(_ bytes: [UInt8]) -> Result<Status, RPCError> {
        var status = Status.unknown
        var reader = FieldReader(bytes)
        do throws(WireError) {
            while let (field, value) = try reader.next() {
                guard field == 1, case .number(let number) = value else { continue }
                status = Status(rawValue: Int(clamping: number)) ?? .unknown
            }
            return .success(status)
        } catch {
            return .failure(RPCError(.internal, "the answer is \(error)"))
        }
    }
}
