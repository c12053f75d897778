// Made by Scripts/generate-protos; do not edit.
#pragma once

#include "lehr/v1/coordinator.pb-c.h"
#include "lehr/v1/format.pb-c.h"
#include "lehr/v1/shard.pb-c.h"

static inline const ProtobufCMessageDescriptor *lehr__v1__join_request__get_descriptor(void) {
    return &lehr__v1__join_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__join_response__get_descriptor(void) {
    return &lehr__v1__join_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__keep_alive_request__get_descriptor(void) {
    return &lehr__v1__keep_alive_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__keep_alive_response__get_descriptor(void) {
    return &lehr__v1__keep_alive_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__leave_request__get_descriptor(void) {
    return &lehr__v1__leave_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__leave_response__get_descriptor(void) {
    return &lehr__v1__leave_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__revoke_lease_request__get_descriptor(void) {
    return &lehr__v1__revoke_lease_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__revoke_lease_response__get_descriptor(void) {
    return &lehr__v1__revoke_lease_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__list_members_request__get_descriptor(void) {
    return &lehr__v1__list_members_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__list_members_response__get_descriptor(void) {
    return &lehr__v1__list_members_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__member__get_descriptor(void) {
    return &lehr__v1__member__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__get_cluster_map_request__get_descriptor(void) {
    return &lehr__v1__get_cluster_map_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__cluster_map__get_descriptor(void) {
    return &lehr__v1__cluster_map__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__table__get_descriptor(void) {
    return &lehr__v1__table__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__table_spec__get_descriptor(void) {
    return &lehr__v1__table_spec__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__row_storage__get_descriptor(void) {
    return &lehr__v1__row_storage__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__initializer__get_descriptor(void) {
    return &lehr__v1__initializer__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__optimizer__get_descriptor(void) {
    return &lehr__v1__optimizer__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__schedule__get_descriptor(void) {
    return &lehr__v1__schedule__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__partition__get_descriptor(void) {
    return &lehr__v1__partition__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__partition_move__get_descriptor(void) {
    return &lehr__v1__partition_move__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__move_end__get_descriptor(void) {
    return &lehr__v1__move_end__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__move_partition_request__get_descriptor(void) {
    return &lehr__v1__move_partition_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__move_partition_response__get_descriptor(void) {
    return &lehr__v1__move_partition_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__report_move_request__get_descriptor(void) {
    return &lehr__v1__report_move_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__report_move_response__get_descriptor(void) {
    return &lehr__v1__report_move_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__drain_member_request__get_descriptor(void) {
    return &lehr__v1__drain_member_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__drain_member_response__get_descriptor(void) {
    return &lehr__v1__drain_member_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__submit_job_request__get_descriptor(void) {
    return &lehr__v1__submit_job_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__list_jobs_request__get_descriptor(void) {
    return &lehr__v1__list_jobs_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__list_jobs_response__get_descriptor(void) {
    return &lehr__v1__list_jobs_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__get_job_request__get_descriptor(void) {
    return &lehr__v1__get_job_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__job__get_descriptor(void) {
    return &lehr__v1__job__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__acquire_task_request__get_descriptor(void) {
    return &lehr__v1__acquire_task_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__task__get_descriptor(void) {
    return &lehr__v1__task__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__report_task_request__get_descriptor(void) {
    return &lehr__v1__report_task_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__report_task_response__get_descriptor(void) {
    return &lehr__v1__report_task_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__partition_ref__get_descriptor(void) {
    return &lehr__v1__partition_ref__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__table_pull__get_descriptor(void) {
    return &lehr__v1__table_pull__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__pull_request__get_descriptor(void) {
    return &lehr__v1__pull_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__table_rows__get_descriptor(void) {
    return &lehr__v1__table_rows__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__pull_response__get_descriptor(void) {
    return &lehr__v1__pull_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__push_identity__get_descriptor(void) {
    return &lehr__v1__push_identity__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__table_push__get_descriptor(void) {
    return &lehr__v1__table_push__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__push_request__get_descriptor(void) {
    return &lehr__v1__push_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__push_response__get_descriptor(void) {
    return &lehr__v1__push_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__table_partitions__get_descriptor(void) {
    return &lehr__v1__table_partitions__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__step_request__get_descriptor(void) {
    return &lehr__v1__step_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__step_response__get_descriptor(void) {
    return &lehr__v1__step_response__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__scan_request__get_descriptor(void) {
    return &lehr__v1__scan_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__scan_chunk__get_descriptor(void) {
    return &lehr__v1__scan_chunk__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__fetch_partition_request__get_descriptor(void) {
    return &lehr__v1__fetch_partition_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__partition_chunk__get_descriptor(void) {
    return &lehr__v1__partition_chunk__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__partition_record__get_descriptor(void) {
    return &lehr__v1__partition_record__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__applied_part__get_descriptor(void) {
    return &lehr__v1__applied_part__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__part_attempt__get_descriptor(void) {
    return &lehr__v1__part_attempt__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__get_statistics_request__get_descriptor(void) {
    return &lehr__v1__get_statistics_request__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__partition_statistics__get_descriptor(void) {
    return &lehr__v1__partition_statistics__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__memory_statistics__get_descriptor(void) {
    return &lehr__v1__memory_statistics__descriptor;
}
static inline const ProtobufCMessageDescriptor *lehr__v1__get_statistics_response__get_descriptor(void) {
    return &lehr__v1__get_statistics_response__descriptor;
}

#include <stddef.h>
/* The encoded FileDescriptorSet of Protos/, and its size. */
const unsigned char *lehr_descriptor_set(size_t *count);
