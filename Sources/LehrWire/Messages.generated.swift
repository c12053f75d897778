// Made by Scripts/generate-protos; do not edit.
package import CLehrWire

/// The messages of `Protos/`, as protobuf-c lays them out.
package enum Wire {
    package typealias JoinRequest = Lehr__V1__JoinRequest
    package typealias JoinResponse = Lehr__V1__JoinResponse
    package typealias KeepAliveRequest = Lehr__V1__KeepAliveRequest
    package typealias KeepAliveResponse = Lehr__V1__KeepAliveResponse
    package typealias LeaveRequest = Lehr__V1__LeaveRequest
    package typealias LeaveResponse = Lehr__V1__LeaveResponse
    package typealias RevokeLeaseRequest = Lehr__V1__RevokeLeaseRequest
    package typealias RevokeLeaseResponse = Lehr__V1__RevokeLeaseResponse
    package typealias ListMembersRequest = Lehr__V1__ListMembersRequest
    package typealias ListMembersResponse = Lehr__V1__ListMembersResponse
    package typealias Member = Lehr__V1__Member
    package typealias GetClusterMapRequest = Lehr__V1__GetClusterMapRequest
    package typealias ClusterMap = Lehr__V1__ClusterMap
    package typealias Table = Lehr__V1__Table
    package typealias TableSpec = Lehr__V1__TableSpec
    package typealias RowStorage = Lehr__V1__RowStorage
    package typealias Initializer = Lehr__V1__Initializer
    package typealias Optimizer = Lehr__V1__Optimizer
    package typealias Schedule = Lehr__V1__Schedule
    package typealias Partition = Lehr__V1__Partition
    package typealias PartitionMove = Lehr__V1__PartitionMove
    package typealias MoveEnd = Lehr__V1__MoveEnd
    package typealias MovePartitionRequest = Lehr__V1__MovePartitionRequest
    package typealias MovePartitionResponse = Lehr__V1__MovePartitionResponse
    package typealias ReportMoveRequest = Lehr__V1__ReportMoveRequest
    package typealias ReportMoveResponse = Lehr__V1__ReportMoveResponse
    package typealias DrainMemberRequest = Lehr__V1__DrainMemberRequest
    package typealias DrainMemberResponse = Lehr__V1__DrainMemberResponse
    package typealias SubmitJobRequest = Lehr__V1__SubmitJobRequest
    package typealias ListJobsRequest = Lehr__V1__ListJobsRequest
    package typealias ListJobsResponse = Lehr__V1__ListJobsResponse
    package typealias GetJobRequest = Lehr__V1__GetJobRequest
    package typealias Job = Lehr__V1__Job
    package typealias AcquireTaskRequest = Lehr__V1__AcquireTaskRequest
    package typealias Task = Lehr__V1__Task
    package typealias ReportTaskRequest = Lehr__V1__ReportTaskRequest
    package typealias ReportTaskResponse = Lehr__V1__ReportTaskResponse
    package typealias PartitionRef = Lehr__V1__PartitionRef
    package typealias TablePull = Lehr__V1__TablePull
    package typealias PullRequest = Lehr__V1__PullRequest
    package typealias TableRows = Lehr__V1__TableRows
    package typealias PullResponse = Lehr__V1__PullResponse
    package typealias PushIdentity = Lehr__V1__PushIdentity
    package typealias TablePush = Lehr__V1__TablePush
    package typealias PushRequest = Lehr__V1__PushRequest
    package typealias PushResponse = Lehr__V1__PushResponse
    package typealias TablePartitions = Lehr__V1__TablePartitions
    package typealias StepRequest = Lehr__V1__StepRequest
    package typealias StepResponse = Lehr__V1__StepResponse
    package typealias ScanRequest = Lehr__V1__ScanRequest
    package typealias ScanChunk = Lehr__V1__ScanChunk
    package typealias FetchPartitionRequest = Lehr__V1__FetchPartitionRequest
    package typealias PartitionChunk = Lehr__V1__PartitionChunk
    package typealias PartitionRecord = Lehr__V1__PartitionRecord
    package typealias AppliedPart = Lehr__V1__AppliedPart
    package typealias PartAttempt = Lehr__V1__PartAttempt
    package typealias GetStatisticsRequest = Lehr__V1__GetStatisticsRequest
    package typealias PartitionStatistics = Lehr__V1__PartitionStatistics
    package typealias MemoryStatistics = Lehr__V1__MemoryStatistics
    package typealias GetStatisticsResponse = Lehr__V1__GetStatisticsResponse

    /// Every one of them.
    package static let all: [any WireMessage.Type] = [
        JoinRequest.self,
        JoinResponse.self,
        KeepAliveRequest.self,
        KeepAliveResponse.self,
        LeaveRequest.self,
        LeaveResponse.self,
        RevokeLeaseRequest.self,
        RevokeLeaseResponse.self,
        ListMembersRequest.self,
        ListMembersResponse.self,
        Member.self,
        GetClusterMapRequest.self,
        ClusterMap.self,
        Table.self,
        TableSpec.self,
        RowStorage.self,
        Initializer.self,
        Optimizer.self,
        Schedule.self,
        Partition.self,
        PartitionMove.self,
        MoveEnd.self,
        MovePartitionRequest.self,
        MovePartitionResponse.self,
        ReportMoveRequest.self,
        ReportMoveResponse.self,
        DrainMemberRequest.self,
        DrainMemberResponse.self,
        SubmitJobRequest.self,
        ListJobsRequest.self,
        ListJobsResponse.self,
        GetJobRequest.self,
        Job.self,
        AcquireTaskRequest.self,
        Task.self,
        ReportTaskRequest.self,
        ReportTaskResponse.self,
        PartitionRef.self,
        TablePull.self,
        PullRequest.self,
        TableRows.self,
        PullResponse.self,
        PushIdentity.self,
        TablePush.self,
        PushRequest.self,
        PushResponse.self,
        TablePartitions.self,
        StepRequest.self,
        StepResponse.self,
        ScanRequest.self,
        ScanChunk.self,
        FetchPartitionRequest.self,
        PartitionChunk.self,
        PartitionRecord.self,
        AppliedPart.self,
        PartAttempt.self,
        GetStatisticsRequest.self,
        PartitionStatistics.self,
        MemoryStatistics.self,
        GetStatisticsResponse.self,
    ]
}

