/** Dates: their parts, their text, and reckoning with them. */
import { ObjectId, Timestamp } from 'bson'
import { describe, expect, test } from 'vitest'
import { civilFromDays, daysFromCivil } from './calendar.ts'
import { decimal, double, gives, int, long, missing, refuses } from './tables.suite.ts'
import { timeZoneOf, toLocal, toUtc } from './time-zones.ts'

const date = (text: string): Date => new Date(text)
const d = date('2024-02-29T23:58:59.123Z')
const newYork = 'America/New_York'

describe('parts', () => {
  gives([
    [{ $year: d }, int(2024)],
    [{ $month: d }, int(2)],
    [{ $dayOfMonth: [d] }, int(29)],
    [{ $hour: d }, int(23)],
    [{ $minute: d }, int(58)],
    [{ $second: d }, int(59)],
    [{ $millisecond: d }, int(123)],
    [{ $dayOfWeek: d }, int(5)],
    [{ $isoDayOfWeek: d }, int(4)],
    [{ $dayOfYear: date('2024-12-31T00:00:00Z') }, int(366)],
    [{ $week: date('2024-01-06T00:00:00Z') }, int(0)],
    [{ $week: date('2024-01-07T00:00:00Z') }, int(1)],
    [{ $isoWeek: date('2021-01-03T00:00:00Z') }, int(53)],
    [{ $isoWeekYear: date('2021-01-03T00:00:00Z') }, long(2020)],
    [{ $isoWeek: date('2018-12-31T00:00:00Z') }, int(1)],
    [{ $isoWeekYear: date('2018-12-31T00:00:00Z') }, long(2019)],
    [{ $millisecond: date('1969-12-31T23:59:59.999Z') }, int(999)],
    [{ $year: date('1969-12-31T23:59:59.999Z') }, int(1969)],
    [{ $year: date('-000001-06-01T00:00:00Z') }, int(-1)],
    [{ $year: new ObjectId('64b7f9a2c1d2e3f4a5b6c7d8') }, int(2023)],
    [{ $year: new Timestamp({ t: 1_700_000_000, i: 1 }) }, int(2023)],
    [{ $hour: { date: '$t', timezone: newYork } }, int(19), { t: date('2024-01-02T00:30:00Z') }],
    [{ $hour: { date: d, timezone: '+05:30' } }, int(5)],
    [{ $minute: { date: d, timezone: '-0530' } }, int(28)],
    [{ $hour: { date: d, timezone: '+03' } }, int(2)],
    [{ $hour: '$x' }, null],
    [{ $hour: { date: d, timezone: null } }, null],
    [{ $hour: { date: null, timezone: 'UTC' } }, null],
  ])
  refuses([
    [{ $year: 'abc' }, 'Location16006'],
    [{ $year: { $add: [1, 2] } }, 'Location16006'],
    [{ $year: [d, d] }, 'Location40536'],
    [{ $year: { date: d, k: 1 } }, 'Location40535'],
    [{ $year: {} }, 'Location40539'],
    [{ $year: { date: d, timezone: 'Nowhere/Town' } }, 'Location40485'],
    [{ $year: { date: d, timezone: 1 } }, 'Location40517'],
  ])
})

