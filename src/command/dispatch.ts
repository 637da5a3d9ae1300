/**
 * From a request's bytes to its answer's: finds the command, reads the arguments that all commands share, runs it, and turns
 * what it gave or threw into a reply. The only place where an error becomes one.
 *
 *   body ─▶ generic arguments ─▶ session ─▶ fail point ─▶ Command.run ─▶ { …fields, ok, $clusterTime, operationTime }
 *                                                              │
 *                                                            throws ─▶ { ok: 0, errmsg, code, codeName, labels, … }
 */
import type { MaybePromise } from '../base/maybe-promise.ts'
import * as all from './commands/all.ts'
import type { Client, Command, Services } from './command.ts'
import { Exchange, type Outcome, type RequestMessage } from './exchange.ts'

/**
 * Answers one request, at once where nothing has to be waited for. It never throws: whatever goes wrong is a reply. The message's
 * documents are well-formed BSON.
 */
export type Dispatch = (message: RequestMessage, client: Client, services: Services) => MaybePromise<Outcome>

/** Answers with these commands. */
export function makeDispatch(commands: Iterable<Command>): Dispatch {
  const byName = new Map<string, Command>()
  for (const command of commands) {
    for (const name of [command.name, ...(command.aliases ?? [])]) byName.set(name, command)
  }
  return (message, client, services) => new Exchange(byName, client, services).answer(message)
}

/** Answers with all the commands there are. */
export const dispatch: Dispatch = makeDispatch(Object.values(all))
