/** What the package.json of a project tells the harness: the field "winning-tickets". */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '@winning-tickets/core'

/** What a project may offer: experiments and claims, or methods. */
export type Offer = 'benchmark' | 'methods'

export interface Entry {
  readonly folder: string
  /** The built module's path below it. */
  readonly entry: string
}

/** The subfolders whose package.json has the field "winning-tickets": {"<offer>": PATH}, by name. */
export function entriesOf(parent: string, offer: Offer): Entry[] {
  return readdirSync(parent)
    .sort()
    .flatMap((name) => {
      const folder = join(parent, name)
      const file = join(folder, 'package.json')
      if (!existsSync(file)) return []
      const entry = manifestOf(file)['winning-tickets']?.[offer]
      return entry === undefined ? [] : [{ folder, entry }]
    })
}

function manifestOf(file: string): { 'winning-tickets'?: Partial<Record<Offer, string>> } {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UserError(`${file} cannot be read (${error instanceof Error ? error.message : error}): correct it.`)
  }
}
