import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrTestKit
import LehrWire
import Testing

/// Whatever bytes arrive, every call is answered with a message or a status, and what cannot be
/// right changes nothing.
@Suite struct ShardFuzzTests {
    private final class Stream: ServerStream {
        var isWritable = true
        var onWritable: (() -> Void)?
        var onCancel: (() -> Void)?
        var metadata = ResponseMetadata()
        var ends = 0
        func send(_ message: [UInt8]) {}
        func finish(_ error: RPCError?) { ends += 1 }
    }

    private func requests(_ random: inout RandomSource) -> (path: String, bytes: [UInt8]) {
        var push = PushFields(batch: UInt64(random.below(30)), isStaged: random.below(3) == 0)
        push.part = UInt32(random.below(3))
        push.attempt = UInt32(random.below(4))
        push.floor = UInt64(random.below(4))
        if random.below(2) == 0 {
            push.slices.append(
                .init(
                    table: 2, runs: [.init(partition: 0, incarnation: 200, keyCount: 2)],
                    keys: [3, 9], gradients: [1, 2, 3, 4, 5, 6]))
        }
        for slice in push.slices.indices {
            push.slices[slice].format = WireFormat(
                rows: NumberFormat.allCases[random.below(4)],
                gradients: NumberFormat.allCases[random.below(4)],
                keys: KeyFormat.allCases[random.below(2)])
        }
        // Fields that are wrong one at a time get further than bytes that are wrong.
        let slice = random.below(push.slices.count)
        switch random.below(12) {
        case 0: push.slices[slice].runs[0].keyCount = UInt32(truncatingIfNeeded: random.next())
        case 1: push.slices[slice].runs[0].partition = UInt32(truncatingIfNeeded: random.next())
        case 2: push.slices[slice].runs += push.slices[slice].runs
        case 3: push.slices[slice].keys[0] = random.next()
        case 4:
            push.slices[slice].gradients[0] = Float(
                bitPattern: UInt32.random(in: .min ... .max, using: &random))
        case 5: push.slices[slice].shows = [.nan, .infinity]
        case 6: (push.floor, push.batch) = (random.next(), random.next())
        case 7: push.generation = UInt32(random.below(3))
        case 8:
            push.slices[slice].formatNumbers = (
                UInt32(random.below(5)), UInt32(random.below(5)), UInt32(random.below(3))
            )
        default: break
        }
        let step = Wire.StepRequest.encode { request, arena in
            request.cluster_id = ShardScene.cluster
            request.identity = arena.make(Wire.PushIdentity.self) { identity, _ in
                (identity.job, identity.generation) = (1, push.generation)
                (identity.part, identity.batch) = (push.part, push.batch)
                (identity.attempt, identity.part_floor) = (push.attempt, UInt32(random.below(2)))
            }
            (request.n_tables, request.tables) = arena.list(push.slices) { slice, table, arena in
                table.table = slice.table
                (table.n_partitions, table.partitions) = arena.list(slice.runs) { run, ref, _ in
                    (ref.index, ref.incarnation) = (run.partition, run.incarnation)
                }
            }
        }
        switch random.below(8) {
        case 0: return (ShardMethods.inquireStep.path, step)
        case 1: return (ShardMethods.commitStep.path, step)
        case 2: return (ShardMethods.abortStep.path, step)
        case 3: return (ShardMethods.pull.path, PullFields(slices: push.slices).encoded)
        case 4:
            return (
                ShardMethods.scan.path,
                Wire.ScanRequest.encode { request, _ in
                    (request.cluster_id, request.table) = (ShardScene.cluster, 1)
                    request.incarnation = 100
                }
            )
        case 5:
            return (
                ShardMethods.getStatistics.path,
                Wire.GetStatisticsRequest.encode { request, _ in request.job = 1 }
            )
        default: return (ShardMethods.push.path, push.encoded)
        }
    }

    @Test func mutatedRequestsAreAnsweredAndHarmNothing() throws {
        let scene = try ShardScene()
        var (fine, refused) = (0, 0)
        for seed in 1...20_000 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var (path, bytes) = requests(&random)
            if random.below(2) == 0 { bytes.mutate(&random) }
            let before = seed % 40 == 0 ? scene.state : []
            var answers: [Bool] = []
            scene.core.perform {
                switch scene.services.route(path)?.handler {
                case .unary(let body):
                    body(
                        ShardScene.context, bytes,
                        UnaryResponder { result, _ in
                            if case .success = result {
                                answers.append(true)
                            } else {
                                answers.append(false)
                            }
                        })
                case .serverStreaming(let body):
                    let stream = Stream()
                    body(ShardScene.context, bytes, stream)
                    answers += Array(repeating: true, count: stream.ends)
                case .bidirectional, nil: Issue.record("\(path) is not served")
                }
            }
            #expect(answers.count == 1, "seed \(seed): \(path)")
            fine += answers == [true] ? 1 : 0
            refused += answers == [false] ? 1 : 0
            let mayNote = path == ShardMethods.push.path
            if answers == [false], !before.isEmpty, !mayNote {
                #expect(scene.state == before, "seed \(seed)")
            }
            if seed % 2000 == 0 {
                for owned in scene.shard.ownedPartitions {
                    let rows = owned.rows.scan(from: .start, limit: 100_000)
                    #expect(rows.weights.allSatisfy { $0.isFinite }, "seed \(seed)")
                    #expect(
                        rows.keys.withUnsafeBufferPointer {
                            owned.rows.firstKeyOutside(PackedElements($0))
                        } == nil)
                }
            }
        }
        #expect(fine > 3000 && refused > 3000)
    }
}
