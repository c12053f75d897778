import CLehrWire
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire

/// Sees what a coordinator decides and answers.
struct CoordinatorWitness {
    let tell: (Sighting) -> Void

    /// Services that behave as `services`, and are seen.
    func watch(_ shell: CoordinatorShell, _ services: ServiceTable) -> ServiceTable {
        tell(.restored(shell.instance))
        shell.onChange = { [unowned shell] instance in
            tell(.decided(instance, isHeard: shell.isAlive))
        }
        let arenas = ArenaPool()
        return services.watched { [weak shell] path, request in
            guard let shell else { return nil }
            return arenas.withArena { arena in
                switch path {
                case CoordinatorMethods.join.path: join(shell, request, arena)
                case CoordinatorMethods.revokeLease.path: revoke(shell, request, arena)
                case CoordinatorMethods.acquireTask.path: acquire(shell, request, arena)
                case CoordinatorMethods.reportTask.path: report(shell, request, arena)
                default: nil
                }
            }
        }
    }

    private func join(
        _ shell: CoordinatorShell, _ request: [UInt8], _ arena: WireArena
    ) -> (([UInt8]?) -> Void)? {
        guard let request = try? Wire.JoinRequest.decode(request, in: arena) else { return nil }
        let process = request.pointee.process_id
        return { [weak shell] answer in
            see(Wire.JoinResponse.self, answer, shell) { joined, _ in
                tell(.joined(MemberIncarnation(joined.incarnation), process: process))
            }
        }
    }

    /// Told before it is done: from then on the holder is the last to know.
    private func revoke(
        _ shell: CoordinatorShell, _ request: [UInt8], _ arena: WireArena
    ) -> (([UInt8]?) -> Void)? {
        guard let request = try? Wire.RevokeLeaseRequest.decode(request, in: arena),
            let member = shell.instance.leases.member(named: text(request.pointee.name))
        else { return nil }
        tell(.revoking(member.incarnation))
        return nil
    }

    private func acquire(
        _ shell: CoordinatorShell, _ request: [UInt8], _ arena: WireArena
    ) -> (([UInt8]?) -> Void)? {
        guard let request = try? Wire.AcquireTaskRequest.decode(request, in: arena) else {
            return nil
        }
        let worker = MemberIncarnation(request.pointee.incarnation)
        return { [weak shell] answer in
            see(Wire.Task.self, answer, shell) { task, _ in
                if let lease = TaskLease(wire: task) { tell(.leased(lease, to: worker)) }
            }
        }
    }

    private func report(
        _ shell: CoordinatorShell, _ request: [UInt8], _ arena: WireArena
    ) -> (([UInt8]?) -> Void)? {
        guard let request = try? Wire.ReportTaskRequest.decode(request, in: arena),
            let report = try? TaskReport(wire: request.pointee)
        else { return nil }
        let worker = MemberIncarnation(request.pointee.incarnation)
        let before = shell.part(of: report)
        // When it is decided: the answer waits for the disk, and the lease may end meanwhile.
        let hasLease = shell.instance.leases.member(worker) != nil
        let isRunning = shell.instance.jobs.contains {
            $0.id == report.job && $0.record.state == .running
        }
        return { [weak shell] answer in
            see(Wire.ReportTaskResponse.self, answer, shell) { answer, shell in
                tell(
                    .reported(
                        Sighting.Report(
                            report: report, worker: worker,
                            hasLease: hasLease, proceeds: answer.proceed != 0,
                            isRunning: isRunning, before: before,
                            after: shell.part(of: report))))
            }
        }
    }

    /// Reads an answer that leaves a living coordinator.
    private func see<M: WireMessage>(
        _ type: M.Type, _ answer: [UInt8]?, _ shell: CoordinatorShell?,
        _ body: (borrowing M, CoordinatorShell) -> Void
    ) {
        guard let answer, let shell, shell.isAlive else { return }
        ArenaPool().withArena { arena in
            guard let message = try? M.decode(answer, in: arena) else { return }
            body(message.pointee, shell)
        }
    }
}

extension CoordinatorShell {
    fileprivate var isAlive: Bool { (core as? VirtualCore)?.isAlive ?? false }

    fileprivate func part(of report: TaskReport) -> PartRecord? {
        guard report.kind == .train,
            let job = instance.jobs.first(where: { $0.id == report.job }),
            job.parts.indices.contains(Int(report.part))
        else { return nil }
        return job.parts[Int(report.part)]
    }
}
