import CLehrWire
import LehrCluster
import LehrCore
import LehrMembership
package import LehrRPC
import LehrWire

/// `lehr.v1.Coordinator`: translates between the wire and the shell.
package final class CoordinatorHandler {
    /// Reads a job file and its data set; throws what is wrong with them, for a person.
    package typealias Planner = (_ spec: String) throws(CoordinatorRefusal) -> JobPlan

    private let shell: CoordinatorShell
    private let plan: Planner

    /// The longest that a worker may wait for a task in one call.
    private static let waitMax = Duration.seconds(60)

    /// Leases that are renewed by one request.
    private static let renewalsMax = 256

    package init(_ shell: CoordinatorShell, plan: @escaping Planner) {
        self.shell = shell
        self.plan = plan
    }

    package func register(in services: ServiceTable) {
        registerMembership(in: services)
        registerJobs(in: services)
        registerTasks(in: services)
        registerMoves(in: services)
    }

    // MARK: - Members and the map

    private func registerMembership(in services: ServiceTable) {
        services.unary(CoordinatorMethods.join) { [self] context, request, respond in
            answering(respond) { () throws(CoordinatorRefusal) in
                try join(request, from: context, respond)
            }
        }
        services.exchange(CoordinatorMethods.keepAlive) { [self] context, request, respond in
            let lives = UnsafeBufferPointer(
                start: request.incarnations, count: request.n_incarnations
            ).map { MemberIncarnation($0) }
            let sequence = request.sequence
            answering(respond) { () throws(CoordinatorRefusal) in
                try keepAlive(lives, sequence, from: context, respond)
            }
        }
        services.unary(CoordinatorMethods.leave) { [self] context, request, respond in
            let incarnation = MemberIncarnation(request.incarnation)
            answering(respond) { () throws(CoordinatorRefusal) in
                try requireHolder(of: incarnation, context)
                try shell.decide { instance throws(CoordinatorRefusal) in
                    ((), instance.leave(incarnation, unixMilliseconds: shell.unixMilliseconds))
                }
                say(respond) { _, _ in }
            }
        }
        services.unary(CoordinatorMethods.revokeLease) { [self] _, request, respond in
            let name = text(request.name)
            let life = request.incarnation == 0 ? nil : MemberIncarnation(request.incarnation)
            answering(respond) { () throws(CoordinatorRefusal) in
                let (member, silentIn) = try shell.revoke(name, life)
                say(respond) { answer, arena in
                    answer.member = arena.make(Wire.Member.self) { member.fill(&$0, $1) }
                    answer.silent_in_ms = UInt32(silentIn.milliseconds)
                }
            }
        }
        services.unary(CoordinatorMethods.listMembers) { [self] _, _, respond in
            answering(respond) { () throws(CoordinatorRefusal) in
                say(respond) { [self] answer, arena in listMembers(&answer, arena) }
            }
        }
        services.unary(CoordinatorMethods.getClusterMap) { [self] _, _, respond in
            answering(respond) { () throws(CoordinatorRefusal) in
                say(respond) { [shell] in shell.instance.map.fill(&$0, $1) }
            }
        }
        services.serverStreaming(CoordinatorMethods.watchClusterMap) {
            [self] _, request, stream in
            // Of another cluster's map a version means nothing here.
            let isOurs = ClusterID(request.cluster_id) == shell.instance.cluster.id
            watchMap(
                takesChanges: request.changes != 0, known: isOurs ? request.known_version : 0,
                stream)
        }
    }

    private func keepAlive(
        _ lives: [MemberIncarnation], _ sequence: UInt64, from context: CallContext,
        _ respond: Responder<Wire.KeepAliveResponse>
    ) throws(CoordinatorRefusal) {
        guard (1...Self.renewalsMax).contains(lives.count) else {
            throw .invalid(
                "\(lives.count) leases to renew; name 1 to \(Self.renewalsMax) in a request")
        }
        for life in lives { try requireHolder(of: life, context) }
        let ended = try shell.keepAlive(lives)
        say(respond) { [shell] answer, arena in
            answer.ttl_ms = UInt32(shell.instance.leases.terms.ttl.milliseconds)
            answer.map_version = shell.instance.cluster.mapVersion
            answer.sequence = sequence
            (answer.n_ended, answer.ended) = arena.numbers(ended.map(\.value))
        }
    }

    private func watchMap(
        takesChanges: Bool, known: UInt64, _ stream: MessageStream<Wire.ClusterMap>
    ) {
        shell.whenDurable { [shell] refusal in
            if let refusal { return stream.finish(RPCError(refusal)) }
            let watcher = StreamWatcher<MapMessage, Wire.ClusterMap>(stream) { message, stream in
                stream.untyped.send(message.bytes)
            }
            if !shell.watchMap(watcher, takesChanges: takesChanges, known: known) {
                stream.finish(RPCError(.resourceExhausted, "too many watch the cluster map"))
            }
        }
    }

    private func join(
        _ request: borrowing Wire.JoinRequest, from context: CallContext,
        _ respond: Responder<Wire.JoinResponse>
    ) throws(CoordinatorRefusal) {
        guard let role = Role(wire: Int(request.role.rawValue)) else {
            throw .invalid("role: expected ROLE_SHARD, ROLE_WORKER or ROLE_SERVING")
        }
        try require(role, named: text(request.name), context)
        let join = CoordinatorInstance.JoinRequest(
            name: text(request.name), role: role,
            coreAddresses: texts(request.n_core_addresses, request.core_addresses),
            httpAddress: text(request.http_address),
            cluster: request.cluster_id == 0 ? nil : ClusterID(request.cluster_id),
            process: ProcessLife(wire: request.process_id, life: request.process_life))
        let member = try shell.decide { instance throws(CoordinatorRefusal) in
            let (member, directives) = try instance.join(
                join, now: shell.core.now, unixMilliseconds: shell.unixMilliseconds)
            return (member, directives)
        }
        let (terms, cluster) = (shell.instance.leases.terms, shell.instance.cluster.id)
        say(respond) { answer, _ in
            answer.cluster_id = cluster.value
            answer.incarnation = member.incarnation.value
            answer.ttl_ms = UInt32(terms.ttl.milliseconds)
            answer.heartbeat_ms = UInt32(terms.heartbeat.milliseconds)
        }
    }

    private func listMembers(_ answer: inout Wire.ListMembersResponse, _ arena: WireArena) {
        let leases = shell.instance.leases
        let now = shell.core.now
        answer.cluster_id = shell.instance.cluster.id.value
        (answer.n_members, answer.members) = arena.list(leases.members) { member, wire, arena in
            member.fill(&wire, arena)
            let left = leases.remaining(of: member.incarnation, now: now) ?? .zero
            wire.lease_remaining_ms = UInt32(max(left.milliseconds, 0))
        }
    }

    // MARK: - Jobs

    private func registerJobs(in services: ServiceTable) {
        services.unary(CoordinatorMethods.submitJob) { [self] _, request, respond in
            let spec = text(request.spec)
            answering(respond) { () throws(CoordinatorRefusal) in
                let plan = try plan(spec)
                let job = try shell.decide { instance throws(CoordinatorRefusal) in
                    let (job, directives) = try instance.submit(
                        plan, unixMilliseconds: shell.unixMilliseconds)
                    return (job, directives)
                }
                try reply(with: "\(job.value)", respond)
            }
        }
        services.unary(CoordinatorMethods.listJobs) { [self] _, _, respond in
            let now = shell.unixMilliseconds
            answering(respond) { () throws(CoordinatorRefusal) in
                say(respond) { [shell] answer, arena in
                    (answer.n_jobs, answer.jobs) = arena.list(shell.instance.jobs) {
                        $0.status(nowUnixMilliseconds: now).fill(&$1, $2)
                    }
                }
            }
        }
        services.unary(CoordinatorMethods.getJob) { [self] _, request, respond in
            let job = text(request.job)
            answering(respond) { () throws(CoordinatorRefusal) in try reply(with: job, respond) }
        }
        services.unary(CoordinatorMethods.stopJob) { [self] _, request, respond in
            let job = text(request.job)
            answering(respond) { () throws(CoordinatorRefusal) in
                let id = try shell.instance.find(job).id
                try shell.decide { instance throws(CoordinatorRefusal) in
                    ((), instance.stop(id, unixMilliseconds: shell.unixMilliseconds))
                }
                try reply(with: "\(id.value)", respond)
            }
        }
        services.serverStreaming(CoordinatorMethods.watchJob) { [self] _, request, stream in
            watchJob(text(request.job), stream)
        }
    }

    private func reply(
        with job: String, _ respond: Responder<Wire.Job>
    ) throws(CoordinatorRefusal) {
        let status = try shell.instance.find(job).status(
            nowUnixMilliseconds: shell.unixMilliseconds)
        say(respond) { answer, arena in status.fill(&answer, arena) }
    }

    private func watchJob(_ job: String, _ stream: MessageStream<Wire.Job>) {
        shell.whenDurable { [shell] refusal in
            do throws(CoordinatorRefusal) {
                if let refusal { throw refusal }
                let id = try shell.instance.find(job).id
                let watcher = StreamWatcher<JobStatus, Wire.Job>(stream) { status, stream in
                    stream.send { message, arena in status.fill(&message, arena) }
                }
                if !shell.watchJob(id, watcher) {
                    stream.finish(RPCError(.resourceExhausted, "too many watch this job"))
                }
            } catch {
                stream.finish(RPCError(error))
            }
        }
    }

    // MARK: - Tasks

    private func registerTasks(in services: ServiceTable) {
        services.unary(CoordinatorMethods.acquireTask) { [self] context, request, respond in
            let wait = min(.milliseconds(Int64(request.wait_ms)), Self.waitMax)
            let worker = MemberIncarnation(request.incarnation)
            do throws(CoordinatorRefusal) { try requireHolder(of: worker, context) } catch {
                return respond.fail(RPCError(error))
            }
            let number = shell.acquireTask(worker, wait: wait) { result in
                switch result {
                case .success(let task):
                    respond.succeed { answer, arena in task?.fill(&answer, arena) }
                case .failure(let refusal): respond.fail(RPCError(refusal))
                }
            }
            if let number {
                respond.untyped.onCancel = { [weak shell] in shell?.stopWaiting(number) }
            }
        }
        services.unary(CoordinatorMethods.reportTask) { [self] context, request, respond in
            let worker = MemberIncarnation(request.incarnation)
            let report: TaskReport
            do throws(TranslationError) { report = try TaskReport(wire: request) } catch {
                return respond.fail(.invalidArgument, "\(error)")
            }
            answering(respond) { () throws(CoordinatorRefusal) in
                try requireHolder(of: worker, context)
                let proceed = try shell.decide { instance throws(CoordinatorRefusal) in
                    let (proceed, directives) = try instance.report(
                        report, from: worker, now: shell.core.now,
                        unixMilliseconds: shell.unixMilliseconds)
                    return (proceed, directives)
                }
                say(respond) { answer, _ in answer.proceed = proceed ? 1 : 0 }
            }
        }
    }

    // MARK: - Moves

    private func registerMoves(in services: ServiceTable) {
        services.unary(CoordinatorMethods.movePartition) { [self] _, request, respond in
            let id = PartitionID(table: TableID(request.table), index: request.partition)
            let (name, core) = (text(request.member), request.core)
            answering(respond) { () throws(CoordinatorRefusal) in
                let number = try shell.decide { instance throws(CoordinatorRefusal) in
                    let (number, directives) = try instance.move(id, to: name, core: core)
                    return (number, directives)
                }
                say(respond) { answer, _ in answer.move = number }
            }
        }
        services.unary(CoordinatorMethods.drainMember) { [self] context, request, respond in
            let name = text(request.name)
            let life = request.incarnation == 0 ? nil : MemberIncarnation(request.incarnation)
            answering(respond) { () throws(CoordinatorRefusal) in
                // An operator drains any shard, a shard itself.
                if context.identity?.role == PeerRole.shard.rawValue {
                    try require(.shard, named: name, context)
                }
                let (left, begins) = try shell.decide { instance throws(CoordinatorRefusal) in
                    let (left, directives) = try instance.drain(name, life)
                    return ((left, !directives.isEmpty), directives)
                }
                say(respond) { answer, _ in
                    answer.partitions = UInt32(left)
                    answer.begins = begins ? 1 : 0
                }
            }
        }
        services.unary(CoordinatorMethods.reportMove) { [self] context, request, respond in
            let member = MemberIncarnation(request.incarnation)
            let report: MoveReport
            do throws(TranslationError) { report = try MoveReport(wire: request) } catch {
                return respond.fail(.invalidArgument, "\(error)")
            }
            answering(respond) { () throws(CoordinatorRefusal) in
                try requireHolder(of: member, context)
                let owned = try shell.report(report, from: member)
                say(respond) { answer, _ in answer.partition_incarnation = owned?.value ?? 0 }
            }
        }
    }

    // MARK: - Who speaks

    /// Refuses to let a member speak for another: its certificate must be of this role and name.
    private func require(
        _ role: Role, named name: String, _ context: CallContext
    ) throws(CoordinatorRefusal) {
        let peer: PeerRole =
            switch role {
            case .shard: .shard
            case .worker: .worker
            case .serving: .serving
            }
        do throws(RPCError) { try context.requireToBe(peer, named: name) } catch {
            throw .impostor(error.message)
        }
    }

    /// The same for the member that holds a lease; one that is unknown is refused where it is used.
    private func requireHolder(
        of incarnation: MemberIncarnation, _ context: CallContext
    ) throws(CoordinatorRefusal) {
        guard context.identity != nil, let member = shell.instance.leases.member(incarnation)
        else { return }
        try require(member.role, named: member.name, context)
    }

    /// Answers once what was decided is durable.
    private func say<M>(
        _ respond: Responder<M>, _ fill: @escaping (inout M, WireArena) -> Void
    ) {
        shell.whenDurable { refusal in
            if let refusal { respond.fail(RPCError(refusal)) } else { respond.succeed(fill) }
        }
    }

    /// Runs `body` while decisions can be made; a refusal becomes the call's status.
    private func answering<M>(
        _ respond: Responder<M>, _ body: () throws(CoordinatorRefusal) -> Void
    ) {
        do throws(CoordinatorRefusal) {
            try shell.insistOnDurability()
            try body()
        } catch {
            // A refusal may follow from what is not durable yet, too.
            shell.whenDurable { refusal in respond.fail(RPCError(refusal ?? error)) }
        }
    }
}

extension RPCError {
    init(_ refusal: CoordinatorRefusal) {
        let code: StatusCode =
            switch refusal {
            case .invalid: .invalidArgument
            case .wrongCluster, .noShards, .cannotMove: .failedPrecondition
            case .full: .resourceExhausted
            case .taken: .alreadyExists
            case .outdated: .aborted
            case .unknownLease, .unknownJob, .unknownMember, .noPartition: .notFound
            case .impostor: .permissionDenied
            case .stopping: .unavailable
            }
        self.init(code, "\(refusal)")
    }
}