describe('documents of parts', () => {
  const parts = { year: 2024, month: 2, day: 29, hour: 23, minute: 58, second: 59, millisecond: 123 }
  const isoParts = {
    isoWeekYear: 2024,
    isoWeek: 9,
    isoDayOfWeek: 4,
    hour: 18,
    minute: 58,
    second: 59,
    millisecond: 123,
  }
  gives([
    [{ $dateToParts: { date: d } }, parts],
    [{ $dateToParts: { date: d, timezone: newYork, iso8601: true } }, isoParts],
    [{ $dateToParts: { date: '$x' } }, null],
    [{ $dateToParts: { date: d, iso8601: null } }, null],
    [{ $dateFromParts: parts }, d],
    [{ $dateFromParts: { ...isoParts, timezone: newYork } }, d],
    [{ $dateFromParts: { year: 2017 } }, date('2017-01-01T00:00:00Z')],
    [{ $dateFromParts: { year: 2017, month: 14, day: 0, hour: 25 } }, date('2018-02-01T01:00:00Z')],
    [{ $dateFromParts: { year: 2017, month: -1, day: -1 } }, date('2016-10-30T00:00:00Z')],
    [{ $dateFromParts: { year: long(2017), month: double(3), day: decimal('4') } }, date('2017-03-04T00:00:00Z')],
    [{ $dateFromParts: { year: 2017, second: 100_000 } }, date('2017-01-02T03:46:40Z')],
    [{ $dateFromParts: { isoWeekYear: 2017, isoWeek: 53 } }, date('2018-01-01T00:00:00Z')],
    [{ $dateFromParts: { year: 2017, month: '$x' } }, null],
    [{ $dateFromParts: { year: 2017, timezone: '$x' } }, null],
  ])
  refuses([
    [{ $dateToParts: {} }, 'Location40522'],
    [{ $dateToParts: { date: d, iso8601: 1 } }, 'Location40521'],
    [{ $dateToParts: { date: d, x: 1 } }, 'Location40520'],
    [{ $dateToParts: 1 }, 'Location40524'],
    [{ $dateFromParts: { month: 1 } }, 'Location40516'],
    [{ $dateFromParts: { year: 2017, isoWeek: 1 } }, 'Location40525'],
    [{ $dateFromParts: { isoWeekYear: 2017, month: 1 } }, 'Location40489'],
    [{ $dateFromParts: { year: 'a' } }, 'Location40515'],
    [{ $dateFromParts: { year: 2017, month: 1.5 } }, 'Location40515'],
    [{ $dateFromParts: { year: 0 } }, 'Location40523'],
    [{ $dateFromParts: { isoWeekYear: 10_000 } }, 'Location31095'],
    [{ $dateFromParts: { year: 2017, month: 40_000 } }, 'Location31034'],
  ])
})

