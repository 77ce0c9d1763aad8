"""JEPA: encoder, predictor, heads, objective, export and the ONNX runtime."""
