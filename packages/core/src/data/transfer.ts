/** One HTTP request for a file, or for the rest of one. */
import { open } from 'node:fs/promises'
import { AbortError } from 'p-retry'
import type { PartFile } from './part-file.js'

export interface TransferOptions {
  /** More bytes than this are not the file: the transfer stops. */
  readonly limit: number
  /** Milliseconds without a byte after which the connection is given up. */
  readonly stall: number
  readonly signal: AbortSignal | undefined
  /** Called with the bytes on disk so far and, where the server says it, their final number. */
  readonly onBytes: (received: number, total: number | undefined) => void
}

/**
 * Completes the part file from a URL: asks for the rest if the part came from there, else for all.
 *
 * @returns whether bytes of an earlier request are among them
 * @throws AbortError where asking this address again is useless, Error where it is not
 */
export async function transfer(url: string, part: PartFile, options: TransferOptions): Promise<{ resumed: boolean }> {
  const { limit, stall, signal, onBytes } = options
  const kept = await part.resumable()
  const have = kept?.url === url ? kept : undefined

  const controller = new AbortController()
  const giveUp = () => controller.abort(new Error(`no data for ${stall / 1000} s`))
  let timer = setTimeout(giveUp, stall)
  try {
    const response = await fetch(url, {
      signal: signal ? AbortSignal.any([controller.signal, signal]) : controller.signal,
      // If-Range: a server whose file has changed sends all of the new one instead of a rest that does not fit.
      headers: {
        'accept-encoding': 'identity',
        ...(have && { range: `bytes=${have.size}-`, 'if-range': have.validator }),
      },
    })
    const resumed = response.status === 206 && have !== undefined
    await checkStatus(response, have?.size, part)
    if (response.body === null) throw new Error('the answer has no content')

    const total = totalBytes(response, resumed ? have.size : 0)
    if (total !== undefined && total > limit) throw new AbortError(`its ${total} bytes are too many (at most ${limit})`)
    if (!resumed) await part.begin(url, validatorOf(response))
    let received = resumed ? have.size : 0
    const file = await open(part.path, resumed ? 'a' : 'w')
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer)
        timer = setTimeout(giveUp, stall)
        received += chunk.length
        if (received > limit) throw new AbortError(`it sends more than ${limit} bytes`)
        await file.writeFile(chunk)
        onBytes(received, total)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    if (total !== undefined && received !== total) throw new Error(`it ended after ${received} of ${total} bytes`)
    return { resumed }
  } finally {
    clearTimeout(timer)
  }
}

/** Fails unless the answer is the whole file, or the rest from `from` on. */
async function checkStatus(response: Response, from: number | undefined, part: PartFile): Promise<void> {
  const { status } = response
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  if (status === 200 || (status === 206 && from !== undefined && Number(start) === from)) return
  await response.body?.cancel()
  const message = `HTTP ${status} ${response.statusText}`.trim()
  if (status === 206 || status === 416) {
    // The rest that was asked for is not to be had: ask for the whole next time.
    await part.discard()
    throw new Error(`${message} for the rest of the file`)
  }
  const passing = status >= 500 || status === 408 || status === 429
  throw passing ? new Error(message) : new AbortError(message)
}

/** The file's size, if the answer tells it. */
function totalBytes(response: Response, before: number): number | undefined {
  // fetch undoes a content encoding, so the length of what arrives is then another.
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  const length = response.headers.get('content-length')
  return length === null || encoding !== 'identity' ? undefined : before + Number(length)
}

/** What If-Range accepts: a strong ETag, else the date; nothing if a content encoding makes positions meaningless. */
function validatorOf(response: Response): string | undefined {
  if ((response.headers.get('content-encoding') ?? 'identity') !== 'identity') return undefined
  const etag = response.headers.get('etag')
  if (etag?.startsWith('"')) return etag
  return response.headers.get('last-modified') ?? undefined
}
