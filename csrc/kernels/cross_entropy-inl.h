// The serial part of the fused softmax and cross-entropy.
#pragma once

#include "isa/table/loss.h"
#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

// The gradient's row takes exp(z - max z) in the first pass. It may be z itself: what the second pass needs
// of z is kept. kSums is 2 with label smoothing, for the sum of z - max z.
template <class V, int kSums>
FASTDNN_INLINE void sparse_cross_entropy_rows(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dz,
                                              Matrix<const typename V::Scalar> z, const std::int32_t* labels,
                                              const typename V::Scalar* weights, typename V::Scalar scale,
                                              SmoothedTarget<typename V::Scalar> smoothed) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const auto first = [&](Index r, RowSums<T, kSums>& row, Vec(&lanes)[kSums]) {
    T* gradient = dz.data == nullptr ? nullptr : dz.row(r);
    row.kept = row.max - z.row(r)[labels[r]];
    VirtualLanes<V> shifted;
    lanes[0] = exp_shifted<V>(gradient, z.row(r), z.cols, row.max, [&](Index, auto slot, auto cover, Vec x) {
      if constexpr (kSums == 2) shifted.add(slot, cover.select(x, Vec{}));
    });
    if constexpr (kSums == 2) lanes[1] = shifted.vector();
  };
  const auto last = [&](Index r, const RowSums<T, kSums>& row) {
    T distance = row.kept;
    if constexpr (kSums == 2) distance = smoothed.slope * row.kept - smoothed.offset * row.sum[1];
    row_loss[r] = row.log_sum + distance;  // the smoothed targets, too, have the sum 1
    if (dz.data == nullptr) return;
    T* gradient = dz.row(r);
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T factor = weight / row.sum[0];
    const T offset = weight * smoothed.offset;
    for_vectors<V>(z.cols, [&](Index j, auto cover) {
      cover.store(gradient + j, cover.load(gradient + j) * factor - offset);
    });
    gradient[labels[r]] -= weight * smoothed.slope;
  };
  for_row_sums<V, kSums>(z, first, last);
}

template <class V>
void sparse_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dz,
                          Matrix<const typename V::Scalar> z, const std::int32_t* labels,
                          const typename V::Scalar* weights, typename V::Scalar scale,
                          SmoothedTarget<typename V::Scalar> smoothed) {
  if (smoothed.offset == 0) {
    sparse_cross_entropy_rows<V, 1>(row_loss, dz, z, labels, weights, scale, smoothed);
  } else {
    sparse_cross_entropy_rows<V, 2>(row_loss, dz, z, labels, weights, scale, smoothed);
  }
}

// The sums are those of exp(z - max z), of the targets, and of the targets times max z - z.
template <class V>
void categorical_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dz,
                               Matrix<const typename V::Scalar> z, Matrix<const typename V::Scalar> target,
                               const typename V::Scalar* weights, typename V::Scalar scale,
                               SmoothedTarget<typename V::Scalar> smoothed) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const auto first = [&](Index r, const RowSums<T, 3>& row, Vec(&lanes)[3]) {
    T* gradient = dz.data == nullptr ? nullptr : dz.row(r);
    VirtualLanes<V> mass;
    VirtualLanes<V> below;
    lanes[0] =
        exp_shifted<V>(gradient, z.row(r), z.cols, row.max, [&](Index j, auto slot, auto cover, Vec shifted) {
          const Vec t = cover.load(target.row(r) + j) * smoothed.slope + smoothed.offset;
          mass.add(slot, cover.select(t, Vec{}));
          below.add(slot, cover.select(t == Vec{} ? Vec{} : t * -shifted, Vec{}));  // 0 of -infinity is 0
        });
    lanes[1] = mass.vector();
    lanes[2] = below.vector();
  };
  const auto last = [&](Index r, const RowSums<T, 3>& row) {
    row_loss[r] = row.sum[1] * row.log_sum + row.sum[2];
    if (dz.data == nullptr) return;
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T factor = row.sum[1] / row.sum[0];
    for_vectors<V>(z.cols, [&](Index j, auto cover) {
      const Vec t = cover.load(target.row(r) + j) * smoothed.slope + smoothed.offset;
      cover.store(dz.row(r) + j, weight * (cover.load(dz.row(r) + j) * factor - t));
    });
  };
  for_row_sums<V, 3>(z, first, last);
}

}  // namespace
}  // namespace fastdnn
