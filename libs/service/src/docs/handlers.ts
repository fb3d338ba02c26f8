import type { INestApplicationContext, Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { OPEN, REQUIRED_SCOPES } from '../access/access.decorators.js';
import type { Scope } from '../access/caller.js';
import { UNLIMITED } from '../limits/rate-limit.decorators.js';
import { OPERATION, type OperationDocument } from './operation.js';

/** A handler of requests, and what its decorators say. */
export interface Handler {
  /** `TransfersController.get` */
  readonly name: string;
  readonly document: OperationDocument | undefined;
  readonly open: boolean;
  readonly scopes: readonly Scope[];
  readonly unlimited: boolean;
}

/** Every handler of requests of an application, in the order of their modules. */
export function handlersOf(app: INestApplicationContext): readonly Handler[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  return controllers.flatMap(({ metatype }) => handlersOfController(metatype as Type));
}

function handlersOfController(controller: Type): Handler[] {
  const prototype = controller.prototype as Record<string, object>;
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return names
    .filter((name) => Reflect.hasMetadata(METHOD_METADATA, prototype[name] ?? {}))
    .map((name) => {
      const said = <Value>(key: string) =>
        (Reflect.getMetadata(key, prototype[name] ?? {}) ?? Reflect.getMetadata(key, controller)) as
          Value | undefined;
      return {
        name: `${controller.name}.${name}`,
        document: said<OperationDocument>(OPERATION),
        open: said<boolean>(OPEN) ?? false,
        scopes: said<readonly Scope[]>(REQUIRED_SCOPES) ?? [],
        unlimited: said<boolean>(UNLIMITED) ?? false,
      };
    });
}
