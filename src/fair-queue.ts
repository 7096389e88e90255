/** Those who wait, as queues within queues: at each level the branches are served in turn. */
interface FairQueue<T> {
  readonly size: number
  add(path: readonly string[], entry: T): void
  remove(path: readonly string[], entry: T): void
  /** Takes the next in turn, passing over branches that `admits` refuses. The branches it came from go to the back. */
  take(admits: (path: readonly string[]) => boolean): T | undefined
  /** The first so many that wait, in the order in which they would be taken. */
  first(most: number): T[]
  /** How many would be served before an entry that now joined this path; `within` counts the first levels out. */
  ahead(path: readonly string[], within?: number): number
  /** How many wait at a path. */
  sizeAt(path: readonly string[]): number
  /** The branches at the first level, the next in turn first. */
  branches(): { name: string; size: number }[]
}

interface Node<T> {
  size: number
  /** In turn: a Map keeps the order of insertion. */
  branches: Map<string, Node<T>>
  entries: Set<T>
}

const createNode = <T>(): Node<T> => ({ size: 0, branches: new Map(), entries: new Set() })

/** An empty queue. All paths must be equally long. */
export function createFairQueue<T>(): FairQueue<T> {
  const root = createNode<T>()

  const nodesOf = (path: readonly string[]): (Node<T> | undefined)[] => {
    const nodes: (Node<T> | undefined)[] = [root]
    for (const name of path) nodes.push(nodes.at(-1)?.branches.get(name))
    return nodes
  }

  function removeFrom(node: Node<T>, path: readonly string[], entry: T): boolean {
    const [name, ...rest] = path
    if (name === undefined) {
      if (!node.entries.delete(entry)) return false
    } else {
      const branch = node.branches.get(name)
      if (!branch || !removeFrom(branch, rest, entry)) return false
      if (branch.size === 0) node.branches.delete(name)
    }
    node.size -= 1
    return true
  }

  function takeFrom(
    node: Node<T>,
    path: readonly string[],
    admits: (path: readonly string[]) => boolean,
  ): { entry: T } | undefined {
    for (const entry of node.entries) {
      node.entries.delete(entry)
      node.size -= 1
      return { entry }
    }
    for (const [name, branch] of node.branches) {
      const here = [...path, name]
      const found = admits(here) ? takeFrom(branch, here, admits) : undefined
      if (!found) continue
      node.size -= 1
      node.branches.delete(name)
      if (branch.size > 0) node.branches.set(name, branch)
      return found
    }
    return undefined
  }

  /** One of each branch in turn, again and again, as long as it has any. */
  function* inTurn(node: Node<T>): Generator<T> {
    yield* node.entries
    let turns = [...node.branches.values()].map(inTurn)
    while (turns.length > 0) {
      const going = new Set<Generator<T>>()
      for (const turn of turns) {
        const { done, value } = turn.next()
        if (done === true) continue
        going.add(turn)
        yield value
      }
      turns = [...going]
    }
  }

  return {
    get size() {
      return root.size
    },
    add(path, entry) {
      let node = root
      node.size += 1
      for (const name of path) {
        const branch = node.branches.get(name) ?? createNode<T>()
        node.branches.set(name, branch)
        node = branch
        node.size += 1
      }
      node.entries.add(entry)
    },
    remove(path, entry) {
      removeFrom(root, path, entry)
    },
    take: (admits) => takeFrom(root, [], admits)?.entry,
    first(most) {
      const entries: T[] = []
      for (const entry of inTurn(root)) {
        if (entries.length === most) break
        entries.push(entry)
      }
      return entries
    },
    ahead(path, within = 0) {
      const nodes = nodesOf(path)
      let ahead = nodes.at(-1)?.size ?? 0
      // From the leaf up: each other branch gets as many turns as it has entries, but no more than we need.
      for (const [index, name] of [...path.entries()].slice(within).toReversed()) {
        for (const [other, branch] of nodes[index]?.branches ?? []) {
          if (other !== name) ahead += Math.min(branch.size, ahead + 1)
        }
      }
      return ahead
    },
    sizeAt: (path) => nodesOf(path).at(-1)?.size ?? 0,
    branches: () => [...root.branches].map(([name, { size }]) => ({ name, size })),
  }
}
