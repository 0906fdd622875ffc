// The serial part of the accuracies.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// The first of the largest of a row, or -1 where all are NaN. Each lane keeps the first of its largest.
template <class V>
FASTDNN_INLINE Index argmax(const typename V::Scalar* x, Index n) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  const Vec nan = broadcast<V>(static_cast<typename V::Scalar>(__builtin_nan("")));
  Vec best = broadcast<V>(-__builtin_inf());
  Int where = Int{} - 1;  // the vector in which it was found
  Int now{};
  for_vectors<V>(n, [&](Index j, auto cover) {
    const Vec value = cover.select(cover.load(x + j), nan);
    const Int better = (value > best) | ((where < 0) & (value == value));
    best = better ? value : best;
    where = better ? now : where;
    now += 1;
  });
  const typename V::Scalar max = max_lane<V>(best);
  Index found = -1;
  for (int l = V::kLanes - 1; l >= 0; --l) {
    if (where[l] < 0 || !(best[l] == max)) continue;
    const Index index = static_cast<Index>(where[l]) * V::kLanes + l;
    if (found < 0 || index < found) found = index;
  }
  return found;
}

template <class V>
void sparse_accuracy(typename V::Scalar* row_correct, Matrix<const typename V::Scalar> z,
                     const std::int32_t* labels) {
  for (Index r = 0; r < z.rows; ++r) row_correct[r] = argmax<V>(z.row(r), z.cols) == labels[r];
}

template <class V>
void categorical_accuracy(typename V::Scalar* row_correct, Matrix<const typename V::Scalar> z,
                          Matrix<const typename V::Scalar> target) {
  for (Index r = 0; r < z.rows; ++r) {
    const Index best = argmax<V>(z.row(r), z.cols);
    row_correct[r] = best >= 0 && best == argmax<V>(target.row(r), target.cols);
  }
}

}  // namespace
}  // namespace fastdnn
