"""Reads `tickets claims --profile smoke --json` after a smoke bench: every claim must have been judged by it, without an error."""
import json
import sys

FIELDS = {'id', 'title', 'verdict', 'profile', 'seeds', 'effect', 'low', 'high', 'unit', 'paper', 'detail', 'evidence'}
VERDICTS = {'supported', 'contradicted', 'inconclusive'}


def fault(claim):
    if missing := FIELDS - claim.keys():
        return f'lacks {sorted(missing)}'
    if claim['profile'] != 'smoke':
        return f"is of the profile {claim['profile']}"
    if claim['verdict'] not in VERDICTS:
        return f"has no verdict but {claim['verdict']!r}"
    if claim['seeds'] == 0:
        return f"was judged by no seed: {claim['detail']}"
    if claim['detail'].startswith('The check failed'):
        return claim['detail']
    return None


claims = json.load(sys.stdin)
if not claims:
    sys.exit('no claims')
faults = [f"{claim.get('id')} {found}" for claim in claims if (found := fault(claim))]
if faults:
    sys.exit('\n'.join(faults))
print(f'{len(claims)} claims have verdicts')
