/** Part of a download, kept on disk so that a later run can go on from it. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { writeAtomic } from '../files/atomic.js'

/** What a server must confirm before it may send only the rest. */
export interface Origin {
  readonly url: string
  /** A strong ETag or the Last-Modified date: whatever the server gave, for If-Range. */
  readonly validator: string
}

export interface PartFile {
  readonly path: string
  /** Size so far and where it came from, if the rest can be asked for. */
  resumable(): Promise<(Origin & { readonly size: number }) | undefined>
  /** Notes where the bytes written from now on come from; without a validator they cannot be resumed. */
  begin(url: string, validator: string | undefined): Promise<void>
  /** Forgets what was received. */
  discard(): Promise<void>
  /** Gives the part up, for the next run to find. */
  release(): Promise<void>
}

/**
 * Takes the part of a download to `target` that an earlier run left, or a new one. Part files carry the id of the process
 * that writes them, so that two processes that fetch the same file never share one; a dead process's part is taken over.
 */
export async function claimPart(target: string): Promise<PartFile> {
  await mkdir(dirname(target), { recursive: true })
  const path = `${target}.${process.pid}-${randomBytes(4).toString('hex')}.part`
  const note = `${path}.json`
  for (const left of await abandonedParts(target)) {
    try {
      // Renaming is the claim: of two processes that try, one fails.
      await rename(left, path)
      await rename(`${left}.json`, note)
      break
    } catch {
      // Another process was faster, or the part has no note: start afresh.
    }
  }

  async function discard(): Promise<void> {
    await Promise.all([rm(path, { force: true }), rm(note, { force: true })])
  }

  return {
    path,
    discard,

    async resumable() {
      const size = (await stat(path).catch(() => undefined))?.size ?? 0
      const origin = await readOrigin(note)
      return size > 0 && origin !== undefined ? { ...origin, size } : undefined
    },

    async begin(url, validator) {
      await rm(note, { force: true })
      if (validator !== undefined) await writeAtomic(note, JSON.stringify({ url, validator } satisfies Origin))
    },

    async release() {
      if (existsSync(path) && existsSync(note)) {
        await rename(path, `${target}.part`)
        await rename(note, `${target}.part.json`)
      } else {
        await discard()
      }
    },
  }
}

/** Parts of downloads to `target` that no living process writes. */
async function abandonedParts(target: string): Promise<string[]> {
  const name = basename(target)
  const parts = (await readdir(dirname(target))).filter(
    (entry) => entry.startsWith(`${name}.`) && entry.endsWith('.part'),
  )
  return parts
    .filter((entry) => {
      const owner = /^\.(\d+)-[0-9a-f]+\.part$/.exec(entry.slice(name.length))?.[1]
      return entry === `${name}.part` || (owner !== undefined && !isAlive(Number(owner)))
    })
    .map((entry) => join(dirname(target), entry))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function readOrigin(path: string): Promise<Origin | undefined> {
  try {
    const value: Partial<Record<keyof Origin, unknown>> | null = JSON.parse(await readFile(path, 'utf8'))
    const { url, validator } = value ?? {}
    return typeof url === 'string' && typeof validator === 'string' ? { url, validator } : undefined
  } catch {
    return undefined
  }
}
