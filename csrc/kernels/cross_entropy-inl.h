// The serial part of the fused softmax and cross-entropy.
#pragma once

#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

template <class V>
FASTDNN_INLINE typename V::Scalar log_of(typename V::Scalar x) {
  return log_normal<V>(broadcast<V>(x))[0];
}

// log(sum exp z) of a row; where dz is wanted, leaves exp(z - max z) there and its sum in `sum`.
template <class V>
FASTDNN_INLINE typename V::Scalar log_sum_exp(typename V::Scalar* dz, typename V::Scalar& sum,
                                              const typename V::Scalar* z, Index n) {
  const typename V::Scalar max = row_max<V>(z, n);
  sum = dz == nullptr ? exp_shifted<V>(Discard{}, z, n, max) : exp_shifted<V>(dz, z, n, max);
  return log_of<V>(sum) + max;
}

template <class V>
void sparse_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dz,
                          Matrix<const typename V::Scalar> z, const std::int32_t* labels,
                          const typename V::Scalar* weights, typename V::Scalar scale) {
  using T = typename V::Scalar;
  for (Index r = 0; r < z.rows; ++r) {
    T* gradient = dz.data == nullptr ? nullptr : dz.row(r);
    T sum = 0;
    row_loss[r] = log_sum_exp<V>(gradient, sum, z.row(r), z.cols) - z.row(r)[labels[r]];
    if (gradient == nullptr) continue;
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T factor = weight / sum;
    for_vectors<V>(
        z.cols, [&](Index j, auto cover) { cover.store(gradient + j, cover.load(gradient + j) * factor); });
    gradient[labels[r]] -= weight;
  }
}

template <class V>
void categorical_cross_entropy(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dz,
                               Matrix<const typename V::Scalar> z, Matrix<const typename V::Scalar> target,
                               const typename V::Scalar* weights, typename V::Scalar scale) {
  using T = typename V::Scalar;
  for (Index r = 0; r < z.rows; ++r) {
    T* gradient = dz.data == nullptr ? nullptr : dz.row(r);
    T sum = 0;
    const T log_sum = log_sum_exp<V>(gradient, sum, z.row(r), z.cols);
    VirtualLanes<V> loss;
    VirtualLanes<V> mass;
    for_vectors<V>(z.cols, [&](Index j, auto cover) {
      const typename V::Vec t = cover.load(target.row(r) + j);
      loss.add(j, t * (log_sum - cover.load(z.row(r) + j)));
      mass.add(j, t);
    });
    row_loss[r] = loss.total();
    if (gradient == nullptr) continue;
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T factor = mass.total() / sum;
    for_vectors<V>(z.cols, [&](Index j, auto cover) {
      cover.store(gradient + j, weight * (cover.load(gradient + j) * factor - cover.load(target.row(r) + j)));
    });
  }
}

}  // namespace
}  // namespace fastdnn
