import type { RpcMethod } from '../frappe/define-method.ts'
import type { MethodContext } from './context.ts'
import { deleteBridgeItemId } from './methods/delete_bridge_item_id.ts'
import { getBankAccounts } from './methods/get_bank_accounts.ts'
import { getBankTransactions } from './methods/get_bank_transactions.ts'
import { getBankTransactionsByAccount } from './methods/get_bank_transactions_by_account.ts'
import { getBridgeConnectLink } from './methods/get_bridge_connect_link.ts'
import { getBridgeEditLink } from './methods/get_bridge_edit_link.ts'
import { getBridgeItemDetails } from './methods/get_bridge_item_details.ts'
import { getBridgeItemId } from './methods/get_bridge_item_id.ts'
import { getCategory } from './methods/get_category.ts'
import { getEvents } from './methods/get_events.ts'
import { getPortalLink } from './methods/get_portal_link.ts'
import { getProConfirmationLink } from './methods/get_pro_confirmation_link.ts'
import { getScaAuthenticationLink } from './methods/get_sca_authentication_link.ts'
import { getSingleBank } from './methods/get_single_bank.ts'
import { getWebhookSecret } from './methods/get_webhook_secret.ts'
import { postItemRefresh } from './methods/post_item_refresh.ts'
import { createSiteKey } from './methods/create_site_key.ts'
import { getUsage } from './methods/get_usage.ts'
import { listSites } from './methods/list_sites.ts'
import { revokeSiteKey } from './methods/revoke_site_key.ts'

/** Every RPC method we serve. Plain routes, as bridge-callback.ts, stand in the other files of this folder. */
export const methods: readonly RpcMethod<MethodContext>[] = [
  getBridgeConnectLink,
  getBridgeEditLink,
  getScaAuthenticationLink,
  getProConfirmationLink,
  getBridgeItemId,
  getBridgeItemDetails,
  deleteBridgeItemId,
  postItemRefresh,
  getBankAccounts,
  getSingleBank,
  getBankTransactionsByAccount,
  getBankTransactions,
  getCategory,
  getWebhookSecret,
  getEvents,
  getPortalLink,
  listSites,
  createSiteKey,
  revokeSiteKey,
  getUsage,
]
