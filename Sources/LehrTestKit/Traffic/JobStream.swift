import LehrCluster
import LehrCore
import LehrRPC

/// Submits one job after another, as a person would: again when there is no answer, and the next when
/// one has ended.
final class JobStream {
    private unowned let cluster: ClusterSandbox
    private let spec: String
    /// Jobs whose submission was answered, in order, with when it was sent.
    private(set) var jobs: [(id: JobID, sent: Instant)] = []
    private var isBusy = false

    private static let pause = Duration.milliseconds(100)

    init(_ cluster: ClusterSandbox, spec: String) {
        self.cluster = cluster
        self.spec = spec
    }

    /// Looks again and again whether the next job is due.
    func start() {
        proceed()
        cluster.time.schedule(at: cluster.time.now + Self.pause) { [weak self] in self?.start() }
    }

    /// Submits the next job if none is on its way and the last one has ended.
    private func proceed() {
        guard !isBusy else { return }
        if let last = jobs.last, cluster.status(of: last.id)?.state.hasEnded != true { return }
        isBusy = true
        let sent = cluster.time.now
        cluster.submit(spec) { [weak self] result in
            guard let self else { return }
            isBusy = false
            if case .success(let job) = result { jobs.append((job, sent)) }
        }
    }

    /// Whether a job that was submitted after `moment` is complete.
    func hasCompleted(since moment: Instant) -> Bool {
        guard let last = jobs.last(where: { $0.sent >= moment }) else { return false }
        return cluster.status(of: last.id)?.state == .completed
    }
}
