/** What `tickets bench` says when it is done, or has to end. */
import type { Summary } from '../execute/types.js'
import type { Section } from '../report/html.js'
import { claimsTable, levelsTable } from '../report/tables.js'
import { canonicalJson } from '../stage/json.js'
import type { Stage } from '../stage/types.js'

export interface Report extends Section {
  /** Path of the page. */
  readonly page: string
}

/** The tables of an experiment, and where its report is. */
export function printReport({ results, claims, page }: Report): void {
  process.stdout.write(`\n${results.title}\n${levelsTable(results)}\n\n${claimsTable(claims)}\nReport: ${page}\n`)
}

/** After the tables, what is missing from them and why. */
export function reportFailures({ failed, skipped }: Summary, labelOf: (stage: Stage) => string): void {
  for (const { stage, message } of failed) {
    const config = canonicalJson(stage.config, 'The config')
    process.stderr.write(
      `failed: ${labelOf(stage)}: ${message}\n  ${stage.kind.name} stage ${stage.id.slice(0, 8)} ${config}\n`,
    )
  }
  if (skipped.length > 0) {
    process.stderr.write(`${skipped.length} stages need a failed one and were skipped.\n`)
  }
}

/** Which experiment could not run for want of data. */
export function reportLack(name: string, message: string, json: boolean): void {
  process.stderr.write(
    json ? `${JSON.stringify({ type: 'no data', experiment: name, message })}\n` : `${name} did not run: ${message}\n`,
  )
}

/** Why the run ended before its work, how far it came and how to go on. */
export function reportEnd({ ended, stored, finished, total }: Summary, store: string, json: boolean): void {
  const done = stored + finished
  if (json) return void process.stderr.write(`${JSON.stringify({ type: ended, done, total, store })}\n`)
  const why = ended === 'interrupted' ? 'Interrupted' : 'Out of time'
  const more = ended === 'out of time' && finished === 0 ? ', with a longer --for if no stage fits into this one' : ''
  process.stderr.write(`${why}: ${done} of ${total} stages are in ${store}; run the same command to go on${more}.\n`)
}
