"""Makes every committed fixture again and compares it with the committed bytes.

A fixture is made by the script beside it: `python make_x.py OUT_DIR` or `node make_x.mjs OUT_DIR` writes the same file names
into OUT_DIR. A script for Node uses the packages as they were built last (`npm run build`).
JSON is compared by value, floats to 1e-6 relative (BLAS builds differ in the last bits); other files byte for byte.
"""
import concurrent.futures
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def close(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b))
    if isinstance(a, float) or isinstance(b, float):
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
    return a == b


def same(made, committed):
    if made.suffix == '.json':
        return close(json.loads(made.read_text()), json.loads(committed.read_text()))
    return made.read_bytes() == committed.read_bytes()


INTERPRETERS = {'.py': sys.executable, '.mjs': 'node'}

scripts = [s for s in sorted(ROOT.glob('*/*/**/make_*')) if s.suffix in INTERPRETERS and 'node_modules' not in s.parts]
missing = INTERPRETERS.keys() - {s.suffix for s in scripts}
if missing:
    sys.exit(f"no make_*{', no make_*'.join(sorted(missing))} found: the oracles are missing")


def compare(script):
    """Runs a script; pairs of a committed file and whether it is as made."""
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([INTERPRETERS[script.suffix], str(script), out], check=True)
        made = [f for f in sorted(pathlib.Path(out).rglob('*')) if f.is_file()]
        if not made:
            sys.exit(f'{script.relative_to(ROOT)} made nothing')
        committed = [script.parent / file.relative_to(out) for file in made]
        return [(theirs, theirs.exists() and same(ours, theirs)) for ours, theirs in zip(made, committed)]


bad = 0
# A script a core.
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for files in pool.map(compare, scripts):
        for file, ok in files:
            bad += not ok
            print(f"{'same     ' if ok else 'DIFFERENT'} {file.relative_to(ROOT)}", flush=True)
sys.exit(1 if bad else 0)
