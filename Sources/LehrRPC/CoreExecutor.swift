/// Runs the jobs of Swift's tasks on a core, so that an `async` handler stays on the core that read
/// its request: between two suspensions it runs to completion there, as any other work.
///
/// Prefer it for a task (`executorPreference`); without it every suspension would lead through the
/// global pool, at several microseconds each way.
package final class CoreExecutor: TaskExecutor, @unchecked Sendable {
    // Unchecked: `core` is used on its own thread only, but for the question which thread that is.
    private unowned let core: any Core
    private let mailbox: any Mailbox

    package init(_ core: any Core) {
        self.core = core
        mailbox = core.mailbox
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if core.isCurrent {
            core.post { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        } else {
            // A core that has ended runs nothing any more: the task stays where it is, and with it
            // what it holds, as do the other pieces of work that its core had before it.
            mailbox.post { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
}
