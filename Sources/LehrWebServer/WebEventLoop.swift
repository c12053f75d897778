import NIOCore
import NIOPosix

/// The one thread on which all HTTP doors of a process run, and its task executor.
///
/// It starts with the first door and lives as long as the process, like SwiftNIO's own singletons:
/// several doors in one process share it.
final class WebEventLoop: TaskExecutor {
    static let shared = WebEventLoop()

    let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop

    private init() {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
    }

    /// Runs a task's next piece on the event loop, so that a request never changes threads.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
