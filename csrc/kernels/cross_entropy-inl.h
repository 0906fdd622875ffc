// The serial part of the fused softmax and cross-entropy.
#pragma once

#include "isa/table/loss.h"
#include "kernels/log_softmax-inl.h"

namespace fastdnn {
namespace {

// Leaves exp(z - max z) in dz, where that is wanted, and returns its sum.
template <class V, class Also>
FASTDNN_INLINE typename V::Scalar exp_of_logits(typename V::Scalar* dz, const typename V::Scalar* z, Index n,
                                                typename V::Scalar max, const Also& also) {
  if (dz == nullptr) return exp_shifted<V>(Discard{}, z, n, max, also);
  return exp_shifted<V>(dz, z, n, max, also);
}

template <class V>
void sparse_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dz,
                          Matrix<const typename V::Scalar> z, const std::int32_t* labels,
                          const typename V::Scalar* weights, typename V::Scalar scale,
                          SmoothedTarget<typename V::Scalar> smoothed) {
  using T = typename V::Scalar;
  const auto first = [&](Index r, RowSum<T>& row) {
    T* gradient = dz.data == nullptr ? nullptr : dz.row(r);
    row.below = row.max - z.row(r)[labels[r]];  // before the gradient is written, which may be z itself
    if (smoothed.offset == 0) {
      row.sum = exp_of_logits<V>(gradient, z.row(r), z.cols, row.max, [](Index, auto, auto, auto) {});
      return;
    }
    VirtualLanes<V> shifted;
    row.sum = exp_of_logits<V>(gradient, z.row(r), z.cols, row.max,
                               [&](Index, auto slot, auto cover, typename V::Vec x) {
                                 shifted.add(slot, cover.select(x, typename V::Vec{}));
                               });
    row.below = smoothed.slope * row.below - smoothed.offset * shifted.total();
  };
  const auto last = [&](Index r, const RowSum<T>& row) {
    row_loss[r] = row.log_sum + row.below;  // the smoothed targets, too, have the sum 1
    if (dz.data == nullptr) return;
    T* gradient = dz.row(r);
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T factor = weight / row.sum;
    const T offset = weight * smoothed.offset;
    for_vectors<V>(z.cols, [&](Index j, auto cover) {
      cover.store(gradient + j, cover.load(gradient + j) * factor - offset);
    });
    gradient[labels[r]] -= weight * smoothed.slope;
  };
  for_row_sums<V>(z, first, last);
}

template <class V>
void categorical_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dz,
                               Matrix<const typename V::Scalar> z, Matrix<const typename V::Scalar> target,
                               const typename V::Scalar* weights, typename V::Scalar scale,
                               SmoothedTarget<typename V::Scalar> smoothed) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const auto first = [&](Index r, RowSum<T>& row) {
    T* gradient = dz.data == nullptr ? nullptr : dz.row(r);
    VirtualLanes<V> mass;
    VirtualLanes<V> below;
    row.sum = exp_of_logits<V>(
        gradient, z.row(r), z.cols, row.max, [&](Index j, auto slot, auto cover, Vec shifted) {
          const Vec t = cover.load(target.row(r) + j) * smoothed.slope + smoothed.offset;
          mass.add(slot, cover.select(t, Vec{}));
          below.add(slot, cover.select(t == Vec{} ? Vec{} : t * -shifted, Vec{}));  // 0 of -infinity is 0
        });
    row.mass = mass.total();
    row.below = below.total();
  };
  const auto last = [&](Index r, const RowSum<T>& row) {
    row_loss[r] = row.mass * row.log_sum + row.below;
    if (dz.data == nullptr) return;
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T factor = row.mass / row.sum;
    for_vectors<V>(z.cols, [&](Index j, auto cover) {
      const Vec t = cover.load(target.row(r) + j) * smoothed.slope + smoothed.offset;
      cover.store(dz.row(r) + j, weight * (cover.load(dz.row(r) + j) * factor - t));
    });
  };
  for_row_sums<V>(z, first, last);
}

}  // namespace
}  // namespace fastdnn
