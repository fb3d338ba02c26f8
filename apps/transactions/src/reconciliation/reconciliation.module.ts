import { Module } from '@nestjs/common';
import { ReconciliationController } from './reconciliation.controller.js';
import { ReconciliationStore } from './reconciliation.store.js';

@Module({ controllers: [ReconciliationController], providers: [ReconciliationStore] })
export class ReconciliationModule {}
