/** What a store holds, for comparing stores. */
import type { Deterministic, Store } from '../store/types.js'

/** The deterministic part of every record, by id. */
export async function contents(store: Store): Promise<Record<string, Deterministic>> {
  const records = await Promise.all((await store.records.list()).map(store.records.get))
  return Object.fromEntries(
    records.flatMap((record) => (record ? [[record.deterministic.id, record.deterministic]] : [])),
  )
}
