import LehrCluster

/// A task under way. Lives on the worker's core.
protocol WorkerTask: AnyObject {
    /// How far it is. At its end `isDone` or `failure` is set; neither when it has to be left to
    /// the next attempt.
    var report: TaskReport { get }
    /// Called once, at the end, unless it was cancelled.
    var onEnd: (() -> Void)? { get set }
    /// Whether what it has done may have been lost, so that the task has to be leased anew.
    var isOutdated: Bool { get }
    func start()
    /// Stops; nothing more is sent.
    func cancel()
}
