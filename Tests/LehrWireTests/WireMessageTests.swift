import CLehrWire
import LehrCore
import LehrWire
import Testing

@Suite struct WireMessageTests {
    @Test func aMessageComesBackAsItWasWritten() throws {
        let keys: [UInt64] = [1, .max, 42]
        let bytes = Wire.JoinRequest.encode { message, arena in
            message.name = arena.string("shard-0")
            message.cluster_id = 7
            (message.n_core_addresses, message.core_addresses) = arena.strings(["a:1", "b:2"])
            message.http_address = arena.string(String(repeating: "x", count: 20_000))
        }
        let arena = WireArena()
        let message = try Wire.JoinRequest.decode(bytes, in: arena).pointee
        #expect(text(message.name) == "shard-0")
        #expect(message.cluster_id == 7)
        #expect(texts(message.n_core_addresses, message.core_addresses) == ["a:1", "b:2"])
        #expect(text(message.http_address).count == 20_000)
        let field = arena.bytes(copying: keys)
        #expect(field.elements(of: UInt64.self).map { Array($0) } == keys)
        #expect(field.elements(of: SIMD4<UInt64>.self) == nil)
    }

    @Test func subMessagesKeepTheirOrder() throws {
        let bytes = Wire.ListMembersResponse.encode { message, arena in
            let list: (Int, UnsafeMutablePointer<UnsafeMutablePointer<Wire.Member>?>?) =
                arena.list(0..<300) { index, member, arena in
                    member.name = arena.string("m\(index)")
                    member.incarnation = UInt64(index)
                }
            (message.n_members, message.members) = list
        }
        let arena = WireArena()
        let message = try Wire.ListMembersResponse.decode(bytes, in: arena).pointee
        let members: [Wire.Member] = each(message.n_members, message.members)
        #expect(members.map { text($0.name) } == (0..<300).map { "m\($0)" })
        #expect(members.map(\.incarnation) == (0..<300).map { UInt64($0) })
    }

    @Test func anEmptyMessageHasTheDefaults() throws {
        let arena = WireArena()
        let message = try Wire.Member.decode([], in: arena).pointee
        #expect(text(message.name).isEmpty)
        #expect(message.n_core_addresses == 0)
        #expect(Wire.LeaveResponse.encode { _, _ in }.isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func garbageIsRefusedOrReadAndNeverTraps(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let good = Wire.ListMembersResponse.encode { message, arena in
            let list: (Int, UnsafeMutablePointer<UnsafeMutablePointer<Wire.Member>?>?) =
                arena.list(0..<5) { index, member, arena in
                    member.name = arena.string("member \(index)")
                    (member.n_core_addresses, member.core_addresses) = arena.strings(["a", "b"])
                }
            (message.n_members, message.members) = list
        }
        var refused = 0
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0...random.below(4) {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            bytes.removeLast(random.below(bytes.count))
            let arena = WireArena()
            do throws(WireError) {
                let message = try Wire.ListMembersResponse.decode(bytes, in: arena).pointee
                let members: [Wire.Member] = each(message.n_members, message.members)
                for member in members {
                    _ = text(member.name)
                    _ = texts(member.n_core_addresses, member.core_addresses)
                }
            } catch {
                #expect(error.description.hasPrefix("not a lehr.v1.ListMembersResponse message"))
                refused += 1
            }
        }
        #expect(refused > 100)
    }
}
