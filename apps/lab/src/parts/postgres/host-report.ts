/** What the host process tells the lab. */
export type HostReport =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'ready'; readonly port: number; readonly password: string }
  | { readonly kind: 'restarted' }
  | { readonly kind: 'failed'; readonly message: string };

/** What the lab asks of the host process. */
export type HostRequest = 'crash';
