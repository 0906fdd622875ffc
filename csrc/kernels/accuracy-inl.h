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

// Whether fewer than k of a row are larger than that of the right class.
template <class V>
FASTDNN_INLINE bool is_among_largest(const typename V::Scalar* z, Index n, Index right, Index k) {
  using Vec = typename V::Vec;
  if (right < 0 || right >= n || z[right] != z[right]) return false;
  const Vec own = broadcast<V>(z[right]);
  VirtualLanes<V> larger;  // counts, exact below 2^24
  for_slots<V>(n, [&](Index j, auto slot, auto cover) {
    const Vec counted = cover.load(z + j) > own ? broadcast<V>(1) : Vec{};
    larger.add(slot, cover.select(counted, Vec{}));
  });
  return static_cast<Index>(larger.total()) < k;
}

template <class V>
void sparse_top_k_accuracy(typename V::Scalar* row_correct, Matrix<const typename V::Scalar> z,
                           const std::int32_t* labels, Index k) {
  for (Index r = 0; r < z.rows; ++r) {
    row_correct[r] = is_among_largest<V>(z.row(r), z.cols, labels[r], k);
  }
}

template <class V>
void categorical_top_k_accuracy(typename V::Scalar* row_correct, Matrix<const typename V::Scalar> z,
                                Matrix<const typename V::Scalar> target, Index k) {
  for (Index r = 0; r < z.rows; ++r) {
    row_correct[r] = is_among_largest<V>(z.row(r), z.cols, argmax<V>(target.row(r), target.cols), k);
  }
}

template <class V>
void binary_accuracy(typename V::Scalar* row_correct, Matrix<const typename V::Scalar> z,
                     Matrix<const typename V::Scalar> target, typename V::Scalar threshold,
                     typename V::Scalar target_threshold) {
  using Vec = typename V::Vec;
  const Vec limit = broadcast<V>(threshold);
  const Vec target_limit = broadcast<V>(target_threshold);
  const auto right = [&](Vec own, Vec wanted) {
    const auto same = ((own > limit) == (wanted > target_limit)) & (own == own);
    return same ? broadcast<V>(1) : Vec{};
  };
  if (z.cols == 1 && z.stride == 1 && target.stride == 1) {  // a column lies in whole vectors
    return for_vectors<V>(z.rows, [&](Index r, auto cover) {
      cover.store(row_correct + r, right(cover.load(z.data + r), cover.load(target.data + r)));
    });
  }
  for (Index r = 0; r < z.rows; ++r) {
    VirtualLanes<V> count;
    for_slots<V>(z.cols, [&](Index j, auto slot, auto cover) {
      count.add(slot, cover.select(right(cover.load(z.row(r) + j), cover.load(target.row(r) + j)), Vec{}));
    });
    row_correct[r] = count.total() / static_cast<typename V::Scalar>(z.cols);
  }
}

}  // namespace
}  // namespace fastdnn
