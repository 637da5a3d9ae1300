/** The context of one running command. */
import type { Client, Command, CommandContext, Operation, Services } from './command.ts'

/** Field by field: spreading the services into a new object costs as much as the rest of dispatch. */
export class Context implements CommandContext {
  readonly client: Client
  readonly operation: Operation
  readonly commands: ReadonlyMap<string, Command>
  readonly env: Services['env']
  readonly store: Services['store']
  readonly hub: Services['hub']
  readonly cursors: Services['cursors']
  readonly sessions: Services['sessions']
  readonly transactions: Services['transactions']
  readonly snapshots: Services['snapshots']
  readonly failPoints: Services['failPoints']
  readonly facts: Services['facts']
  readonly operations: Services['operations']
  readonly counters: Services['counters']
  readonly clients: Services['clients']
  readonly log: Services['log']
  readonly maintenance: Services['maintenance']
  readonly requestShutdown: Services['requestShutdown']

  constructor(
    services: Services,
    { client, operation, commands, store }: Omit<CommandContext, Exclude<keyof Services, 'store'>>,
  ) {
    this.client = client
    this.operation = operation
    this.commands = commands
    this.env = services.env
    this.store = store
    this.hub = services.hub
    this.cursors = services.cursors
    this.sessions = services.sessions
    this.transactions = services.transactions
    this.snapshots = services.snapshots
    this.failPoints = services.failPoints
    this.facts = services.facts
    this.operations = services.operations
    this.counters = services.counters
    this.clients = services.clients
    this.log = services.log
    this.maintenance = services.maintenance
    this.requestShutdown = services.requestShutdown
  }
}
