// The serial part of activity.
#pragma once

#include "isa/table/data.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// Of each column: the sums of x - x[0] and of its square, the least and the largest, how many are 0 and how many
// outside of [low, high]. NaN is neither least nor largest, but in the sums.
template <class V>
void column_activity(const ColumnActivity<typename V::Scalar>& of, Matrix<const typename V::Scalar> x,
                     typename V::Scalar low, typename V::Scalar high) {
  using Vec = typename V::Vec;
  const Vec one = broadcast<V>(1), none{}, lowest = broadcast<V>(low), highest = broadcast<V>(high);
  for_vectors<V>(x.cols, [&](Index j, auto cover) {
    const Vec pivot = cover.load(x.row(0) + j);
    Vec sum{}, squares{}, least = pivot, largest = pivot, zeros{}, outside{};
    for (Index r = 0; r < x.rows; ++r) {
      const Vec v = cover.load(x.row(r) + j);
      const Vec d = v - pivot;
      sum += d;
      squares += d * d;
      least = v < least ? v : least;
      largest = v > largest ? v : largest;
      zeros += v == none ? one : none;
      outside += v < lowest ? one : none;
      outside += v > highest ? one : none;
    }
    cover.store(of.sum + j, sum);
    cover.store(of.squares + j, squares);
    cover.store(of.least + j, least);
    cover.store(of.largest + j, largest);
    cover.store(of.zeros + j, zeros);
    cover.store(of.outside + j, outside);
  });
}

}  // namespace
}  // namespace fastdnn
