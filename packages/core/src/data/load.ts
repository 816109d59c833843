/** Finding, fetching, checking and loading data sets. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.js'
import { type DownloadOptions, download } from './download.js'
import {
  datasetCache,
  folderName,
  IncompleteDataset,
  type LocateOptions,
  locate,
  type Place,
  pathOf,
  places,
} from './locate.js'
import { inspectDataFile, publishedName, readDataFile } from './read-file.js'
import { definitionOf, definitions } from './registry.js'
import type { Dataset, DatasetDefinition, DatasetInfo } from './types.js'

export interface LoadOptions extends LocateOptions, DownloadOptions {
  /** Whether to fail rather than download. Default false. */
  readonly offline?: boolean
}

/**
 * Loads a data set from the first place that has it: the package itself, TICKETS_DATA_DIR, the system's packages, the
 * user's cache, else by download into the cache. Every file's decoded content is checked by size and SHA-256.
 *
 * @throws UserError if it cannot be had, or a file's content is not right
 */
export async function loadDataset(name: string, options: LoadOptions = {}): Promise<Dataset> {
  return load(definitionOf(name), options)
}

/**
 * Makes sure that a data set is on this machine, downloading it if need be. Files that were there are not checked.
 *
 * @returns the folder it is in
 * @throws UserError if it cannot be had
 */
export async function fetchDataset(name: string, options: LoadOptions = {}): Promise<string> {
  return (await obtain(definitionOf(name), options)).folder
}

/**
 * Checks the content of all files of a data set where it lies; downloads nothing.
 *
 * @returns the folder it is in
 * @throws UserError if it is not on this machine or a file is not right
 */
export async function verifyDataset(name: string, options: LocateOptions = {}): Promise<string> {
  const definition = definitionOf(name)
  const place = locate(definition, options)
  if (place === undefined) throw missing(definition, options, 'is not on this machine')
  await definition.decode(await readAll(definition, place))
  return place.folder
}

/** A data set and the folder that has its files (not checked), if any. */
export interface DatasetStatus {
  readonly info: DatasetInfo
  readonly folder: string | undefined
  /** Why the folder that is meant to have it cannot be used, in a sentence. */
  readonly problem?: string
}

/**
 * All data sets, in the registry's order, and where they lie on this machine.
 *
 * @throws UserError if TICKETS_DATA_DIR is not a folder
 */
export function listDatasets(options: LocateOptions = {}): DatasetStatus[] {
  return definitions.map((definition) => {
    const { info } = definition
    try {
      return { info, folder: locate(definition, options)?.folder }
    } catch (error) {
      if (error instanceof IncompleteDataset) return { info, folder: undefined, problem: error.message }
      throw error
    }
  })
}

/** `loadDataset` of a definition. */
export async function load(definition: DatasetDefinition, options: LoadOptions = {}): Promise<Dataset> {
  const place = await obtain(definition, options)
  let contents: ReadonlyMap<string, Uint8Array>
  try {
    contents = await readAll(definition, place)
  } catch (error) {
    // The cache is ours to mend; a folder of the user's or the system's is not.
    if (!(error instanceof UserError) || place.kind !== 'cache' || options.offline) throw error
    await removeDamaged(definition, place)
    contents = await readAll(definition, await obtain(definition, options))
  }
  return { ...definition.info, ...(await definition.decode(contents)), source: place.folder }
}

async function obtain(definition: DatasetDefinition, options: LoadOptions): Promise<Place> {
  const found = locate(definition, options)
  if (found !== undefined) return found
  if (options.offline) throw missing(definition, options, 'is not on this machine and may not be downloaded')
  if (definition.addresses.length === 0) throw missing(definition, options, 'is not on this machine')
  const folder = datasetCache(definition, options.env)
  for (const file of definition.files.filter((candidate) => pathOf(folder, candidate) === undefined)) {
    const urls = definition.addresses.map((address) => `${address}${publishedName(file)}`)
    try {
      await download(file, urls, join(folder, publishedName(file)), options)
    } catch (error) {
      options.signal?.throwIfAborted()
      const reason = error instanceof Error ? error.message : `${error}`
      throw missing(definition, options, `is not on this machine and could not be downloaded (${reason})`)
    }
  }
  return { folder, kind: 'cache' }
}

/** Reads and checks all files; decoding one while reading another. */
async function readAll(definition: DatasetDefinition, place: Place): Promise<ReadonlyMap<string, Uint8Array>> {
  const contents = definition.files.map(async (file): Promise<[string, Uint8Array]> => {
    const path = pathOf(place.folder, file)
    if (path === undefined) throw new UserError(`${join(place.folder, file.name)} has vanished; run the command again.`)
    return [file.name, await readDataFile(path, file)]
  })
  return new Map(await Promise.all(contents))
}

async function removeDamaged(definition: DatasetDefinition, place: Place): Promise<void> {
  for (const file of definition.files) {
    const path = pathOf(place.folder, file)
    const isDamaged = path !== undefined && (await inspectDataFile(path, file)).problem !== undefined
    if (isDamaged) await rm(path)
  }
}

/** The one error that says where was looked and what to do. */
function missing(definition: DatasetDefinition, options: LoadOptions, problem: string): UserError {
  const { info, files, shipped, advice } = definition
  const { name, title } = info
  const looked = places(definition, options).map((place) => place.folder)
  if (shipped !== undefined) {
    return new UserError(`The data set ${name} ships in ${shipped} and is not there; install the package again.`)
  }
  const names = files.map(publishedName).join(', ')
  const remedies = [
    `put ${names} into ${looked.at(-1)}`,
    `set TICKETS_DATA_DIR to a folder with a ${folderName(definition)}/ that has them`,
    ...(advice === undefined ? [] : [advice]),
  ]
  return new UserError(
    `${title} (${name}) ${problem}; looked in ${looked.join(', ')}: ${remedies.slice(0, -1).join(', ')}, or ${remedies.at(-1)}.`,
  )
}