describe('text', () => {
  const all = '%Y|%m|%d|%H|%M|%S|%L|%j|%w|%u|%U|%V|%G|%z|%Z|%b|%B|%%'
  const formatted = (format: string, timezone?: string) => ({ $dateToString: { date: d, format, timezone } })
  gives([
    [{ $dateToString: { date: d } }, '2024-02-29T23:58:59.123Z'],
    [{ $dateToString: { date: d, timezone: '+01:00' } }, '2024-03-01T00:58:59.123'],
    [formatted(all, 'UTC'), '2024|02|29|23|58|59|123|060|5|4|08|09|2024|+0000|+0|Feb|February|%'],
    [formatted('%H %z %Z', newYork), '18 -0500 -300'],
    [formatted('%z %Z', '+04:45'), '+0445 +285'],
    [{ $dateToString: { date: '$x' } }, null],
    [{ $dateToString: { date: '$x', onNull: 'none' } }, 'none'],
    [{ $dateToString: { date: d, format: '$x' } }, null],
    [{ $dateFromString: { dateString: '2017-02-08T12:10:40.787' } }, date('2017-02-08T12:10:40.787Z')],
    [{ $dateFromString: { dateString: '2017-02-08T12:10:40.787Z' } }, date('2017-02-08T12:10:40.787Z')],
    [{ $dateFromString: { dateString: '2017-02-08T12:10:40+0200' } }, date('2017-02-08T10:10:40Z')],
    [{ $dateFromString: { dateString: '2017-02-08 12:10' } }, date('2017-02-08T12:10:00Z')],
    [{ $dateFromString: { dateString: '2017-02-08' } }, date('2017-02-08T00:00:00Z')],
    [{ $dateFromString: { dateString: '20170208T121040' } }, date('2017-02-08T12:10:40Z')],
    [{ $dateFromString: { dateString: '2017/02/08' } }, date('2017-02-08T00:00:00Z')],
    [{ $dateFromString: { dateString: '2/8/2017 1:05 pm' } }, date('2017-02-08T13:05:00Z')],
    [{ $dateFromString: { dateString: 'July 4th, 2017' } }, date('2017-07-04T00:00:00Z')],
    [{ $dateFromString: { dateString: 'Tue, 04 Jul 2017 11:00:00 GMT' } }, date('2017-07-04T11:00:00Z')],
    [{ $dateFromString: { dateString: '2017-07-04 11:00 Europe/Rome' } }, date('2017-07-04T09:00:00Z')],
    [{ $dateFromString: { dateString: '2017-07-04 11:00 America/New_York' } }, date('2017-07-04T15:00:00Z')],
    [{ $dateFromString: { dateString: '2017-02-08T12:00', timezone: newYork } }, date('2017-02-08T17:00:00Z')],
    [{ $dateFromString: { dateString: '08.02.2017', format: '%d.%m.%Y' } }, date('2017-02-08T00:00:00Z')],
    [{ $dateFromString: { dateString: '2017 60', format: '%Y %j' } }, date('2017-03-01T00:00:00Z')],
    [{ $dateFromString: { dateString: '5 2 2017', format: '%u %V %G' } }, date('2017-01-13T00:00:00Z')],
    [
      { $dateFromString: { dateString: 'Mar 1 2017 1:02:03.4 +0100', format: '%b %d %Y %H:%M:%S.%L %z' } },
      date('2017-03-01T00:02:03.400Z'),
    ],
    [{ $dateFromString: { dateString: '$x' } }, null],
    [{ $dateFromString: { dateString: '$x', onNull: 1 } }, int(1)],
    [{ $dateFromString: { dateString: 'nonsense', onError: 'bad' } }, 'bad'],
    [{ $dateFromString: { dateString: 5, onError: '$y' } }, missing],
  ])
  refuses([
    [{ $dateToString: {} }, 'Location18628'],
    [{ $dateToString: { date: d, format: '%' } }, 'Location18535'],
    [{ $dateToString: { date: d, format: '%n' } }, 'Location18536'],
    [{ $dateToString: { date: d, format: 1 } }, 'Location18533'],
    [{ $dateToString: { date: d, x: 1 } }, 'Location18534'],
    [{ $dateToString: { date: date('+012345-01-01T00:00:00Z') } }, 'Location18537'],
    [{ $dateToString: { date: 1 } }, 'Location16006'],
    [{ $dateFromString: { dateString: 'nonsense' } }, 'ConversionFailure'],
    [{ $dateFromString: { dateString: '2017-02-30' } }, 'ConversionFailure'],
    [{ $dateFromString: { dateString: '2017-02-08T25:00' } }, 'ConversionFailure'],
    [{ $dateFromString: { dateString: '2017-02-08T10:00Z', timezone: newYork } }, 'ConversionFailure'],
    [{ $dateFromString: { dateString: '2017-02-08', format: '%Y' } }, 'ConversionFailure'],
    [{ $dateFromString: { dateString: '2017', format: '%x' } }, 'Location18536'],
    [{ $dateFromString: { dateString: 5 } }, 'ConversionFailure'],
    [{ $dateFromString: {} }, 'Location40542'],
  ])
})

