"""Drives a TestService at sys.argv[1] through cases of the gRPC interop suite."""
import itertools, sys, threading, time
import grpc
from stubs import pb, rpc

channel = grpc.insecure_channel(
    sys.argv[1], options=[("grpc.max_receive_message_length", 64 << 20)])
stub = rpc.TestServiceStub(channel)
WAIT = 20
SIZES = [31415, 9, 2653, 58979]
REQUESTS = [27182, 8, 1828, 45904]


def payload(size):
    return pb.Payload(body=bytes(size))


def output_request(*sizes, request=0):
    return pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=size) for size in sizes],
        payload=payload(request))


def fails(code, call, details=None):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        assert details is None or error.details() == details, error.details()
    else:
        raise AssertionError(f"no error, but {code} was expected")


def empty_unary():
    assert stub.EmptyCall(pb.Empty(), timeout=WAIT) == pb.Empty()


def large_unary():
    answer = stub.UnaryCall(
        pb.SimpleRequest(response_size=314159, payload=payload(271828)), timeout=WAIT)
    assert answer.payload.body == bytes(314159)


def client_streaming():
    requests = (pb.StreamingInputCallRequest(payload=payload(size)) for size in REQUESTS)
    answer = stub.StreamingInputCall(requests, timeout=WAIT)
    assert answer.aggregated_payload_size == 74922


def server_streaming():
    answers = stub.StreamingOutputCall(output_request(*SIZES), timeout=WAIT)
    assert [len(answer.payload.body) for answer in answers] == SIZES


def ping_pong():
    turn = threading.Semaphore(1)

    def requests():
        for size, request in zip(SIZES, REQUESTS):
            assert turn.acquire(timeout=WAIT)
            yield output_request(size, request=request)

    seen = []
    for answer in stub.FullDuplexCall(requests(), timeout=WAIT):
        seen.append(len(answer.payload.body))
        turn.release()
    assert seen == SIZES


def empty_stream():
    assert list(stub.FullDuplexCall(iter(()), timeout=WAIT)) == []


def custom_metadata():
    metadata = (("x-grpc-test-echo-initial", "test_initial_metadata_value"),
                ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))

    def check(call):
        assert metadata[0] in [tuple(entry) for entry in call.initial_metadata()]
        assert metadata[1] in [tuple(entry) for entry in call.trailing_metadata()]

    request = pb.SimpleRequest(response_size=314159, payload=payload(271828))
    answer, call = stub.UnaryCall.with_call(request, metadata=metadata, timeout=WAIT)
    assert len(answer.payload.body) == 314159
    check(call)
    call = stub.FullDuplexCall(
        iter([output_request(314159, request=271828)]), metadata=metadata, timeout=WAIT)
    assert len(list(call)) == 1
    check(call)


def status_code_and_message():
    status = pb.EchoStatus(code=2, message="test status message")
    fails(grpc.StatusCode.UNKNOWN,
          lambda: stub.UnaryCall(pb.SimpleRequest(response_status=status), timeout=WAIT),
          status.message)
    request = pb.StreamingOutputCallRequest(response_status=status)
    fails(grpc.StatusCode.UNKNOWN,
          lambda: list(stub.FullDuplexCall(iter([request]), timeout=WAIT)), status.message)


def special_status_message():
    message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    status = pb.EchoStatus(code=2, message=message)
    fails(grpc.StatusCode.UNKNOWN,
          lambda: stub.UnaryCall(pb.SimpleRequest(response_status=status), timeout=WAIT), message)


def unimplemented_method():
    fails(grpc.StatusCode.UNIMPLEMENTED,
          lambda: stub.UnimplementedCall(pb.Empty(), timeout=WAIT))


def unimplemented_service():
    other = rpc.UnimplementedServiceStub(channel)
    fails(grpc.StatusCode.UNIMPLEMENTED,
          lambda: other.UnimplementedCall(pb.Empty(), timeout=WAIT))


def cancel_after_begin():
    gate = threading.Event()

    def requests():
        gate.wait(WAIT)
        yield from ()

    call = stub.StreamingInputCall.future(requests(), timeout=WAIT)
    call.cancel()
    assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED
    gate.set()


def cancel_after_first_response():
    gate = threading.Event()

    def requests():
        yield output_request(31415, request=27182)
        gate.wait(WAIT)

    call = stub.FullDuplexCall(requests(), timeout=WAIT)
    assert len(next(call).payload.body) == 31415
    call.cancel()
    fails(grpc.StatusCode.CANCELLED, lambda: next(call))
    gate.set()


def timeout_on_sleeping_server():
    gate = threading.Event()

    def requests():
        yield output_request(request=27182)
        gate.wait(WAIT)

    call = stub.FullDuplexCall(requests(), timeout=0.05)
    fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(call))
    gate.set()


def client_compressed_unary():
    for compression in grpc.Compression.Gzip, grpc.Compression.NoCompression:
        request = pb.SimpleRequest(response_size=314159, payload=payload(271828))
        request.expect_compressed.value = compression == grpc.Compression.Gzip
        answer = stub.UnaryCall(request, compression=compression, timeout=WAIT)
        assert answer.payload.body == bytes(314159)
    # zlib's own format is not taken.
    fails(grpc.StatusCode.UNIMPLEMENTED,
          lambda: stub.UnaryCall(request, compression=grpc.Compression.Deflate, timeout=WAIT))


def server_compressed_unary():
    for compressed in True, False:
        request = pb.SimpleRequest(response_size=314159, payload=payload(271828))
        request.response_compressed.value = compressed
        assert stub.UnaryCall(request, timeout=WAIT).payload.body == bytes(314159)


def server_compressed_streaming():
    request = output_request(31415, 92653)
    request.response_parameters[0].compressed.value = True
    answers = stub.StreamingOutputCall(request, timeout=WAIT)
    assert [len(answer.payload.body) for answer in answers] == [31415, 92653]


def slow_reader():
    """Not of the suite: 64 MiB that are read with pauses."""
    call = stub.StreamingOutputCall(output_request(*[1 << 20] * 64), timeout=60)
    time.sleep(0.5)
    assert sum(len(answer.payload.body) for answer in call) == 64 << 20


def large_upload():
    """Not of the suite: more than a window."""
    requests = itertools.repeat(pb.StreamingInputCallRequest(payload=payload(1 << 20)), 64)
    assert stub.StreamingInputCall(requests, timeout=60).aggregated_payload_size == 64 << 20


CASES = [empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream,
         custom_metadata,
         status_code_and_message, special_status_message, unimplemented_method,
         unimplemented_service, cancel_after_begin, cancel_after_first_response,
         timeout_on_sleeping_server, slow_reader, large_upload, server_compressed_unary,
         server_compressed_streaming]
# A server built without zlib takes no compressed requests.
if "--gzip" in sys.argv:
    CASES.append(client_compressed_unary)
failed = 0
for case in CASES:
    try:
        case()
    except Exception as error:
        failed += 1
        print(f"FAILED {case.__name__}: {error!r}", flush=True)
print(f"{len(CASES) - failed} of {len(CASES)} interop cases passed", flush=True)
sys.exit(1 if failed else 0)
