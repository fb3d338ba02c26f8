import type { Execution } from '../database/execution.js';
import type { Tuple } from '../database/rows.js';
import type { Column, Compiled, Frame } from './compiled.js';
import type { ExpressionCompiler } from './compile-expression.js';
import { readerOf, type Source } from './scope.js';
import type { Expression, Output } from './syntax.js';

/** What a query hands over of each frame. */
export interface CompiledOutputs {
  readonly columns: readonly Column[];
  readonly tupleOf: (frame: Frame, execution: Execution) => Tuple;
}

export function compileOutputs(outputs: readonly Output[], expressions: ExpressionCompiler): CompiledOutputs {
  const compiled = outputs.flatMap((output): (Compiled & Column)[] => {
    if (output.star) return columnsOf(expressions, output.star.source);
    const expression = output.expression as Expression;
    return [{ ...expressions.compile(expression), name: output.name ?? nameOf(expression) }];
  });
  return {
    columns: compiled.map(({ name, type }) => ({ name, type })),
    tupleOf: (frame, execution) => ({ values: compiled.map(({ evaluate }) => evaluate(frame, execution)) }),
  };
}

/** All columns of a source, or of all sources; those that a join has merged once. */
function columnsOf({ scope }: ExpressionCompiler, name: string | undefined): (Compiled & Column)[] {
  return scope.sources.flatMap((source: Source, index) => {
    if (name !== undefined && source.name !== name) return [];
    return source.columns.flatMap((column, at) => {
      const merged = name === undefined ? scope.merged.get(column.name) : undefined;
      if (merged && merged.source !== index) return [];
      const { type } = column;
      return [{ ...column, evaluate: readerOf({ depth: 0, source: index, column: at, type }) }];
    });
  });
}

/** The name that PostgreSQL gives an output without one. */
function nameOf(expression: Expression): string {
  if (expression.kind === 'column' || expression.kind === 'call') return expression.name;
  if (expression.kind === 'cast') return nameOf(expression.operand);
  const named = ['case', 'exists', 'array'].includes(expression.kind);
  return named ? expression.kind : '?column?';
}
