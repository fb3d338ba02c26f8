import { compileStatement, surroundingsOf } from '../sql/compile-statement.js';
import type { CompiledStatement } from '../sql/compiled.js';
import { parseDefinition } from '../sql/parse-definition.js';
import { addUniqueIndex, changeTable } from './define-table.js';
import type { TableDefinition } from './definition.js';

/** The tables that migrations make, and the statements that run on them: shared by all databases of one service. */
export class Catalog {
  private readonly definitions = new Map<string, TableDefinition>();
  private readonly statements = new Map<string, CompiledStatement>();

  /** By name. */
  get tables(): ReadonlyMap<string, TableDefinition> {
    return this.definitions;
  }

  /** @throws UnknownSqlError */
  statement(text: string): CompiledStatement {
    let compiled = this.statements.get(text);
    if (!compiled) {
      compiled = compileStatement(text, this.definitions);
      this.statements.set(text, compiled);
    }
    return compiled;
  }

  /**
   * Runs one statement of a migration.
   *
   * @throws UnknownSqlError
   */
  define(text: string): void {
    const definition = parseDefinition(text);
    const context = surroundingsOf(text, this.definitions);
    switch (definition.kind) {
      case 'create table': {
        const { table: name, parts } = definition;
        const table: TableDefinition = { name, columns: [], uniques: [], checks: [], foreignKeys: [] };
        this.definitions.set(name, table);
        return changeTable(table, parts, context);
      }
      case 'alter table':
        return changeTable(context.statement.table(definition.table), definition.changes, context);
      case 'create index':
        if (definition.unique) addUniqueIndex(context.statement.table(definition.table), definition, context);
        return;
      case 'ignored':
    }
  }
}
