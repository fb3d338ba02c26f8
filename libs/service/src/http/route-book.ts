/** Addresses under which nobody is told that there is anything, unless they have the token. */
const HIDDEN = '/ops/';

/** Which methods which address takes, so that a wrong method is told from a wrong address. */
export class RouteBook {
  private readonly routes: { readonly pattern: RegExp; readonly methods: ReadonlySet<string> }[] = [];

  /** @param path as Fastify writes it: `/v1/transfers/:id` */
  add(path: string, methods: string | readonly string[]): void {
    if (path.startsWith(HIDDEN)) return;
    this.routes.push({ pattern: patternOf(path), methods: new Set([methods].flat()) });
  }

  /** The methods that an address takes, in their order; none for one that does not exist. */
  methodsOf(address: string): readonly string[] {
    const [path = ''] = address.split('?', 1);
    const found = this.routes.filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  }
}

function patternOf(path: string): RegExp {
  const parts = path.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+';
    return part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
