"""Serves gRPC's TestService until killed; writes its port to the file sys.argv[1]."""
import os, sys, time
from concurrent import futures
import grpc
from stubs import pb, rpc


def check(request, context):
    if request.response_status.code:
        context.set_trailing_metadata(())
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[request.response_status.code], request.response_status.message)


def echo_metadata(context):
    metadata = dict(context.invocation_metadata())
    if "x-grpc-test-echo-initial" in metadata:
        context.send_initial_metadata(
            (("x-grpc-test-echo-initial", metadata["x-grpc-test-echo-initial"]),))
    if "x-grpc-test-echo-trailing-bin" in metadata:
        context.set_trailing_metadata(
            (("x-grpc-test-echo-trailing-bin", metadata["x-grpc-test-echo-trailing-bin"]),))


def outputs(request):
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        yield pb.StreamingOutputCallResponse(payload=pb.Payload(body=bytes(parameters.size)))


class Service(rpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        return pb.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        check(request, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))

    def StreamingOutputCall(self, request, context):
        if any(parameters.compressed.value for parameters in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        yield from outputs(request)

    def StreamingInputCall(self, requests, context):
        return pb.StreamingInputCallResponse(
            aggregated_payload_size=sum(len(request.payload.body) for request in requests))

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            check(request, context)
            yield from outputs(request)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
rpc.add_TestServiceServicer_to_server(Service(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(port))
os.rename(sys.argv[1] + ".part", sys.argv[1])
server.wait_for_termination(60)
