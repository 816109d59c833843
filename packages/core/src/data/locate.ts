/** Where a data set's files lie on this machine. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../errors.js'
import { cacheFolder, type Environment } from '../files/cache-folder.js'
import { publishedName } from './read-file.js'
import type { DataFile, DatasetDefinition } from './types.js'

/** The user's own folder of a data set has only some of its files. */
export class IncompleteDataset extends UserError {}

/** A folder that may hold a data set. */
export interface Place {
  readonly folder: string
  readonly kind: 'generated' | 'shipped' | 'TICKETS_DATA_DIR' | 'system' | 'cache'
}

export interface LocateOptions {
  /** Default `process.env`; TICKETS_DATA_DIR and XDG_CACHE_HOME are read. */
  readonly env?: Environment
  /** Where the system's packages put data sets; default Debian's /usr/share/datasets. */
  readonly systemFolder?: string
}

/** The places to search, in order; the cache is the last. */
export function places(definition: DatasetDefinition, options: LocateOptions = {}): Place[] {
  const { env = process.env, systemFolder = '/usr/share/datasets' } = options
  const name = folderName(definition)
  if (definition.files.length === 0) return [{ folder: '(made by the program)', kind: 'generated' }]
  if (definition.shipped !== undefined) return [{ folder: definition.shipped, kind: 'shipped' }]
  const found: Place[] = []
  const dataFolder = env.TICKETS_DATA_DIR
  if (dataFolder) {
    if (!statSync(dataFolder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UserError(`TICKETS_DATA_DIR is "${dataFolder}", which is not a folder; correct or unset it.`)
    }
    found.push({ folder: join(dataFolder, name), kind: 'TICKETS_DATA_DIR' })
  }
  found.push({ folder: join(systemFolder, name), kind: 'system' })
  found.push({ folder: datasetCache(definition, env), kind: 'cache' })
  return found
}

/** The folder that a data set is downloaded to. */
export function datasetCache(definition: DatasetDefinition, env: Environment = process.env): string {
  return join(cacheFolder(env), folderName(definition))
}

/** What the folder with a data set's files is called. */
export function folderName({ folder, info }: DatasetDefinition): string {
  return folder ?? info.name
}

/** The path of a file in a folder, plain or as published, or undefined if it is not there. */
export function pathOf(folder: string, file: DataFile): string | undefined {
  return [join(folder, file.name), join(folder, publishedName(file))].find((path) => existsSync(path))
}

/**
 * The first place that has all files, or undefined. Contents are not looked at.
 *
 * @throws IncompleteDataset if the user's own folder has only some of the files: to go on would hide the mistake
 * @throws UserError if TICKETS_DATA_DIR is not a folder
 */
export function locate(definition: DatasetDefinition, options: LocateOptions = {}): Place | undefined {
  for (const place of places(definition, options)) {
    const missing = definition.files.filter((file) => pathOf(place.folder, file) === undefined)
    if (missing.length === 0) return place
    if (place.kind === 'TICKETS_DATA_DIR' && missing.length < definition.files.length) {
      const names = missing.map((file) => file.name).join(', ')
      throw new IncompleteDataset(
        `${place.folder} (from TICKETS_DATA_DIR) lacks ${names}; add it or unset TICKETS_DATA_DIR.`,
      )
    }
  }
  return undefined
}
