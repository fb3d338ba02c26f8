/** What the host process tells the lab. */
export type HostReport =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'ready'; readonly port: number; readonly password: string }
  | { readonly kind: 'done'; readonly request: number }
  | { readonly kind: 'failed'; readonly message: string; readonly request?: number };

/** What can be done to the server. */
export type HostAction = 'kill' | 'restart' | 'pause' | 'resume';

/** What the lab asks of the host process: one thing after the other, each answered by its number. */
export interface HostRequest {
  readonly number: number;
  readonly action: HostAction;
}
