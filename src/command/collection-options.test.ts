import { expect, test } from 'vitest'
import { ask, openServices } from '../../test/services.ts'
import { dispatch } from './dispatch.ts'

test('a validator that should only warn is refused by name, and not left out in silence', async () => {
  const services = await openServices()
  const create = { create: 'c', validator: { n: 1 }, $db: 'shop' }
  expect(await ask(dispatch, services, { ...create, validationAction: 'warn' })).toMatchObject({
    code: 238,
    errmsg: "'create.validationAction: warn' is not supported yet",
  })
  expect(await ask(dispatch, services, { ...create, validationAction: 'error' })).toMatchObject({ ok: 1 })
  await services.close()
})
