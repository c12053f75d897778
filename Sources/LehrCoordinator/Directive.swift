package import LehrCore

/// What the instance asks its shell to do after a decision, in order.
package enum Directive: Equatable {
    /// Make durable before anything below is done or anybody is answered.
    case save(StateRecord)
    /// Tell those who watch the cluster map.
    case publishMap
    /// Tell those who watch this job.
    case publishJob(JobID)
    /// Some worker that waits for a task may get one now.
    case offerTasks
}
