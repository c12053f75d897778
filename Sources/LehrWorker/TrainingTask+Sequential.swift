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
            case .success(true): rollForward(number)
            case .success(false): drop(number)
            case .failure(let error): fail(error)
            }
        }
    }

    /// Commits what a predecessor has staged: the same keys, whoever prepares the batch.
    private func rollForward(_ number: UInt64) {
        guard let batch = prepare(number) else { return }
        operations[number] = environment.client.step(
            .commit, identity(of: number), touching: keys(of: batch)
        ) { [self] result in
            guard isActive else { return }
            if case .failure(let error) = result { return fail(error) }
            noteRecovered(number)
            recover()
        }
    }

    private func drop(_ number: UInt64) {
        operations[number] = environment.client.step(.abort, identity(of: number)) {
            [self] result in
            guard isActive else { return }
            if case .failure(let error) = result { return fail(error) }
            pump()
        }
    }

    /// Stages a step everywhere, then commits it everywhere.
    func commit(_ number: UInt64, _ pushes: [TableClient.Push], _ slot: BatchSlot) {
        let identity = identity(of: number)
        operations[number] = environment.client.push(pushes, identity, staged: true) {
            [self] error in
            guard isActive else { return }
            if let error { return fail(error) }
            operations[number] = environment.client.step(
                .commit, identity, touching: pushes.map { ($0.table, $0.keys) }
            ) { [self] result in
                guard isActive else { return }
                if case .failure(let error) = result { return fail(error) }
                finished(number, slot)
            }
        }
    }
}
