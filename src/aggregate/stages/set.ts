/** `{ $set: { path: expression } }`: $addFields under the name that updates use. */
import { addFieldsStage } from '../added-fields.ts'

export const stage = addFieldsStage('$set')
