/** The document of the benchmarks, about 540 bytes, as a restaurant has them. Both servers give it: the client works alike. */
export const restaurantOf = _id => ({
  _id,
  name: 'Blarney Castle',
  borough: 'Queens',
  cuisine: 'American',
  restaurant_id: '40366356',
  address: { building: '202-24', street: 'Rockaway Point Boulevard', zipcode: '11697', coord: [-73.925, 40.56] },
  grades: Array.from({ length: 5 }, (_, index) => ({ date: new Date(1_400_000_000_000), grade: 'A', score: index })),
  remark: 'x'.repeat(90),
})
