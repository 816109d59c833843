/** Repeated keys in a JSON text, which JSON.parse accepts in silence. */

/** The first key that some object of a valid JSON text has twice, or undefined. */
export function repeatedKey(json: string): string | undefined {
  // One set of keys for each open object; undefined for an open array.
  const open: (Set<string> | undefined)[] = []
  for (let i = 0; i < json.length; i++) {
    const character = json[i]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(json, i)
      // In valid JSON a string is a key exactly if a colon follows it.
      if (isColonNext(json, end)) {
        const key: string = JSON.parse(json.slice(i, end))
        const keys = open.at(-1)
        if (keys?.has(key)) return key
        keys?.add(key)
      }
      i = end - 1
    }
  }
  return undefined
}

/** The position after the closing quote. No regular expression: theirs overflow on a string with millions of escapes. */
function endOfString(json: string, start: number): number {
  let i = start + 1
  while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1
  return i + 1
}

function isColonNext(json: string, start: number): boolean {
  let i = start
  while (json[i] === ' ' || json[i] === '\n' || json[i] === '\t' || json[i] === '\r') i++
  return json[i] === ':'
}
