// The serial part of softmax; its sums of exponentials are those of log_softmax and the cross-entropies, too.
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

// Writes exp(x - max) to y (or nowhere) and returns its sum. `also` is shown each x - max on the way: also(j,
// slot, cover, x - max).
template <class V, class Target, class Also>
FASTDNN_INLINE typename V::Scalar exp_shifted(Target y, const typename V::Scalar* x, Index n,
                                              typename V::Scalar max, const Also& also) {
  VirtualLanes<V> sum;
  for_slots<V>(n, [&](Index j, auto slot, auto cover) {
    const typename V::Vec shifted = cover.load(x + j) - max;
    const typename V::Vec e = exp<V>(shifted);
    also(j, slot, cover, shifted);
    if constexpr (!__is_same(Target, Discard)) cover.store(y + j, e);
    sum.add(slot, cover.select(e, typename V::Vec{}));
  });
  return sum.total();
}

template <class V, class Target>
FASTDNN_INLINE typename V::Scalar exp_shifted(Target y, const typename V::Scalar* x, Index n,
                                              typename V::Scalar max) {
  return exp_shifted<V>(y, x, n, max, [](Index, auto, auto, typename V::Vec) {});
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
