/** Downloads one file: mirrors, retries, resumption, and nothing in place until its content is right. */
import { rename } from 'node:fs/promises'
import pRetry, { AbortError } from 'p-retry'
import { claimPart, type PartFile } from './part-file.js'
import { inspectDataFile, sizeLimit } from './read-file.js'
import { transfer } from './transfer.js'
import type { DataFile } from './types.js'

/** How far a download is. */
export interface DownloadProgress {
  readonly file: string
  readonly url: string
  /** Bytes on disk, and how many there will be, if the server says it. */
  readonly received: number
  readonly total: number | undefined
}

export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void
  /** Further attempts at an address after a failure that may pass; default 3. */
  readonly retries?: number
  /** Milliseconds before the first further attempt, doubled for each next one; default 1,000. */
  readonly retryDelay?: number
  /** Stops the download and keeps what was received; `download` then throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Milliseconds without a byte after which a connection is given up; default 30,000. */
  readonly stall?: number
}

/** Why each address failed: "https://...: HTTP 404". */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
}

/**
 * Downloads a file to `path` from the first of the URLs that has the right content. What an interrupted run received is
 * used again where the server allows it.
 *
 * @throws DownloadError if none has
 * @throws the signal's reason if it stopped the download
 */
export async function download(
  file: DataFile,
  urls: readonly string[],
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { retries = 3, retryDelay = 1000, signal } = options
  const part = await claimPart(path)
  const failures: string[] = []
  try {
    for (const url of urls) {
      try {
        await pRetry(() => attempt(file, url, part, options), {
          retries,
          minTimeout: retryDelay,
          factor: 2,
          ...(signal && { signal }),
        })
        await rename(part.path, path)
        await part.discard()
        return
      } catch (error) {
        signal?.throwIfAborted()
        failures.push(`${url}: ${reasonOf(error)}`)
      }
    }
  } finally {
    await part.release()
  }
  throw new DownloadError(failures.join('; '))
}

async function attempt(file: DataFile, url: string, part: PartFile, options: DownloadOptions): Promise<void> {
  const { onProgress, stall = 30_000, signal } = options
  const { resumed } = await transfer(url, part, {
    limit: sizeLimit(file),
    stall,
    signal,
    onBytes: (received, total) => onProgress?.({ file: file.name, url, received, total }),
  })
  const { problem } = await inspectDataFile(part.path, file)
  if (problem === undefined) return
  await part.discard()
  // If the first part came from an earlier request, that part may be to blame: ask once more, for the whole.
  const wrong = new Error(`what it sends ${problem}`)
  throw resumed ? wrong : new AbortError(wrong)
}

/** An error's message, with the cause that fetch hides ("fetch failed": why?). */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}
