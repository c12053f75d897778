import CLehrWire
package import LehrCluster
import LehrCoordinator
package import LehrCore
package import LehrRPC
package import LehrWire

extension ClusterSandbox {
    /// One call of a client, with time running until it is answered.
    package func call<Q, P, Answer>(
        _ method: Method<Q, P>, at address: String = ClusterSandbox.coordinatorAddress,
        _ fill: (inout Q, WireArena) -> Void, _ read: @escaping (UnsafePointer<P>) -> Answer
    ) throws(RPCError) -> Answer {
        var outcome: Result<Answer, RPCError>?
        clientCore.perform {
            client.channel(to: address).unary(method, CallOptions(), fill) { result in
                outcome = result.map(read)
            }
        }
        _ = run(for: .seconds(20)) { outcome != nil }
        guard let outcome else { throw RPCError(.deadlineExceeded, "nobody answered") }
        return try outcome.get()
    }

    /// Submits a job file as `lehr job submit` does.
    package func submit(_ spec: String) throws(RPCError) -> JobID {
        try call(CoordinatorMethods.submitJob) { request, arena in
            request.spec = arena.string(spec)
        } _: {
            JobID($0.pointee.id)
        }
    }

    /// The same without waiting for the answer.
    package func submit(
        _ spec: String, _ completion: @escaping (Result<JobID, RPCError>) -> Void
    ) {
        clientCore.perform {
            client.channel(to: Self.coordinatorAddress).unary(
                CoordinatorMethods.submitJob, CallOptions(timeout: .seconds(2))
            ) { request, arena in
                request.spec = arena.string(spec)
            } _: { result in
                completion(result.map { JobID($0.pointee.id) })
            }
        }
    }

    /// Revokes a member's lease as `lehr members revoke` does; whether that was done.
    package func revoke(_ name: String, _ completion: @escaping (Bool) -> Void) {
        clientCore.perform {
            client.channel(to: Self.coordinatorAddress).unary(
                CoordinatorMethods.revokeLease, CallOptions(timeout: .seconds(2))
            ) { request, arena in
                request.name = arena.string(name)
            } _: { result in
                if case .success = result { completion(true) } else { completion(false) }
            }
        }
    }

    /// Asks for a partition to move to a core of a shard; whether that was taken.
    package func move(
        _ id: PartitionID, to shard: String, core: UInt32, _ completion: @escaping (Bool) -> Void
    ) {
        clientCore.perform {
            client.channel(to: Self.coordinatorAddress).unary(
                CoordinatorMethods.movePartition, CallOptions(timeout: .seconds(2))
            ) { request, arena in
                request.table = id.table.value
                request.partition = id.index
                request.member = arena.string(shard)
                request.core = core
            } _: { result in
                if case .success = result { completion(true) } else { completion(false) }
            }
        }
    }

    /// Asks for a shard to be drained; whether that was taken.
    package func drain(_ shard: String, _ completion: @escaping (Bool) -> Void) {
        clientCore.perform {
            client.channel(to: Self.coordinatorAddress).unary(
                CoordinatorMethods.drainMember, CallOptions(timeout: .seconds(2))
            ) { request, arena in
                request.name = arena.string(shard)
            } _: { result in
                if case .success = result { completion(true) } else { completion(false) }
            }
        }
    }

    /// A job as the coordinator sees it; nil while that is away.
    package func status(of job: JobID) -> JobStatus? {
        coordinator?.shell.instance.jobs.first { $0.id == job }?
            .status(nowUnixMilliseconds: time.now.nanoseconds / 1_000_000)
    }

    /// Runs until the job has ended; nil if it has not within ten virtual minutes.
    package func runToEnd(of job: JobID) -> JobStatus? {
        let ended = run(for: .seconds(600)) { self.status(of: job)?.state.hasEnded ?? false }
        return ended ? status(of: job) : nil
    }
}
