import LehrCluster

/// Sequential mode: each step is staged on every owner that it touches, then committed on all of them
/// (`StepLedger` has the protocol). A worker that takes over a part first finds out where it stands.
extension TrainingTask {
    /// Rolls forward what a predecessor had decided to commit and drops what it had not, then trains.
    func recover() {
        let number = settledFloor
        guard isActive, number < report.batches else { return pump() }
        operations[number] = environment.client.step(.inquire, identity(of: number)) {
            [self] result in
            guard isActive else { return }
            switch result {
            case .success(true): finish(number, by: .commit) { [self] in recover() }
            case .success(false): finish(number, by: .abort) { [self] in pump() }
            case .failure(let error): fail(error)
            }
        }
    }

    private func finish(
        _ number: UInt64, by command: TableClient.StepCommand, _ next: @escaping () -> Void
    ) {
        operations[number] = environment.client.step(command, identity(of: number)) {
            [self] result in
            guard isActive else { return }
            if case .failure(let error) = result { return fail(error) }
            if case .commit = command { noteRecovered(number) }
            next()
        }
    }

    /// Stages a step everywhere, then commits it everywhere.
    func commit(_ number: UInt64, _ pushes: [TableClient.Push], _ slot: BatchSlot) {
        let identity = identity(of: number)
        operations[number] = environment.client.push(pushes, identity, staged: true) {
            [self] error in
            guard isActive else { return }
            if let error { return fail(error) }
            operations[number] = environment.client.step(.commit, identity) { [self] result in
                guard isActive else { return }
                if case .failure(let error) = result { return fail(error) }
                finished(number, slot)
            }
        }
    }
}
