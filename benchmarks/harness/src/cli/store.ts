/** `tickets store`: where it is, whether it is sound, and what can go. */
import type { Command } from 'commander'
import { openStore } from '../store/disk.js'
import { storeLocation } from '../store/location.js'
import { collectGarbage, verifyStore } from '../store/maintain.js'
import { withBar } from './data.js'
import { jsonOption, storeOption } from './options.js'
import { orphanedIds } from './status.js'

interface StoreCommandOptions {
  readonly store?: string
  readonly json?: boolean
  readonly dryRun?: boolean
  readonly orphans?: boolean
}

export function storeCommand(program: Command, benchmarks: string): void {
  const store = program.command('store').description('The folder that remembers finished stages.')
  store
    .command('path')
    .description('Print where the store is.')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  du -sh "$(tickets store path)"')
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
      'Remove artifacts that no record points to, checkpoints of finished stages, and what crashes left behind.',
    )
    .option('--orphans', 'also records that no experiment plans any more (see "tickets status")')
    .option('-n, --dry-run', 'only say what would go')
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  tickets store gc --dry-run\n  tickets store gc --orphans')
    .action((options: StoreCommandOptions) => gc(options, benchmarks))
}

async function verify(options: StoreCommandOptions): Promise<void> {
  const warn = (message: string) => process.stderr.write(`${message}\n`)
  const store = await openStore(storeLocation(options.store), { onWarning: warn })
  const found = await withBar((onProgress) =>
    verifyStore(store, (received, total) => onProgress({ file: 'store', received, total })),
  )
  if (options.json) process.stdout.write(`${JSON.stringify({ store: store.location, ...found }, null, 1)}\n`)
  else {
    const damaged = found.damagedRecords.length + found.damagedArtifacts.length
    process.stdout.write(
      `${store.location}: ${found.records} records and ${found.artifacts} artifacts, ${damaged} damaged; ${found.incomplete.length} records lack artifacts, which are made again when they are needed.\n`,
    )
  }
  if (found.damagedRecords.length + found.damagedArtifacts.length > 0) process.exitCode = 1
}

async function gc({ store: folder, dryRun = false, orphans, json }: StoreCommandOptions, benchmarks: string) {
  const warn = (message: string) => process.stderr.write(`${message}\n`)
  const store = await openStore(storeLocation(folder), { onWarning: warn })
  const unwanted = orphans ? await orphanedIds(store, benchmarks) : []
  const garbage = await collectGarbage(store, { unwanted, dryRun })
  if (json) process.stdout.write(`${JSON.stringify({ store: store.location, dryRun, ...garbage }, null, 1)}\n`)
  else {
    const { records, artifacts, files, bytes } = garbage
    const megabytes = (bytes / 1e6).toFixed(1)
    process.stdout.write(
      `${dryRun ? 'Would remove' : 'Removed'} ${records.length} records, ${artifacts.length} artifacts and ${files.length} other files, ${megabytes} MB, from ${store.location}.\n`,
    )
  }
}