describe('reckoning', () => {
  const shift = (startDate: unknown, unit: string, amount: unknown, timezone?: string) => ({
    $dateAdd: { startDate, unit, amount, ...(timezone && { timezone }) },
  })
  const diff = (startDate: Date, endDate: Date, unit: string, more: object = {}) => ({
    $dateDiff: { startDate, endDate, unit, ...more },
  })
  const trunc = (text: string, unit: string, more: object = {}) => ({ $dateTrunc: { date: date(text), unit, ...more } })
  gives([
    [shift(date('2020-12-31T12:10:05Z'), 'month', 2), date('2021-02-28T12:10:05Z')],
    [shift(date('2020-02-29T00:00:00Z'), 'year', 1), date('2021-02-28T00:00:00Z')],
    [shift(date('2020-02-29T00:00:00Z'), 'quarter', long(-1)), date('2019-11-29T00:00:00Z')],
    [shift(date('2020-02-29T00:00:00Z'), 'week', 1), date('2020-03-07T00:00:00Z')],
    [shift(date('2021-03-13T12:00:00Z'), 'day', 1, newYork), date('2021-03-14T11:00:00Z')],
    [shift(date('2021-03-13T12:00:00Z'), 'hour', 24, newYork), date('2021-03-14T12:00:00Z')],
    [shift(new ObjectId('5ff000000000000000000000'), 'millisecond', 1), date('2021-01-02T05:09:20.001Z')],
    [shift('$x', 'day', 1), null],
    [shift(d, 'day', '$x'), null],
    [
      { $dateSubtract: { startDate: date('2021-03-31T00:00:00Z'), unit: 'month', amount: 1 } },
      date('2021-02-28T00:00:00Z'),
    ],
    [diff(date('2010-12-31T23:59:59Z'), date('2011-01-01T00:00:00Z'), 'year'), long(1)],
    [diff(date('2011-01-01T00:00:00Z'), date('2010-12-31T23:59:59Z'), 'quarter'), long(-1)],
    [diff(date('2021-01-31T00:00:00Z'), date('2021-03-01T00:00:00Z'), 'month'), long(2)],
    [diff(date('2021-01-31T23:00:00Z'), date('2021-02-01T01:00:00Z'), 'day'), long(1)],
    [diff(date('2021-01-31T23:00:00Z'), date('2021-02-01T01:00:00Z'), 'day', { timezone: newYork }), long(0)],
    [diff(date('2021-01-03T00:00:00Z'), date('2021-01-04T00:00:00Z'), 'week'), long(0)],
    [diff(date('2021-01-03T00:00:00Z'), date('2021-01-04T00:00:00Z'), 'week', { startOfWeek: 'Monday' }), long(1)],
    [diff(date('2021-01-03T00:00:00Z'), date('2021-01-04T00:00:00Z'), 'week', { startOfWeek: null }), null],
    [diff(date('2021-01-03T00:59:59Z'), date('2021-01-03T02:00:00Z'), 'hour'), long(2)],
    [diff(date('2021-03-14T06:30:00Z'), date('2021-03-14T07:30:00Z'), 'hour', { timezone: newYork }), long(1)],
    [diff(date('2021-01-03T00:00:59Z'), date('2021-01-03T00:01:00Z'), 'minute'), long(1)],
    [diff(date('2021-01-03T00:00:00Z'), date('2021-01-03T00:00:00.999Z'), 'millisecond'), long(999)],
    [trunc('2021-03-20T11:30:05Z', 'month', { binSize: 2 }), date('2021-03-01T00:00:00Z')],
    [trunc('2021-03-20T11:30:05Z', 'quarter'), date('2021-01-01T00:00:00Z')],
    [trunc('2021-03-20T11:30:05Z', 'year', { binSize: 2 }), date('2020-01-01T00:00:00Z')],
    [trunc('1999-03-20T11:30:05Z', 'year', { binSize: 2 }), date('1998-01-01T00:00:00Z')],
    [trunc('2021-03-20T11:30:05Z', 'week'), date('2021-03-14T00:00:00Z')],
    [trunc('2021-03-20T11:30:05Z', 'week', { startOfWeek: 'mon' }), date('2021-03-15T00:00:00Z')],
    [
      trunc('2021-03-20T11:30:05Z', 'week', { binSize: 2, timezone: 'America/Los_Angeles', startOfWeek: 'Monday' }),
      date('2021-03-15T07:00:00Z'),
    ],
    [trunc('2021-03-20T03:30:05Z', 'day', { timezone: newYork }), date('2021-03-19T04:00:00Z')],
    [trunc('2021-03-20T11:30:05Z', 'hour'), date('2021-03-20T11:00:00Z')],
    [trunc('2021-03-20T11:37:05Z', 'minute', { binSize: 15 }), date('2021-03-20T11:30:00Z')],
    [trunc('2021-03-20T11:37:05.999Z', 'second'), date('2021-03-20T11:37:05Z')],
    [{ $dateTrunc: { date: '$x', unit: 'day' } }, null],
    [{ $add: [d, 1000] }, date('2024-02-29T23:59:00.123Z')],
    [{ $add: [1.5, d] }, date('2024-02-29T23:58:59.125Z')],
    [{ $subtract: [d, 123] }, date('2024-02-29T23:58:59.000Z')],
    [{ $subtract: [d, date('2024-02-29T23:58:59Z')] }, long(123)],
    [{ $tsSecond: new Timestamp({ t: 5, i: 7 }) }, long(5)],
    [{ $tsIncrement: new Timestamp({ t: 5, i: 7 }) }, long(7)],
    [{ $tsSecond: '$x' }, null],
  ])
  refuses([
    [{ $dateAdd: { startDate: d, unit: 'day' } }, 'Location5166402'],
    [{ $dateAdd: { startDate: d, unit: 'day', amount: 1, x: 1 } }, 'Location5166401'],
    [{ $dateAdd: 1 }, 'Location5166400'],
    [shift('text', 'day', 1), 'Location5166403'],
    [shift(d, 'day', 1.5), 'Location5166405'],
    [shift(d, 'century', 1), 'FailedToParse'],
    [shift(d, 'year', long('9007199254740993')), 'Location5976500'],
    [{ $dateDiff: { endDate: d, unit: 'day' } }, 'Location5166303'],
    [{ $dateDiff: { startDate: d, endDate: 'x', unit: 'day' } }, 'Location5166307'],
    [diff(d, d, 'week', { startOfWeek: 'x' }), 'Location5439016'],
    [{ $dateTrunc: { date: d, unit: 1 } }, 'Location5439013'],
    [trunc('2021-03-20T11:30:05Z', 'day', { binSize: 0 }), 'Location5439018'],
    [trunc('2021-03-20T11:30:05Z', 'day', { binSize: 'x' }), 'Location5439017'],
    [{ $add: [d, d] }, 'Location16612'],
    [{ $add: [d, double(1e300)] }, 'Overflow'],
    [{ $subtract: [1, d] }, 'TypeMismatch'],
    [{ $tsSecond: 1 }, 'Location5687301'],
    [{ $tsIncrement: d }, 'Location5687302'],
  ])
})

