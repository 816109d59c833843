/**
 * Leases: of the processes that share a store, one runs a stage. A lease is a file that its owner writes anew every few
 * seconds. Another process may break it when the owner is dead, or when it has watched the file stand still for a while
 * by its own steady clock: no wall clocks are compared, so none can mislead by jumping. A lease only saves work. Should
 * two processes run a stage all the same, the first record wins.
 */
import { randomBytes } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolders } from '@winning-tickets/core'
import { z } from 'zod'
import { publish, readIfThere } from './files.js'
import { isDead, isHere, ownerSchema, self } from './owner.js'
import type { Lease, Running, Store } from './types.js'

const leaseSchema = z.object({
  owner: ownerSchema,
  token: z.string(),
  beat: z.int(),
  label: z.string(),
  fraction: z.number(),
})
type LeaseFile = z.output<typeof leaseSchema>

export interface LeaseOptions {
  /** Milliseconds between two writings. */
  readonly beat?: number
  /** Milliseconds of standing still after which a lease is broken. */
  readonly patience?: number
}

/** The leases in a folder; `temporary` is a folder on the same file system. */
export function openLeases(
  folder: string,
  temporary: string,
  { beat = 5000, patience = 30_000 }: LeaseOptions = {},
): Store['leases'] {
  const pathOf = (id: string) => join(folder, `${id}.json`)
  /** What this process last saw of others' leases, and since when. */
  const seen = new Map<string, { content: string; since: number }>()

  /** Whether nobody stands behind a lease any more. */
  function isStale(id: string, content: string): boolean {
    const lease = parse(content)
    if (lease !== undefined && isDead(lease.owner)) return true
    const before = seen.get(id)
    if (before?.content === content) return performance.now() - before.since > patience
    seen.set(id, { content, since: performance.now() })
    return false
  }

  /** Takes a stale lease out of the way, unless another process was faster. */
  async function breakLease(id: string, content: string): Promise<void> {
    const aside = join(temporary, `broken-${process.pid}-${randomBytes(8).toString('hex')}`)
    await makeFolders(temporary)
    if ((await readIfThere(pathOf(id)))?.toString('utf8') !== content) return
    try {
      await rename(pathOf(id), aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const taken = (await readIfThere(aside))?.toString('utf8')
    // Between reading and renaming, another process broke it and took it: give it back.
    if (taken !== undefined && taken !== content) await publish(pathOf(id), taken, temporary, 'keep')
    await rm(aside, { force: true })
    seen.delete(id)
  }

  async function take(id: string, label: string): Promise<Lease | undefined> {
    const path = pathOf(id)
    const own = { owner: self(), token: randomBytes(16).toString('hex'), label }
    const content = (count: number, fraction: number) =>
      JSON.stringify({ ...own, beat: count, fraction } satisfies LeaseFile)
    const other = (await readIfThere(path))?.toString('utf8')
    if (other !== undefined) {
      if (!isStale(id, other)) return undefined
      await breakLease(id, other)
    }
    if (!(await publish(path, content(0, 0), temporary, 'keep'))) return undefined
    const stopped = new AbortController()
    const isOwn = async () => parse((await readIfThere(path))?.toString('utf8'))?.token === own.token
    const lease: Lease = {
      fraction: 0,
      async release() {
        stopped.abort()
        await beating
        // A lease that cannot be removed does no harm: it falls when its process ends.
        if (await isOwn().catch(() => false)) await rm(path, { force: true }).catch(() => {})
      },
    }
    const beating = (async () => {
      for (let count = 1; ; count += 1) {
        try {
          await sleep(beat, undefined, { signal: stopped.signal, ref: false })
        } catch {
          return
        }
        // A full disk or a slow server now is no reason to give up: at worst another process takes over.
        try {
          if (!(await isOwn())) return
          await publish(path, content(count, lease.fraction), temporary, 'replace')
        } catch {}
      }
    })()
    return lease
  }

  async function list(): Promise<readonly Running[]> {
    const names = await readdir(folder).catch(() => [])
    const found: Running[] = []
    for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
      const lease = parse((await readIfThere(join(folder, name)))?.toString('utf8'))
      if (lease === undefined || isDead(lease.owner)) continue
      const { label, fraction, owner } = lease
      found.push({
        id: basename(name, '.json'),
        label,
        fraction,
        host: owner.host,
        pid: owner.pid,
        here: isHere(owner),
      })
    }
    return found
  }

  return { take, list }
}

/** Undefined for a file that a crash left empty or half-written. */
function parse(content: string | undefined): LeaseFile | undefined {
  try {
    return leaseSchema.parse(JSON.parse(content ?? ''))
  } catch {
    return undefined
  }
}
