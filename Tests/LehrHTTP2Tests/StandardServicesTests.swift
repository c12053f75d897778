import LehrCore
import LehrRPC
import LehrWire
import Testing

/// Health and reflection, the same on every transport.
@Suite struct StandardServicesTests {
    private static func serve(
        _ scene: Scene
    ) throws -> (services: StandardServices, channel: any Channel) {
        let table = ServiceTable()
        let services = try StandardServices()
        services.register(in: table)
        table.register("/t.Echo/Say", .unary { $2.succeed($1) })
        services.health["t.Echo"] = .notServing
        return (services, scene.client.channel(to: try scene.serve(table).address))
    }

    private static func request(_ service: String) -> [UInt8] {
        var request = ProtoFields()
        request.add(1, Array(service.utf8))
        return request.encoded
    }

    @Test(
        arguments: Carrier.allCases,
        [
            ("", .success([8, 1])), ("t.Echo", .success([8, 2])),
            ("t.No", .failure(RPCError(.notFound, "there is no service 't.No' here"))),
        ] as [(String, Result<[UInt8], RPCError>)])
    func check(carrier: Carrier, expected: (String, Result<[UInt8], RPCError>)) throws {
        try Scene.run(on: carrier) { scene in
            let (services, channel) = try Self.serve(scene)
            _ = channel.unary(
                "/grpc.health.v1.Health/Check", Self.request(expected.0), CallOptions()
            ) { result in
                #expect(result == expected.1)
                withExtendedLifetime(services) { scene.finish() }
            }
        }
    }

    @Test(
        arguments: Carrier.allCases,
        [("", .serving), ("t.Echo", .notServing), ("t.No", nil)]
            as [(String, HealthService.Status?)])
    func aClientAsks(carrier: Carrier, expected: (service: String, status: HealthService.Status?))
        throws
    {
        try Scene.run(on: carrier) { scene in
            let (services, channel) = try Self.serve(scene)
            channel.health(of: expected.service) { result in
                switch result {
                case .success(let status): #expect(status == expected.status)
                case .failure(let error):
                    #expect(expected.status == nil && error.code == .notFound)
                }
                withExtendedLifetime(services) { scene.finish() }
            }
        }
    }

    @Test(
        arguments: Carrier.allCases,
        [([], .unknown), ([8, 9], .unknown), ([8], nil), ([0xFF, 1, 2], nil)]
            as [([UInt8], HealthService.Status?)])
    func aClientBearsOddAnswers(carrier: Carrier, answer: ([UInt8], HealthService.Status?)) throws {
        try Scene.run(on: carrier) { scene in
            let table = ServiceTable()
            table.register("/grpc.health.v1.Health/Check", .unary { $2.succeed(answer.0) })
            let channel = scene.client.channel(to: try scene.serve(table).address)
            channel.health { result in
                #expect((try? result.get()) == answer.1)
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func watchersHearOfEveryChangeAndUnknownOnesStay(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let (services, channel) = try Self.serve(scene)
            var seen: [Int] = []
            var call: (any Call)?
            call = channel.serverStreaming(
                "/grpc.health.v1.Health/Watch", Self.request("t.New"), CallOptions(timeout: nil),
                onMessage: { message in
                    seen.append(ProtoFields(message).number(1))
                    switch seen.count {
                    case 1:
                        #expect(services.health.watcherCount == 1)
                        services.health["t.Other"] = .serving
                        services.health["t.New"] = .serving
                        services.health["t.New"] = .serving
                    case 2: services.health["t.New"] = .notServing
                    case 3: services.health["t.New"] = nil
                    default: call?.cancel()
                    }
                },
                onEnd: { error in
                    #expect(error?.code == .cancelled)
                    #expect(seen == [3, 1, 2, 3])
                    scene.once {
                        services.health.watcherCount == 0
                    } _: {
                        scene.finish()
                    }
                })
        }
    }

    @Test(arguments: Carrier.allCases)
    func malformedRequestsAreInvalid(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let (services, channel) = try Self.serve(scene)
            var left = 4
            let finish = { (code: StatusCode?) in
                #expect(code == .invalidArgument)
                left -= 1
                if left == 0 { withExtendedLifetime(services) { scene.finish() } }
            }
            let bad: [UInt8] = [10, 99]
            _ = channel.unary("/grpc.health.v1.Health/Check", bad, CallOptions()) {
                finish($0.code)
            }
            for path in [
                "/grpc.health.v1.Health/Watch",
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            ] {
                _ = channel.serverStreaming(
                    path, bad, CallOptions(), onMessage: { _ in }, onEnd: { finish($0?.code) })
            }
        }
    }

    @Test(arguments: Carrier.allCases, ["v1", "v1alpha"])
    func reflectionAnswersEveryQuestion(carrier: Carrier, version: String) throws {
        try Scene.run(on: carrier) { scene in
            let (services, channel) = try Self.serve(scene)
            let questions: [(field: Int, text: String, answer: Int)] = [
                (7, "", 6), (3, "lehr/v1/shard.proto", 4), (3, "no.proto", 7),
                (4, "lehr.v1.Shard.Pull", 4), (4, "lehr.v1.No", 7), (5, "", 7),
                (6, "lehr.v1.Job", 5), (6, "No", 7), (1, "only a host", 7),
            ]
            var seen: [ProtoFields] = []
            let call = channel.bidirectional(
                "/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo", CallOptions()
            ) {
                seen.append(ProtoFields($0))
            } onEnd: { error in
                #expect(error == nil)
                #expect(seen.count == questions.count)
                for (answer, question) in zip(seen, questions) {
                    #expect(answer.bytes(question.answer).isEmpty == false)
                    #expect(answer.message(2).text(question.field) == question.text)
                }
                #expect(
                    seen[0].message(6).messages(1).map { $0.text(1) } == [
                        "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                        "grpc.reflection.v1alpha.ServerReflection", "t.Echo",
                    ])
                #expect(seen[2].message(7).number(1) == StatusCode.notFound.rawValue)
                withExtendedLifetime(services) { scene.finish() }
            }
            call.request(questions.count)
            for question in questions {
                var request = ProtoFields()
                request.add(question.field, Array(question.text.utf8))
                call.send(request.encoded)
            }
            call.finishSending()
        }
    }
}
