/** How times are told. */

/** Seconds that a text like "150m", "2h", "1h30m" or "45s" means; undefined for any other. */
export function parseDuration(text: string): number | undefined {
  const [, hours, minutes, seconds] = /^(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text) ?? []
  const total = 3600 * Number(hours ?? 0) + 60 * Number(minutes ?? 0) + Number(seconds ?? 0)
  return total > 0 ? total : undefined
}

/** Seconds as "2 h 05 min", "3 min 20 s" or "12 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`
}
