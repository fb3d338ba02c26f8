interface Node<T> {
  readonly children: Map<string, Node<T>>;
  /** Values whose pattern ends at this node. */
  readonly here: Set<T>;
  /** Values whose pattern ends in `>` after this node. */
  readonly below: Set<T>;
}

/** Finds the patterns with wildcards (`*` for one token, `>` for the rest) that match a subject. */
export class PatternTree<T> {
  private readonly root: Node<T> = newNode();

  add(pattern: string, value: T): void {
    const tokens = pattern.split('.');
    let node = this.root;
    for (const token of tokens) {
      if (token === '>') {
        node.below.add(value);
        return;
      }
      let next = node.children.get(token);
      if (next === undefined) node.children.set(token, (next = newNode()));
      node = next;
    }
    node.here.add(value);
  }

  remove(pattern: string, value: T): void {
    this.removeBelow(this.root, pattern.split('.'), 0, value);
  }

  match(subject: string, found: (value: T) => void): void {
    this.matchBelow(this.root, subject.split('.'), 0, found);
  }

  private matchBelow(node: Node<T>, tokens: string[], depth: number, found: (value: T) => void): void {
    const token = tokens[depth];
    if (token === undefined) {
      node.here.forEach(found);
      return;
    }
    node.below.forEach(found);
    const exact = node.children.get(token);
    if (exact !== undefined) this.matchBelow(exact, tokens, depth + 1, found);
    const any = token === '*' ? undefined : node.children.get('*');
    if (any !== undefined) this.matchBelow(any, tokens, depth + 1, found);
  }

  /** Removes the value and every node that this leaves empty: a server that runs for long must not grow. */
  private removeBelow(node: Node<T>, tokens: string[], depth: number, value: T): void {
    const token = tokens[depth];
    if (token === undefined) {
      node.here.delete(value);
    } else if (token === '>') {
      node.below.delete(value);
    } else {
      const child = node.children.get(token);
      if (child === undefined) return;
      this.removeBelow(child, tokens, depth + 1, value);
      if (child.children.size + child.here.size + child.below.size === 0) node.children.delete(token);
    }
  }
}

function newNode<T>(): Node<T> {
  return { children: new Map(), here: new Set(), below: new Set() };
}
