import module from 'node:module';

let redirected = false;

/**
 * Gives the programs that are loaded from here on the simulated client of NATS Streaming, and ids that begin anew with
 * each schedule. Nothing else of what they load is another one.
 */
export function redirectPackages(): void {
  if (redirected) return;
  redirected = true;
  module.register('./redirect.hooks.js', {
    parentURL: import.meta.url,
    data: {
      uuid: new URL('simulated-uuid.js', import.meta.url).href,
      'node-nats-streaming': new URL('../broker/simulated-client.js', import.meta.url).href,
    },
  });
}
