import type { Execution } from '../database/execution.js';
import type { CompiledQuery, Frame } from './compiled.js';
import { Scope } from './scope.js';
import type { Query } from './syntax.js';

/** A query inside the query of this scope. One that looks at nothing outside of itself is run once for a statement. */
export function compileSubquery(query: Query, outer: Scope): CompiledQuery {
  const { statement, commonTables } = outer.surroundings;
  // Whatever the query looks for outside, it looks for through this scope.
  const border = new Scope({ ...outer.surroundings, outer });
  const compiled = statement.queries.compileQuery(query, { statement, commonTables, outer: border });
  const { looksOut } = border;
  const run = (frame: Frame | undefined, execution: Execution) => {
    const inside: Frame = { tuples: [], outer: frame, computed: [] };
    if (looksOut) return compiled.run(inside, execution);
    const rows = execution.subqueries.get(compiled) ?? compiled.run(inside, execution);
    execution.subqueries.set(compiled, rows);
    return rows;
  };
  return { columns: compiled.columns, run };
}
