import LehrCluster

/// A task under way. Lives on the worker's core.
protocol WorkerTask: AnyObject {
    /// How far it is; `isDone` or `failure` are set at its end.
    var report: TaskReport { get }
    /// Called once, at the end, unless it was cancelled.
    var onEnd: (() -> Void)? { get set }
    func start()
    /// Stops; nothing more is sent.
    func cancel()
}
