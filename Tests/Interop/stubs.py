"""Makes grpcio's code for testing.proto, in a temporary directory, and imports it."""
import importlib, pathlib, sys, tempfile
from grpc_tools import protoc

_out = tempfile.TemporaryDirectory()
_here = pathlib.Path(__file__).parent
if protoc.main(["", f"-I{_here}", f"--python_out={_out.name}", f"--grpc_python_out={_out.name}",
                "testing.proto"]):
    raise SystemExit("cannot compile testing.proto")
sys.path.insert(0, _out.name)
pb = importlib.import_module("testing_pb2")
rpc = importlib.import_module("testing_pb2_grpc")
