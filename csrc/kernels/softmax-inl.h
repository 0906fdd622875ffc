// The serial part of softmax, shared with the cross-entropies.
#pragma once

#include "isa/math.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// The largest of a row, which must not be empty; NaN does not count.
template <class V>
FASTDNN_INLINE typename V::Scalar row_max(const typename V::Scalar* x, Index n) {
  const typename V::Vec lowest = broadcast<V>(-__builtin_inf());
  typename V::Vec best = lowest;
  for_vectors<V>(n,
                 [&](Index j, auto cover) { best = max_of(cover.select(cover.load(x + j), lowest), best); });
  return max_lane<V>(best);
}

// Where the exponentials of a row go when nobody wants them.
struct Discard {};

// Writes exp(x - max) to y (or nowhere) and returns its sum.
template <class V, class Target>
FASTDNN_INLINE typename V::Scalar exp_shifted(Target y, const typename V::Scalar* x, Index n,
                                              typename V::Scalar max) {
  VirtualLanes<V> sum;
  for_vectors<V>(n, [&](Index j, auto cover) {
    const typename V::Vec e = exp<V>(cover.load(x + j) - max);
    if constexpr (!__is_same(Target, Discard)) cover.store(y + j, e);
    sum.add(j, cover.select(e, typename V::Vec{}));
  });
  return sum.total();
}

template <class V>
void softmax_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  for (Index r = 0; r < y.rows; ++r) {
    typename V::Scalar* row = y.row(r);
    const typename V::Scalar sum = exp_shifted<V>(row, x.row(r), y.cols, row_max<V>(x.row(r), y.cols));
    for_vectors<V>(y.cols, [&](Index j, auto cover) { cover.store(row + j, cover.load(row + j) / sum); });
  }
}

template <class V>
void softmax_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> y,
                      Matrix<const typename V::Scalar> dy, bool accumulate) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < dx.rows; ++r) {
    VirtualLanes<V> sum;
    for_vectors<V>(dx.cols, [&](Index j, auto cover) {
      sum.add(j, cover.load(y.row(r) + j) * cover.load(dy.row(r) + j));
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
