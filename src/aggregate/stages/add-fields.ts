/** `{ $addFields: { path: expression } }` puts computed fields into each document. */
import { addFieldsStage } from '../added-fields.ts'

export const stage = addFieldsStage('$addFields')
