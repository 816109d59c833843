/** A program for tests to kill: runs the toy grid of given settings in worker processes. Arguments: store, settings. */
import { execute } from '../execute/execute.js'
import { batchesOf } from '../experiment/results.js'
import { openStore } from '../store/disk.js'
import { benchmark, type ToySettings } from './toy.js'

const [location, settings] = process.argv.slice(2) as [string, string]
const cells = await benchmark.experiments[0]!.plan(JSON.parse(settings) as ToySettings)
const started: string[] = []
try {
  const summary = await execute(batchesOf(cells), {
    store: await openStore(location),
    where: { modules: [new URL('./toy.js', import.meta.url).href] },
    workers: 2,
    onEvent: (event) => {
      if (event.type === 'started') started.push(event.stage.id)
    },
  })
  process.stdout.write(JSON.stringify({ started, finished: summary.finished }))
  const { ended, failed, skipped } = summary
  if (ended !== 'complete' || failed.length > 0) {
    const why = failed.map(({ stage, message }) => `${stage.label}: ${message}`)
    throw new Error([`The grid is not done (${ended}, ${skipped.length} stages skipped).`, ...why].join(' '))
  }
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
