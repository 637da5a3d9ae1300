/** The context of one running command. */
import type { Client, Command, CommandContext, Operation, Services } from './command.ts'

/** Made for each command: what the process has one of is looked up when somebody wants it. */
export class Context implements CommandContext {
  readonly client: Client
  readonly operation: Operation
  readonly commands: ReadonlyMap<string, Command>
  readonly store: Services['store']
  readonly #services: Services

  constructor(
    services: Services,
    { client, operation, commands, store }: Pick<CommandContext, 'client' | 'operation' | 'commands' | 'store'>,
  ) {
    this.client = client
    this.operation = operation
    this.commands = commands
    this.store = store
    this.#services = services
  }

  withStore(store: Services['store']): CommandContext {
    const { client, operation, commands } = this
    return new Context(this.#services, { client, operation, commands, store })
  }

  get env(): Services['env'] {
    return this.#services.env
  }

  get hub(): Services['hub'] {
    return this.#services.hub
  }

  get cursors(): Services['cursors'] {
    return this.#services.cursors
  }

  get sessions(): Services['sessions'] {
    return this.#services.sessions
  }

  get transactions(): Services['transactions'] {
    return this.#services.transactions
  }

  get snapshots(): Services['snapshots'] {
    return this.#services.snapshots
  }

  get failPoints(): Services['failPoints'] {
    return this.#services.failPoints
  }

  get facts(): Services['facts'] {
    return this.#services.facts
  }

  get operations(): Services['operations'] {
    return this.#services.operations
  }

  get counters(): Services['counters'] {
    return this.#services.counters
  }

  get clients(): Services['clients'] {
    return this.#services.clients
  }

  get log(): Services['log'] {
    return this.#services.log
  }

  get maintenance(): Services['maintenance'] {
    return this.#services.maintenance
  }

  get requestShutdown(): Services['requestShutdown'] {
    return this.#services.requestShutdown
  }
}
