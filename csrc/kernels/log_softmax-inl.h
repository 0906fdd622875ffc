// The serial part of log_softmax.
#pragma once

#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

template <class V>
void log_softmax_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  using Row = RowSums<typename V::Scalar, 1>;
  for_row_sums<V, 1>(
      x,
      [&](Index r, const Row& row, typename V::Vec(&lanes)[1]) {
        lanes[0] = exp_shifted<V>(nullptr, x.row(r), x.cols, row.max);
      },
      [&](Index r, const Row& row) {
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
