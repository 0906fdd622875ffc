// The serial part of log_softmax, and the logarithms of row sums, which the cross-entropies need, too.
#pragma once

#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

// What a row leaves behind in the first pass: its maximum, S = sum exp(x - max), log S, and for a loss of
// targets t the sums of t and of t (max - x).
template <class T>
struct RowSum {
  T max, sum, log_sum, mass, below;
};

// Rows are taken in blocks, so that one vector logarithm serves a block: of as many rows as there are lanes
// while these lie in 4 KiB, which stay in the first-level cache between the passes; a longer row has so many
// exponentials that a logarithm of its own does not show.
constexpr Index kLogBlockBytes = 4096;

// For each row first(r, row) finds row.sum and what else it wants to keep, and then last(r, row) does the
// rest, with row.log_sum.
template <class V, class First, class Last>
FASTDNN_INLINE void for_row_sums(Matrix<const typename V::Scalar> x, const First& first, const Last& last) {
  using T = typename V::Scalar;
  const Index block_bytes = V::kLanes * x.cols * static_cast<Index>(sizeof(T));
  const Index block = block_bytes <= kLogBlockBytes ? V::kLanes : 1;
  for (Index begin = 0; begin < x.rows; begin += block) {
    const Index rows = block < x.rows - begin ? block : x.rows - begin;
    RowSum<T> row[V::kLanes];
    typename V::Vec sums = broadcast<V>(1);
    for (Index i = 0; i < rows; ++i) {
      row[i].max = row_max<V>(x.row(begin + i), x.cols);
      first(begin + i, row[i]);
      sums[i] = row[i].sum;
    }
    const typename V::Vec log_sums = log_normal<V>(sums);
    for (Index i = 0; i < rows; ++i) {
      row[i].log_sum = log_sums[i];
      last(begin + i, row[i]);
    }
  }
}

template <class V>
void log_softmax_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  using T = typename V::Scalar;
  for_row_sums<V>(
      x, [&](Index r, RowSum<T>& row) { row.sum = exp_shifted<V>(Discard{}, x.row(r), x.cols, row.max); },
      [&](Index r, const RowSum<T>& row) {
        for_vectors<V>(x.cols, [&](Index j, auto cover) {
          cover.store(y.row(r) + j, (cover.load(x.row(r) + j) - row.max) - row.log_sum);
        });
      });
}

template <class V>
void log_softmax_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> y,
                          Matrix<const typename V::Scalar> dy, bool accumulate) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < dx.rows; ++r) {
    VirtualLanes<V> lanes;
    for_slots<V>(dx.cols,
                 [&](Index j, auto slot, auto cover) { lanes.add(slot, cover.load(dy.row(r) + j)); });
    const typename V::Scalar sum = lanes.total();
    for_vectors<V>(dx.cols, [&](Index j, auto cover) {
      const Vec d = cover.load(dy.row(r) + j) - exp<V>(cover.load(y.row(r) + j)) * sum;
      cover.store(dx.row(r) + j, accumulate ? cover.load(dx.row(r) + j) + d : d);
    });
  }
}

}  // namespace
}  // namespace fastdnn
