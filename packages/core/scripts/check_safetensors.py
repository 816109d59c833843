"""Reads files with Python's safetensors and prints, one JSON line a tensor, what it found.

python check_safetensors.py FILE...   (exit code 1 if a file cannot be read or has no tensor)
"""

import hashlib
import json
import sys

from safetensors import safe_open

if len(sys.argv) < 2:
    sys.exit(__doc__)
for path in sys.argv[1:]:
    with safe_open(path, framework="numpy") as file:
        names = sorted(file.keys())
        if not names:
            sys.exit(f"{path} has no tensor")
        for name in names:
            tensor = file.get_tensor(name)
            line = {"file": path, "name": name, "shape": list(tensor.shape), "dtype": str(tensor.dtype)}
            print(json.dumps(line | {"sha256": hashlib.sha256(tensor.tobytes()).hexdigest()}))
