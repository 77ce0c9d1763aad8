"""Networks in ONNX, run in the thread that asks."""

from pathlib import Path

import onnxruntime

onnxruntime.disable_telemetry_events()  # nobody is told what a robot does


def load_network(path: Path, error: type[Exception]) -> onnxruntime.InferenceSession:
    """Load an ONNX file.

    Each call runs in the thread that makes it; whoever wants more threads makes more calls.

    Raises:
        error: If it cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as mistake:
        # ONNX Runtime raises a family of classes without a public common base.
        raise error(f"{path} cannot be loaded: {mistake}") from mistake
