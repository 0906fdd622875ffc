// The serial part of softmax; its sums of exponentials are those of log_softmax and the cross-entropies, too.
#pragma once

#include "isa/math.h"
#include "isa/transpose.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// A vector whose largest lane is the largest of a row, which must not be empty; NaN does not count.
template <class V>
FASTDNN_INLINE typename V::Vec row_max_lanes(const typename V::Scalar* x, Index n) {
  const typename V::Vec lowest = broadcast<V>(-__builtin_inf());
  typename V::Vec best = lowest;
  for_vectors<V>(n,
                 [&](Index j, auto cover) { best = max_of(cover.select(cover.load(x + j), lowest), best); });
  return best;
}

template <class V>
FASTDNN_INLINE typename V::Scalar row_max(const typename V::Scalar* x, Index n) {
  return max_lane<V>(row_max_lanes<V>(x, n));
}

// Writes exp(x - max) to y, which may be null, and returns a vector of which the fold is their sum.
// `also` is shown each x - max on the way: also(j, slot, cover, x - max).
template <class V, class Also>
FASTDNN_INLINE typename V::Vec exp_shifted(typename V::Scalar* y, const typename V::Scalar* x, Index n,
                                           typename V::Scalar max, const Also& also) {
  VirtualLanes<V> sum;
  for_slots<V>(n, [&](Index j, auto slot, auto cover) {
    const typename V::Vec shifted = cover.load(x + j) - max;
    const typename V::Vec e = exp<V>(shifted);
    also(j, slot, cover, shifted);
    if (y != nullptr) cover.store(y + j, e);
    sum.add(slot, cover.select(e, typename V::Vec{}));
  });
  return sum.vector();
}

template <class V>
FASTDNN_INLINE typename V::Vec exp_shifted(typename V::Scalar* y, const typename V::Scalar* x, Index n,
                                           typename V::Scalar max) {
  return exp_shifted<V>(y, x, n, max, [](Index, auto, auto, typename V::Vec) {});
}

// What the first pass over a row leaves behind: its maximum, kSums sums, of which the first is
// S = sum exp(x - max), what else the pass keeps, and log S.
template <class T, int kSums>
struct RowSums {
  T max, kept;
  T sum[kSums];
  T log_sum;
};

// Rows are taken in blocks of as many as there are lanes, while these lie in 16 KiB, which stay in the
// first-level cache between the passes together with a gradient of that size. So the maxima and sums of a
// block are folded together, and one vector logarithm serves it; and the chain max, exp, sum, log of one row,
// some 150 cycles, hides behind the others'. A longer row is busy enough with itself.
constexpr Index kRowBlockBytes = 16384;

// For each row first(r, row, lanes) fills lanes[k] with a vector of which the fold is sum k, given row.max;
// then last(r, row) does the rest.
template <class V, int kSums, class First, class Last>
FASTDNN_INLINE void for_row_sums(Matrix<const typename V::Scalar> x, const First& first, const Last& last) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const Index block_bytes = V::kLanes * x.cols * static_cast<Index>(sizeof(T));
  const Index block = block_bytes <= kRowBlockBytes ? V::kLanes : 1;
  for (Index begin = 0; begin < x.rows; begin += block) {
    const Index rows = block < x.rows - begin ? block : x.rows - begin;
    RowSums<T, kSums> row[V::kLanes];
    Vec lanes[kSums][V::kLanes] = {};
    Vec folded[kSums];
    for (Index i = 0; i < rows; ++i) lanes[0][i] = row_max_lanes<V>(x.row(begin + i), x.cols);
    const Vec max = rows == 1 ? broadcast<V>(fold<V>(lanes[0][0], Max{})) : fold_rows<V>(lanes[0], Max{});
    for (Index i = 0; i < rows; ++i) row[i].max = max[i];
    for (Index i = 0; i < rows; ++i) {
      Vec own[kSums];
      first(begin + i, row[i], own);
      for (int k = 0; k < kSums; ++k) lanes[k][i] = own[k];
    }
    for (int k = 0; k < kSums; ++k) {
      folded[k] = rows == 1 ? broadcast<V>(fold<V>(lanes[k][0], Plus{})) : fold_rows<V>(lanes[k], Plus{});
      for (Index i = 0; i < rows; ++i) row[i].sum[k] = folded[k][i];
    }
    const Vec log_sums = log_normal<V>(folded[0]);
    for (Index i = 0; i < rows; ++i) {
      row[i].log_sum = log_sums[i];
      last(begin + i, row[i]);
    }
  }
}

template <class V>
void softmax_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  using Row = RowSums<typename V::Scalar, 1>;
  for_row_sums<V, 1>(
      x,
      [&](Index r, const Row& row, typename V::Vec(&lanes)[1]) {
        lanes[0] = exp_shifted<V>(y.row(r), x.row(r), x.cols, row.max);
      },
      [&](Index r, const Row& row) {
        for_vectors<V>(y.cols, [&](Index j, auto cover) {
          cover.store(y.row(r) + j, cover.load(y.row(r) + j) / row.sum[0]);
        });
      });
}

template <class V>
void softmax_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> y,
                      Matrix<const typename V::Scalar> dy, bool accumulate) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < dx.rows; ++r) {
    VirtualLanes<V> sum;
    for_slots<V>(dx.cols, [&](Index j, auto slot, auto cover) {
      sum.add(slot, cover.load(y.row(r) + j) * cover.load(dy.row(r) + j));
    });
    const typename V::Scalar dot = sum.total();
    for_vectors<V>(dx.cols, [&](Index j, auto cover) {
      const Vec d = cover.load(y.row(r) + j) * (cover.load(dy.row(r) + j) - dot);
      cover.store(dx.row(r) + j, accumulate ? cover.load(dx.row(r) + j) + d : d);
    });
  }
}

}  // namespace
}  // namespace fastdnn
