"""Passes every model of a folder through the ONNX checker, with shape inference. Usage: check_onnx.py DIR"""
import pathlib
import sys

import onnx

files = sorted(pathlib.Path(sys.argv[1]).glob('*.onnx'))
if not files:
    sys.exit(f'no .onnx files in {sys.argv[1]}: nothing was checked')
for file in files:
    model = onnx.load(file)
    # Microsoft's ops are not in the checker's registry; data propagation and strict mode need all ops known.
    known = all(node.domain == '' for node in model.graph.node)
    onnx.checker.check_model(model, full_check=known)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=known)
    print(f'{file.name}: {len(model.graph.node)} nodes, opset {[o.version for o in model.opset_import]} is a valid model')
