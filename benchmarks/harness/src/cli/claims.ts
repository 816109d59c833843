/** `tickets claims`: every claim of every paper with its verdict, from what the store and committed evidence have; runs nothing. */
import type { Command } from 'commander'
import type { ClaimRecord, Results } from '../claims/types.js'
import { type Choice, choose, claimsOf, evidenceFolders } from '../experiment/discover.js'
import { PROFILES, type Profile } from '../experiment/profile.js'
import { collectResults, judge } from '../experiment/results.js'
import { planSeeds, type SeedRange } from '../experiment/seeds.js'
import { claimsTable } from '../report/tables.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import type { Store } from '../store/types.js'
import { jsonOption, profileOption, seedsOption, storeOption, warn } from './options.js'

interface ClaimsOptions {
  readonly profile?: Profile
  readonly seeds?: SeedRange
  readonly store?: string
  readonly json?: boolean
}

export function claimsCommand(program: Command, benchmarks: string): void {
  program
    .command('claims')
    .summary('list the claims and their verdicts; runs nothing')
    .description(
      'List the claims of the named papers (of all, if none is named) with the verdict of the largest profile that has all of its seeds, or at least three (else of the one with most), or of one profile.',
    )
    .argument('[papers...]', 'papers, e.g. imp')
    .addOption(profileOption().default(undefined))
    .addOption(seedsOption())
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  tickets claims\n  tickets claims imp --profile paper\n  tickets claims --json | jq ".[] | select(.verdict == \\"contradicted\\")"',
    )
    .action(async (papers: string[], options: ClaimsOptions) => {
      const choices = await choose(papers, benchmarks)
      const store = await openStore(storeLocation(options.store), {
        evidence: evidenceFolders(choices),
        onWarning: warn,
      })
      const records: ClaimRecord[] = []
      for (const choice of choices) records.push(...(await verdicts(choice, options, store)))
      if (options.json) process.stdout.write(`${JSON.stringify(records, null, 1)}\n`)
      else process.stdout.write(`${claimsTable(records)}\n`)
    })
}

/** Whether so many whole seeds of a profile's say more than all of a smaller profile. */
export const enough = (seeds: number, of: number): boolean => seeds >= Math.min(3, of)

/** The claims of an experiment, judged by the results of the given profile, else of the one that says most. */
async function verdicts(choice: Choice, options: ClaimsOptions, store: Store): Promise<ClaimRecord[]> {
  const candidates: Results[] = []
  const { experiment } = choice
  for (const name of options.profile ? [options.profile] : PROFILES.toReversed()) {
    const { settings, cells, seeds } = await planSeeds(experiment, experiment.profiles[name], options.seeds)
    const results = await collectResults(experiment, name, settings, cells, store)
    if (enough(seedsOf(results), seeds)) return judgeAll(choice, results)
    candidates.push(results)
  }
  // None has enough: the one with most seeds, so that the start of a long run does not hide a shorter one.
  return judgeAll(
    choice,
    candidates.reduce((best, other) => (seedsOf(other) > seedsOf(best) || seedsOf(best) === 0 ? other : best)),
  )
}

const judgeAll = (choice: Choice, results: Results) => claimsOf(choice).map((claim) => judge(claim, results))
const seedsOf = ({ rows }: Results) => new Set(rows.map(({ seed }) => seed)).size