extension Lehr__V1__JoinRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__join_request__get_descriptor()
    }
}

extension Lehr__V1__JoinResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__join_response__get_descriptor()
    }
}

extension Lehr__V1__KeepAliveRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__keep_alive_request__get_descriptor()
    }
}

extension Lehr__V1__KeepAliveResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__keep_alive_response__get_descriptor()
    }
}

extension Lehr__V1__LeaveRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__leave_request__get_descriptor()
    }
}

extension Lehr__V1__LeaveResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__leave_response__get_descriptor()
    }
}

extension Lehr__V1__RevokeLeaseRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__revoke_lease_request__get_descriptor()
    }
}

extension Lehr__V1__RevokeLeaseResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__revoke_lease_response__get_descriptor()
    }
}

extension Lehr__V1__ListMembersRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__list_members_request__get_descriptor()
    }
}

extension Lehr__V1__ListMembersResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__list_members_response__get_descriptor()
    }
}

extension Lehr__V1__Member: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__member__get_descriptor()
    }
}

extension Lehr__V1__GetClusterMapRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__get_cluster_map_request__get_descriptor()
    }
}

extension Lehr__V1__ClusterMap: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__cluster_map__get_descriptor()
    }
}

extension Lehr__V1__Table: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__table__get_descriptor()
    }
}

extension Lehr__V1__TableSpec: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__table_spec__get_descriptor()
    }
}

extension Lehr__V1__RowStorage: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__row_storage__get_descriptor()
    }
}

extension Lehr__V1__Initializer: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__initializer__get_descriptor()
    }
}

