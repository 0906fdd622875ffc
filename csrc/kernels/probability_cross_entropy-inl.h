// The serial part of the cross-entropy from probabilities.
#pragma once

#include "isa/math.h"
#include "isa/table/loss.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// q within the bounds; NaN stays NaN.
template <class V>
FASTDNN_INLINE typename V::Vec clipped(typename V::Vec q) {
  using T = typename V::Scalar;
  const typename V::Vec low = broadcast<V>(static_cast<T>(kLowestProbability));
  const typename V::Vec high = broadcast<V>(static_cast<T>(1 - kLowestProbability));
  q = q < low ? low : q;
  return q > high ? high : q;
}

template <class V>
FASTDNN_INLINE typename V::Scalar row_sum(const typename V::Scalar* x, Index n) {
  VirtualLanes<V> sum;
  for_slots<V>(n, [&](Index j, auto slot, auto cover) { sum.add(slot, cover.load(x + j)); });
  return sum.total();
}

// As many rows as there are lanes share the logarithm and the divisions.
template <class V>
void sparse_probability_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dy,
                                      Matrix<const typename V::Scalar> y, const std::int32_t* labels,
                                      const typename V::Scalar* weights, typename V::Scalar scale) {
  using Vec = typename V::Vec;
  for_vectors<V>(y.rows, [&](Index begin, auto cover) {
    Vec sum = broadcast<V>(1);
    Vec own = broadcast<V>(1);
    for (int i = 0; i < cover.count(); ++i) {
      sum[i] = row_sum<V>(y.row(begin + i), y.cols);
      own[i] = y.row(begin + i)[labels[begin + i]];
    }
    const Vec q = own / sum + (sum - sum);  // NaN where the sum is not finite
    const Vec bounded = clipped<V>(q);
    cover.store(row_loss + begin, -log_normal<V>(bounded));
    if (dy.data == nullptr) return;
    const Vec weight = weights == nullptr ? broadcast<V>(scale) : scale * cover.load(weights + begin);
    const Vec active = q == bounded ? weight : q == q ? Vec{} : q;
    const Vec others = active / sum;
    const Vec at_label = active == Vec{} ? Vec{} : active / own;
    for (int i = 0; i < cover.count(); ++i) {
      typename V::Scalar* gradient = dy.row(begin + i);
      const Vec value = broadcast<V>(others[i]);
      for_vectors<V>(y.cols, [&](Index j, auto columns) { columns.store(gradient + j, value); });
      gradient[labels[begin + i]] -= at_label[i];
    }
  });
}

template <class V>
void categorical_probability_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dy,
                                           Matrix<const typename V::Scalar> y,
                                           Matrix<const typename V::Scalar> target,
                                           const typename V::Scalar* weights, typename V::Scalar scale,
                                           SmoothedTarget<typename V::Scalar> smoothed) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  for (Index r = 0; r < y.rows; ++r) {
    const T sum = row_sum<V>(y.row(r), y.cols);
    VirtualLanes<V> loss;
    VirtualLanes<V> active;
    for_slots<V>(y.cols, [&](Index j, auto slot, auto cover) {
      const Vec t = cover.load(target.row(r) + j) * smoothed.slope + smoothed.offset;
      const Vec own = cover.load(y.row(r) + j);
      const Vec q = own / sum;
      const Vec bounded = clipped<V>(q);
      const Vec share = q == bounded ? t : Vec{};
      loss.add(slot, cover.select(t * -log_normal<V>(bounded), Vec{}));
      active.add(slot, cover.select(share, Vec{}));
      if (dy.data != nullptr) cover.store(dy.row(r) + j, share == Vec{} ? Vec{} : share / own);
    });
    row_loss[r] = loss.total();
    if (dy.data == nullptr) continue;
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T common = active.total() / sum + (sum - sum);  // NaN where the sum is not finite
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      cover.store(dy.row(r) + j, weight * (common - cover.load(dy.row(r) + j)));
    });
  }
}

}  // namespace
}  // namespace fastdnn
