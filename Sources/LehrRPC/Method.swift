package import LehrWire

/// A remote method with the types of its messages.
package struct Method<Request: WireMessage, Response: WireMessage>: Sendable {
    /// `/package.Service/Method`.
    package let path: String

    package init(_ path: String) { self.path = path }
}

/// The methods of `lehr.v1.Coordinator`.
package enum CoordinatorMethods {
    private static func method<Q, P>(_ name: String) -> Method<Q, P> {
        Method("/lehr.v1.Coordinator/" + name)
    }

    package static let join: Method<Wire.JoinRequest, Wire.JoinResponse> = method("Join")
    package static let keepAlive: Method<Wire.KeepAliveRequest, Wire.KeepAliveResponse> =
        method("KeepAlive")
    package static let leave: Method<Wire.LeaveRequest, Wire.LeaveResponse> = method("Leave")
    package static let listMembers: Method<Wire.ListMembersRequest, Wire.ListMembersResponse> =
        method("ListMembers")
    package static let revokeLease: Method<Wire.RevokeLeaseRequest, Wire.RevokeLeaseResponse> =
        method("RevokeLease")
    package static let movePartition:
        Method<Wire.MovePartitionRequest, Wire.MovePartitionResponse> = method("MovePartition")
    package static let reportMove: Method<Wire.ReportMoveRequest, Wire.ReportMoveResponse> =
        method("ReportMove")
    package static let drainMember: Method<Wire.DrainMemberRequest, Wire.DrainMemberResponse> =
        method("DrainMember")
    package static let getClusterMap: Method<Wire.GetClusterMapRequest, Wire.ClusterMap> =
        method("GetClusterMap")
    package static let watchClusterMap: Method<Wire.GetClusterMapRequest, Wire.ClusterMap> =
        method("WatchClusterMap")
    package static let submitJob: Method<Wire.SubmitJobRequest, Wire.Job> = method("SubmitJob")
    package static let listJobs: Method<Wire.ListJobsRequest, Wire.ListJobsResponse> =
        method("ListJobs")
    package static let getJob: Method<Wire.GetJobRequest, Wire.Job> = method("GetJob")
    package static let watchJob: Method<Wire.GetJobRequest, Wire.Job> = method("WatchJob")
    package static let stopJob: Method<Wire.GetJobRequest, Wire.Job> = method("StopJob")
    package static let acquireTask: Method<Wire.AcquireTaskRequest, Wire.Task> =
        method("AcquireTask")
    package static let reportTask: Method<Wire.ReportTaskRequest, Wire.ReportTaskResponse> =
        method("ReportTask")
}

/// The methods of `lehr.v1.Shard`.
package enum ShardMethods {
    private static func method<Q, P>(_ name: String) -> Method<Q, P> {
        Method("/lehr.v1.Shard/" + name)
    }

    package static let pull: Method<Wire.PullRequest, Wire.PullResponse> = method("Pull")
    package static let push: Method<Wire.PushRequest, Wire.PushResponse> = method("Push")
    package static let inquireStep: Method<Wire.StepRequest, Wire.StepResponse> =
        method("InquireStep")
    package static let commitStep: Method<Wire.StepRequest, Wire.StepResponse> =
        method("CommitStep")
    package static let abortStep: Method<Wire.StepRequest, Wire.StepResponse> =
        method("AbortStep")
    package static let scan: Method<Wire.ScanRequest, Wire.ScanChunk> = method("Scan")
    package static let fetchPartition: Method<Wire.FetchPartitionRequest, Wire.PartitionChunk> =
        method("FetchPartition")
    package static let getStatistics:
        Method<Wire.GetStatisticsRequest, Wire.GetStatisticsResponse> = method("GetStatistics")
}
