/** `tickets data`: where data sets are, fetching them, checking them. */
import { fetchDataset, listDatasets, verifyDataset } from '@winning-tickets/core'
import { Presets, SingleBar } from 'cli-progress'
import Table from 'cli-table3'
import type { Command } from 'commander'
import { jsonOption } from './options.js'

export function dataCommand(program: Command): void {
  const data = program
    .command('data')
    .summary('list, fetch and verify data sets')
    .description(
      'Data sets are looked for in TICKETS_DATA_DIR, /usr/share/datasets and the user’s cache, else downloaded into the cache.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  tickets data list\n  tickets data fetch mnist fashion-mnist\n  tickets data verify mnist',
    )

  data
    .command('list')
    .summary('the data sets and where they lie on this machine')
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  tickets data list --json')
    .action((options: { json?: boolean }) => {
      const rows = listDatasets().map(({ info, folder, problem }) => ({
        name: info.name,
        title: info.title,
        note: info.note ?? null,
        images: info.trainCount + info.testCount,
        classes: info.classes,
        hash: info.hash,
        folder: folder ?? null,
        problem: problem ?? null,
      }))
      if (options.json) return void process.stdout.write(`${JSON.stringify(rows, null, 1)}\n`)
      const table = new Table({
        head: ['name', 'what', 'images', 'classes', 'folder'],
        style: { head: [], border: [] },
      })
      for (const { name, title, note, images, classes, folder, problem } of rows) {
        table.push([
          name,
          note ? `${title} (${note})` : title,
          images,
          classes,
          folder ?? problem ?? `not here: tickets data fetch ${name}`,
        ])
      }
      process.stdout.write(`${table.toString()}\n`)
    })

  data
    .command('fetch')
    .summary('make sure data sets are on this machine, downloading what is missing')
    .argument('<names...>', 'data sets, see `tickets data list`')
    .addHelpText('after', '\nExample:\n  tickets data fetch mnist')
    .action(async (names: string[]) => {
      for (const name of names)
        process.stdout.write(`${name}: ${await withBar((onProgress) => fetchDataset(name, { onProgress }))}\n`)
    })

  data
    .command('verify')
    .summary('check the content of data sets by size and SHA-256')
    .argument('<names...>', 'data sets, see `tickets data list`')
    .addHelpText('after', '\nExample:\n  tickets data verify mnist fashion-mnist')
    .action(async (names: string[]) => {
      for (const name of names) process.stdout.write(`${name}: ${await verifyDataset(name)} is right\n`)
    })
}

type OnProgress = (progress: { readonly file: string; readonly received: number; readonly total?: number }) => void

/** A bar on a terminal; silence elsewhere. */
export async function withBar<T>(body: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  const bar = new SingleBar(
    { format: '{file} {bar} {percentage}%  {eta_formatted} left', clearOnComplete: true, stream: process.stderr },
    Presets.shades_classic,
  )
  let started = ''
  try {
    return await body(({ file, received, total }) => {
      if (!process.stderr.isTTY || total === undefined) return
      if (started !== file) bar.start(total, received, { file })
      started = file
      bar.update(received, { file })
    })
  } finally {
    bar.stop()
  }
}
