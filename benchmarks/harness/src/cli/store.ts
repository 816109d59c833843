/** `tickets store`: where it is, whether it is sound, and what can go. */
import type { Command } from 'commander'
import { plannedStages } from '../evidence/planned.js'
import { choose } from '../experiment/discover.js'
import { count } from '../report/words.js'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import { collectGarbage, verifyStore } from '../store/maintain.js'
import type { Deterministic, Store } from '../store/types.js'
import { withBar } from './data.js'
import { jsonOption, storeOption, warn } from './options.js'

interface StoreCommandOptions {
  readonly store?: string
  readonly json?: boolean
  readonly dryRun?: boolean
  readonly orphans?: boolean
}

export function storeCommand(program: Command, benchmarks: string): void {
  const store = program
    .command('store')
    .summary('where the store is, whether it is sound, and what can go')
    .description('The store is a folder that remembers finished stages: their records and what they made.')
    .addHelpText('after', '\nExamples:\n  tickets store path\n  tickets store verify\n  tickets store gc --dry-run')
  store
    .command('path')
    .summary('print where the store is')
    .description('Print the folder of the store, whether or not it is there yet.')
    .addOption(storeOption())
    .addHelpText('after', '\nExamples:\n  tickets store path\n  du -sh "$(tickets store path)"')
    .action((options: StoreCommandOptions) => {
      process.stdout.write(`${storeLocation(options.store)}\n`)
    })
  store
    .command('verify')
    .summary('check every record and artifact against its hash')
    .description(
      'Read all of the store and check it. What is damaged is set aside, counts as missing and is made again by the next bench that needs it; the exit code is 1 then.',
    )
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  tickets store verify\n  tickets store verify --json')
    .action(verify)
  store
    .command('gc')
    .summary('remove what nobody needs')
    .description(
      'Remove artifacts that no record points to, checkpoints of finished stages, damaged files, and what crashes left behind. Nothing is removed while a process runs a stage.',
    )
    .option('--orphans', 'also records that no experiment of this checkout plans any more (see "tickets status")')
    .option('-n, --dry-run', 'only say what would go')
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  tickets store gc --dry-run\n  tickets store gc --orphans')
    .action((options: StoreCommandOptions) => gc(options, benchmarks))
}

async function verify(options: StoreCommandOptions): Promise<void> {
  const store = await openStore(storeLocation(options.store), { onWarning: warn })
  const found = await withBar((onProgress) =>
    verifyStore(store, (received, total) => onProgress({ file: 'store', received, total })),
  )
  if (options.json) process.stdout.write(`${JSON.stringify({ store: store.location, ...found }, null, 1)}\n`)
  else {
    const damaged = found.damagedRecords.length + found.damagedArtifacts.length
    const { length } = found.incomplete
    const lost = length > 0 ? `; what ${count(length, 'record')} made is lost, and is made again when it is needed` : ''
    process.stdout.write(
      `${store.location}: ${count(found.records, 'record')} and ${count(found.artifacts, 'artifact')}, ${damaged} damaged${lost}.\n`,
    )
  }
  if (found.damagedRecords.length + found.damagedArtifacts.length > 0) process.exitCode = 1
}

async function gc({ store: folder, dryRun = false, orphans, json }: StoreCommandOptions, benchmarks: string) {
  const store = await openStore(storeLocation(folder), { onWarning: warn })
  const unwanted = orphans ? await orphanedIds(store, benchmarks) : []
  const garbage = await collectGarbage(store, { unwanted, dryRun })
  if (json) process.stdout.write(`${JSON.stringify({ store: store.location, dryRun, ...garbage }, null, 1)}\n`)
  else {
    const { records, artifacts, files, bytes } = garbage
    const megabytes = (bytes / 1e6).toFixed(1)
    process.stdout.write(
      `${dryRun ? 'Would remove' : 'Removed'} ${count(records.length, 'record')}, ${count(artifacts.length, 'artifact')} and ${count(files.length, 'other file')}, ${megabytes} MB, from ${store.location}.\n`,
    )
  }
}

/** The ids of records in the store's own folder that no experiment of any paper plans. */
async function orphanedIds(store: Store, benchmarks: string): Promise<string[]> {
  const ids = await store.records.list()
  const experiments = (await choose([], benchmarks)).map(({ experiment }) => experiment)
  const known: Deterministic[] = []
  // One after the other: a store may have more records than a process may open files.
  for (const id of ids) {
    const record = await store.records.get(id)
    if (record !== undefined) known.push(record.deterministic)
  }
  const planned = new Set((await plannedStages(experiments, known)).map(({ id }) => id))
  return ids.filter((id) => !planned.has(id))
}
