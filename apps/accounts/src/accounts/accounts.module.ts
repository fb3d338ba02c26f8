import { Module } from '@nestjs/common';
import { AccountStatusController } from './account-status.controller.js';
import { AccountsController } from './accounts.controller.js';
import { AccountsService } from './accounts.service.js';

/** Opens accounts, shows them and changes their status. */
@Module({
  controllers: [AccountsController, AccountStatusController],
  providers: [AccountsService],
})
export class AccountsModule {}
