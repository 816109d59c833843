"""Reads `tickets claims --json` from standard input and checks its shape and that every claim that smoke runs has a verdict."""
import json
import sys

FIELDS = {'id', 'title', 'verdict', 'profile', 'seeds', 'effect', 'low', 'high', 'unit', 'paper', 'evidence'}
WANTED = {'LTH-1', 'LTH-2', 'LTH-3', 'LTH-4', 'LTH-5', 'LTH-6', 'LTH-14', 'LTH-15', 'SNIP-7', 'GRASP-3',
          'GRASP-4', 'SF-1', 'SF-1b', 'SF-2', 'SF-3', 'SF-4', 'SF-9'}

claims = json.load(sys.stdin)
for claim in claims:
    missing = FIELDS - claim.keys()
    if missing:
        sys.exit(f"{claim.get('id')} lacks {sorted(missing)}")
run = {c['id'] for c in claims if c['verdict'] in ('supported', 'contradicted', 'inconclusive')}
if not WANTED <= run:
    sys.exit(f'no verdict for {sorted(WANTED - run)}')
print(f'{len(run)} claims have verdicts')