extension Lehr__V1__Optimizer: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__optimizer__get_descriptor()
    }
}

extension Lehr__V1__Schedule: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__schedule__get_descriptor()
    }
}

extension Lehr__V1__Partition: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__partition__get_descriptor()
    }
}

extension Lehr__V1__PartitionMove: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__partition_move__get_descriptor()
    }
}

extension Lehr__V1__MoveEnd: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__move_end__get_descriptor()
    }
}

extension Lehr__V1__MovePartitionRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__move_partition_request__get_descriptor()
    }
}

extension Lehr__V1__MovePartitionResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__move_partition_response__get_descriptor()
    }
}

extension Lehr__V1__ReportMoveRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__report_move_request__get_descriptor()
    }
}

extension Lehr__V1__ReportMoveResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__report_move_response__get_descriptor()
    }
}

extension Lehr__V1__DrainMemberRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__drain_member_request__get_descriptor()
    }
}

extension Lehr__V1__DrainMemberResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__drain_member_response__get_descriptor()
    }
}

extension Lehr__V1__SubmitJobRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__submit_job_request__get_descriptor()
    }
}

extension Lehr__V1__ListJobsRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__list_jobs_request__get_descriptor()
    }
}

extension Lehr__V1__ListJobsResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__list_jobs_response__get_descriptor()
    }
}

extension Lehr__V1__GetJobRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__get_job_request__get_descriptor()
    }
}

extension Lehr__V1__Job: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__job__get_descriptor()
    }
}

extension Lehr__V1__AcquireTaskRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__acquire_task_request__get_descriptor()
    }
}

extension Lehr__V1__Task: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__task__get_descriptor()
    }
}

extension Lehr__V1__ReportTaskRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__report_task_request__get_descriptor()
    }
}

extension Lehr__V1__ReportTaskResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__report_task_response__get_descriptor()
    }
}

extension Lehr__V1__PartitionRef: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__partition_ref__get_descriptor()
    }
}

extension Lehr__V1__TablePull: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__table_pull__get_descriptor()
    }
}

extension Lehr__V1__PullRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__pull_request__get_descriptor()
    }
}

extension Lehr__V1__TableRows: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__table_rows__get_descriptor()
    }
}

extension Lehr__V1__PullResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__pull_response__get_descriptor()
    }
}

extension Lehr__V1__PushIdentity: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__push_identity__get_descriptor()
    }
}

extension Lehr__V1__TablePush: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__table_push__get_descriptor()
    }
}

extension Lehr__V1__PushRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__push_request__get_descriptor()
    }
}

extension Lehr__V1__PushResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__push_response__get_descriptor()
    }
}

extension Lehr__V1__TablePartitions: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__table_partitions__get_descriptor()
    }
}

extension Lehr__V1__StepRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__step_request__get_descriptor()
    }
}

extension Lehr__V1__StepResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__step_response__get_descriptor()
    }
}

extension Lehr__V1__ScanRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__scan_request__get_descriptor()
    }
}

extension Lehr__V1__ScanChunk: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__scan_chunk__get_descriptor()
    }
}

extension Lehr__V1__FetchPartitionRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__fetch_partition_request__get_descriptor()
    }
}

extension Lehr__V1__PartitionChunk: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__partition_chunk__get_descriptor()
    }
}

extension Lehr__V1__PartitionRecord: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__partition_record__get_descriptor()
    }
}

extension Lehr__V1__AppliedPart: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__applied_part__get_descriptor()
    }
}

extension Lehr__V1__PartAttempt: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__part_attempt__get_descriptor()
    }
}

extension Lehr__V1__GetStatisticsRequest: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__get_statistics_request__get_descriptor()
    }
}

extension Lehr__V1__PartitionStatistics: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__partition_statistics__get_descriptor()
    }
}

extension Lehr__V1__MemoryStatistics: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__memory_statistics__get_descriptor()
    }
}

extension Lehr__V1__GetStatisticsResponse: WireMessage {
    package static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        lehr__v1__get_statistics_response__get_descriptor()
    }
}
