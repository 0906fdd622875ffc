// The serial part of the accuracies.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

struct Min {
  template <class Vec>
  FASTDNN_INLINE Vec operator()(Vec a, Vec b) const {
    return a < b ? a : b;
  }
};

// The first of the largest of a row, or -1 where all are NaN. Each lane keeps the first of its largest. Indices are
// floating-point numbers, exact below 2^24, which fold as the values do.
template <class V>
FASTDNN_INLINE Index argmax(const typename V::Scalar* x, Index n) {
  using Vec = typename V::Vec;
  using T = typename V::Scalar;
  const Vec nan = broadcast<V>(static_cast<T>(__builtin_nan("")));
  Vec best = broadcast<V>(-__builtin_inf());
  Vec where = broadcast<V>(-1);
  Vec now{};
  for (int l = 0; l < V::kLanes; ++l) now[l] = static_cast<T>(l);
  for_vectors<V>(n, [&](Index j, auto cover) {
    const Vec value = cover.select(cover.load(x + j), nan);
    const auto better = (value > best) | ((where < Vec{}) & (value == value));
    best = better ? value : best;
    where = better ? now : where;
    now += static_cast<T>(V::kLanes);
  });
  const Vec none = broadcast<V>(static_cast<T>(1 << 24));
  const auto largest = (best == broadcast<V>(max_lane<V>(best))) & (where >= Vec{});
  const T first = fold<V>(largest ? where : none, Min{});
  return first < none[0] ? static_cast<Index>(first) : -1;
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
