/** Who holds a lease, and whether that process still lives. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'

export const ownerSchema = z.object({
  host: z.string(),
  /** Boot and process namespace: process numbers mean something only to processes that share it. */
  place: z.string(),
  pid: z.int(),
  /** When the process started, in the system's ticks since boot: a number that is given again is another process. */
  started: z.string(),
})
export type Owner = z.output<typeof ownerSchema>

/** This process. */
export function self(): Owner {
  return { host: hostname(), place: place(), pid: process.pid, started: startOf(process.pid) ?? '' }
}

/** Whether an owner's process number means something here. Where the system does not say, only its patience tells. */
export const isHere = (owner: Owner): boolean =>
  owner.host === hostname() && owner.place !== '' && owner.place === place()

/** Whether an owner is surely dead. Of a process that is not here nothing is known, so it is not. */
export function isDead(owner: Owner): boolean {
  if (!isHere(owner)) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const started = startOf(owner.pid)
  return started !== undefined && owner.started !== '' && started !== owner.started
}

/** Empty where the system does not say (not Linux). */
function place(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

/** Field 22 of /proc/<pid>/stat; the second, the command's name in brackets, may hold anything. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended, though its parent has not looked yet.
    return state === 'Z' ? 'ended' : rest[18]
  } catch {
    return undefined
  }
}
