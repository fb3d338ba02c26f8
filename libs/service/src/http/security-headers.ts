import type { SecurityHeadersOptions } from '@nestjs/common';

/**
 * What browsers are told: the answers are data, and the one page there is loads nothing from elsewhere. They are not told
 * to use TLS: whoever ends TLS in front of the service says so.
 */
export const SECURITY_HEADERS: SecurityHeadersOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: "'none'",
      connectSrc: "'self'",
      scriptSrc: "'self'",
      // The page's own elements carry styles.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      baseUri: "'none'",
      formAction: "'none'",
      frameAncestors: "'none'",
    },
  },
  strictTransportSecurity: false,
};
