import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrWeb

/// A client that asks each serving process at intervals, over links as messages take; who is not
/// there is not asked.
final class ServingTraffic {
    private unowned let cluster: ClusterSandbox
    private let models: ServedModels
    private var random: RandomSource
    /// When the last answer of each process arrived.
    private(set) var lastAnswers: [String: Instant] = [:]

    private static let pause = Duration.milliseconds(100)

    init(_ cluster: ClusterSandbox, _ models: ServedModels, seed: UInt64) {
        self.cluster = cluster
        self.models = models
        random = RandomSource(seed: seed)
    }

    func start() {
        for name in Set(cluster.serving.map(\.name)).sorted() { ask(name) }
        cluster.time.schedule(at: cluster.time.now + Self.pause) { [weak self] in self?.start() }
    }

    private func ask(_ name: String) {
        let question = models.questions[random.below(models.questions.count)]
        send(from: "client", to: name) { [weak self] in
            guard let process = self?.cluster.serving.last(where: { $0.name == name }) else {
                return
            }
            // A process that hangs answers when it goes on, a dead one never.
            process.core.post { [weak self] in self?.answer(question, by: process) }
        }
    }

    private func answer(_ question: ServedModels.Question, by process: SandboxServing) {
        let answer = process.answer(question.request)
        cluster.tell(
            .served(
                Sighting.Answer(
                    serving: process.name, life: process.agent.lease?.incarnation,
                    status: answer.status, isExpected: answer.body == question.expected)))
        send(from: process.name, to: "client") { [weak self] in
            guard let self else { return }
            lastAnswers[process.name] = cluster.time.now
        }
    }

    private func send(
        from source: String, to target: String, _ arrive: @escaping () -> Void
    ) {
        let delay = cluster.links.delay(source, target)
        cluster.time.schedule(at: cluster.time.now + delay, arrive)
    }

    /// Whether every process has answered what was asked since, and is in the cluster again.
    func isWell(since moment: Instant) -> Bool {
        let members = Set(cluster.members(.serving).map(\.name))
        return cluster.serving.allSatisfy { process in
            members.contains(process.name)
                && lastAnswers[process.name].map { $0 > moment } ?? false
        }
    }
}