test('the calendar agrees with Date, four centuries around 1970', () => {
  const wrong: number[] = []
  for (let days = -80_000; days < 80_000; days += 7) {
    const { year, month, day } = civilFromDays(days)
    const isRight = Date.UTC(year, month - 1, day) === days * 86_400_000 && daysFromCivil(year, month, day) === days
    if (!isRight) wrong.push(days)
  }
  expect(wrong).toEqual([])
})

test('what a clock shows leads back to its moment, unless the clock goes twice over it', () => {
  const zone = timeZoneOf('Europe/Berlin')
  const backwards = date('2023-10-29T01:00:00Z').getTime()
  const wrong: number[] = []
  for (let ms = date('2023-01-01T00:00:00Z').getTime(); ms < date('2024-01-01T00:00:00Z').getTime(); ms += 1_800_000) {
    const again = ms >= backwards && ms < backwards + 3_600_000
    if (toUtc(zone, toLocal(zone, ms)) !== (again ? ms - 3_600_000 : ms)) wrong.push(ms)
  }
  expect(wrong).toEqual([])
})

test('a time that the clock leaves out lies behind the gap', () => {
  const zone = timeZoneOf(newYork)
  expect(toUtc(zone, date('2021-03-14T02:30:00Z').getTime())).toBe(date('2021-03-14T07:30:00Z').getTime())
})
