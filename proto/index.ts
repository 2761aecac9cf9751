// Every message and service of the three packages, and the health protocol; "./grpc" holds the adapter to grpc-js.
export {
  Health,
  type HealthCheckRequest,
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "./gen/grpc/health/v1/health_pb.ts";
export * from "./gen/windlass/internal/v1/due_service_pb.ts";
export * from "./gen/windlass/internal/v1/execution_service_pb.ts";
export * from "./gen/windlass/internal/v1/lease_pb.ts";
export * from "./gen/windlass/internal/v1/lease_service_pb.ts";
export * from "./gen/windlass/internal/v1/queue_state_service_pb.ts";
export * from "./gen/windlass/internal/v1/run_queue_service_pb.ts";
export * from "./gen/windlass/v1/batch_service_pb.ts";
export * from "./gen/windlass/v1/bundle_pb.ts";
export * from "./gen/windlass/v1/call_error_pb.ts";
export * from "./gen/windlass/v1/content_pb.ts";
export * from "./gen/windlass/v1/deployment_pb.ts";
export * from "./gen/windlass/v1/deployment_service_pb.ts";
export * from "./gen/windlass/v1/environment_pb.ts";
export * from "./gen/windlass/v1/environment_service_pb.ts";
export * from "./gen/windlass/v1/error_reason_pb.ts";
export * from "./gen/windlass/v1/hook_result_pb.ts";
export * from "./gen/windlass/v1/run_error_pb.ts";
export * from "./gen/windlass/v1/run_event_pb.ts";
export * from "./gen/windlass/v1/queue_pb.ts";
export * from "./gen/windlass/v1/queue_service_pb.ts";
export * from "./gen/windlass/v1/run_pb.ts";
export * from "./gen/windlass/v1/run_options_pb.ts";
export * from "./gen/windlass/v1/run_service_pb.ts";
export * from "./gen/windlass/v1/run_update_pb.ts";
export * from "./gen/windlass/v1/schedule_pb.ts";
export * from "./gen/windlass/v1/schedule_service_pb.ts";
export * from "./gen/windlass/v1/supervisor_pb.ts";
export * from "./gen/windlass/v1/supervisor_service_pb.ts";
export * from "./gen/windlass/v1/task_service_pb.ts";
export * from "./gen/windlass/v1/wait_pb.ts";
export * from "./gen/windlass/v1/waitpoint_service_pb.ts";
export * from "./gen/windlass/worker/v1/worker_service_pb.ts";
