import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthenticationGuard, TOKEN_VERIFIER } from './access/authentication.guard.js';
import { ScopesGuard } from './access/scopes.guard.js';
import { TokenVerifier } from './access/token-verifier.js';
import { RATE_LIMIT, RateLimitGuard } from './limits/rate-limit.guard.js';
import { rateLimitOf } from './limits/rate-limit.environment.js';
import { SERVICE_NAME } from './service-name.js';
import type { ServiceEnvironment } from './service.environment.js';

/** What every service has of itself: who calls is asked, counted, and let in or not; and the service has a name. */
@Module({})
export class ServiceModule {
  static for(service: string, environment: ServiceEnvironment): DynamicModule {
    return {
      module: ServiceModule,
      providers: [
        { provide: SERVICE_NAME, useValue: service },
        { provide: TOKEN_VERIFIER, useValue: TokenVerifier.for(environment) ?? null },
        { provide: RATE_LIMIT, useValue: rateLimitOf(environment) },
        // In this order: who is refused is counted too.
        { provide: APP_GUARD, useClass: AuthenticationGuard },
        { provide: APP_GUARD, useClass: RateLimitGuard },
        { provide: APP_GUARD, useClass: ScopesGuard },
      ],
    };
  }
}
