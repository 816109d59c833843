/** `tickets claims`: every claim of every paper with its verdict, from what the store has; runs nothing. */
import type { Command } from 'commander'
import type { ClaimRecord } from '../claims/types.js'
import { PROFILES, type Profile } from '../experiment/profile.js'
import { collectResults, judge } from '../experiment/results.js'
import { claimsTable } from '../report/tables.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import type { Store } from '../store/types.js'
import { type Choice, choose, claimsOf } from './discover.js'
import { jsonOption, profileOption, storeOption } from './options.js'

export function claimsCommand(program: Command, benchmarks: string): void {
  program
    .command('claims')
    .summary('list the claims and their verdicts; runs nothing')
    .description(
      'List the claims of the named papers (of all, if none is named) with the verdict of the largest profile that has results, or of one profile.',
    )
    .argument('[papers...]', 'papers, e.g. imp')
    .addOption(profileOption().default(undefined))
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tickets claims\n  tickets claims imp --profile paper\n  tickets claims --json | jq ".[] | select(.verdict == \\"contradicted\\")"',
    )
    .action(async (papers: string[], options: { profile?: Profile; store?: string; json?: boolean }) => {
      const choices = await choose(papers, benchmarks)
      const store = await openStore(storeLocation(options.store))
      const records: ClaimRecord[] = []
      for (const choice of choices) records.push(...(await verdicts(choice, options.profile, store)))
      if (options.json) process.stdout.write(`${JSON.stringify(records, null, 1)}\n`)
      else process.stdout.write(`${claimsTable(records)}\n`)
    })
}

/** The claims of an experiment at the given profile; else at the largest that has results, else as not run at `smoke`. */
async function verdicts(choice: Choice, profile: Profile | undefined, store: Store): Promise<ClaimRecord[]> {
  const { experiment } = choice
  const claims = claimsOf(choice)
  const candidates = profile ? [profile] : PROFILES.toReversed()
  for (const candidate of candidates) {
    const settings = experiment.profiles[candidate]
    const results = await collectResults(experiment, candidate, settings, await experiment.plan(settings), store)
    if (results.rows.length > 0 || candidate === candidates.at(-1)) return claims.map((claim) => judge(claim, results))
  }
  return []
}
