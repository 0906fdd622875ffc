// The serial part of logistic_normalize.
#pragma once

#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

// Where the largest x of a row lies below this, 1 + exp(x) rounds to 1 and the logistic function is exp
// itself: exp(-18) < 2^-25, exp(-38) < 2^-54. Only quotients count then, so the row may be shifted up to
// here, where little of it underflows.
template <class T>
constexpr T kLogisticIsExp = sizeof(T) == 4 ? -18 : -38;

template <class V>
void logistic_normalize_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  using T = typename V::Scalar;
  for (Index r = 0; r < y.rows; ++r) {
    T* row = y.row(r);
    const T max = row_max<V>(x.row(r), y.cols);
    const T shift = max < kLogisticIsExp<T> ? kLogisticIsExp<T> - max : 0;
    VirtualLanes<V> lanes;
    for_slots<V>(y.cols, [&](Index j, auto slot, auto cover) {
      const typename V::Vec s = sigmoid<V>(cover.load(x.row(r) + j) + shift);
      cover.store(row + j, s);
      lanes.add(slot, cover.select(s, typename V::Vec{}));
    });
    const T sum = lanes.total();
    for_vectors<V>(y.cols, [&](Index j, auto cover) { cover.store(row + j, cover.load(row + j) / sum); });
  }
}

template <class V>
void logistic_normalize_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> y,
                                 Matrix<const typename V::Scalar> x, Matrix<const typename V::Scalar> dy,
                                 bool accumulate) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < dx.rows; ++r) {
    VirtualLanes<V> lanes;
    for_slots<V>(dx.cols, [&](Index j, auto slot, auto cover) {
      lanes.add(slot, cover.load(y.row(r) + j) * cover.load(dy.row(r) + j));
    });
    const typename V::Scalar dot = lanes.total();
    for_vectors<V>(dx.cols, [&](Index j, auto cover) {
      const Vec slope = cover.load(y.row(r) + j) * sigmoid<V>(-cover.load(x.row(r) + j));
      const Vec d = slope * (cover.load(dy.row(r) + j) - dot);
      cover.store(dx.row(r) + j, accumulate ? cover.load(dx.row(r) + j) + d : d);
    });
  }
}

}  // namespace
}  // namespace fastdnn
