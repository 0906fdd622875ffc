// The serial part of layer_norm.
#pragma once

#include "kernels/batch_norm_rows-inl.h"

namespace fastdnn {
namespace {

// 1 / sqrt(variance + epsilon) by the unit's instruction, which rounds once.
template <class V>
FASTDNN_INLINE typename V::Scalar reciprocal_deviation(typename V::Scalar variance,
                                                       typename V::Scalar epsilon) {
  return 1 / V::sqrt(broadcast<V>(variance + epsilon))[0];
}

template <class V>
void layer_norm_forward(Matrix<typename V::Scalar> y, typename V::Scalar* mean, typename V::Scalar* rstd,
                        Matrix<const typename V::Scalar> x, const typename V::Scalar* gamma,
                        const typename V::Scalar* beta, typename V::Scalar epsilon) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const T cols = static_cast<T>(x.cols);
  for (Index r = 0; r < x.rows; ++r) {
    const T* row = x.row(r);
    const T pivot = row[0];
    VirtualLanes<V> sum;
    for_vectors<V>(
        x.cols, [&](Index j, auto cover) { sum.add(j, cover.select(cover.load(row + j) - pivot, Vec{})); });
    const T centre = sum.total() / cols;  // of x - pivot
    VirtualLanes<V> m2;
    for_vectors<V>(x.cols, [&](Index j, auto cover) {
      const Vec d = cover.select(cover.load(row + j) - pivot - centre, Vec{});
      m2.add(j, d * d);
    });
    const T factor = reciprocal_deviation<V>(m2.total() / cols, epsilon);
    for_vectors<V>(x.cols, [&](Index j, auto cover) {
      const Vec normal = (cover.load(row + j) - pivot - centre) * factor;
      cover.store(y.row(r) + j,
                  V::fma(normal, load_or<V>(gamma, j, cover, 1), load_or<V>(beta, j, cover, 0)));
    });
    if (mean != nullptr) mean[r] = pivot + centre;
    if (rstd != nullptr) rstd[r] = factor;
  }
}

// dx = rstd h + slope (x - mean) + base, row by row.
template <class V>
void layer_norm_backward(const LayerNormGradient<typename V::Scalar>& p) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const T inverse = static_cast<T>(1.0 / static_cast<double>(p.dx.cols));
  for (Index r = 0; r < p.dx.rows; ++r) {
    const T mean = p.mean[r];
    const T rstd = p.rstd[r];
    const T* x = p.x.row(r);
    const T* dy = p.dy.row(r);
    VirtualLanes<V> sum;
    VirtualLanes<V> product;
    for_vectors<V>(p.dx.cols, [&](Index j, auto cover) {
      const Vec h = cover.load(dy + j) * load_or<V>(p.gamma, j, cover, 1);  // 0 where not covered
      sum.add(j, cover.select(h, Vec{}));
      product.add(j, cover.select(h * (cover.load(x + j) - mean), Vec{}));
    });
    const T base = -rstd * (sum.total() * inverse);
    const T slope = -(rstd * rstd) * (rstd * product.total() * inverse);
    for_vectors<V>(p.dx.cols, [&](Index j, auto cover) {
      const Vec h = cover.load(dy + j) * load_or<V>(p.gamma, j, cover, 1);
      const Vec centred = cover.load(x + j) - mean;
      Vec d = V::fma(broadcast<V>(rstd), h, V::fma(broadcast<V>(slope), centred, broadcast<V>(base)));
      if (p.accumulate) d = cover.load(p.dx.row(r) + j) + d;
      cover.store(p.dx.row(r) + j, d);
    });
  }
}

// Rows are summed in chunks of this many, as column_sum does.
constexpr Index kLayerNormChunk = 256;

template <class V>
void layer_norm_backward_sums(typename V::Scalar* dgamma, typename V::Scalar* dbeta,
                              Matrix<const typename V::Scalar> dy, Matrix<const typename V::Scalar> x,
                              const typename V::Scalar* mean, const typename V::Scalar* rstd,
                              bool accumulate) {
  using Vec = typename V::Vec;
  for_vectors<V>(x.cols, [&](Index j, auto cover) {
    Vec beta_total = accumulate && dbeta != nullptr ? cover.load(dbeta + j) : Vec{};
    Vec gamma_total = accumulate && dgamma != nullptr ? cover.load(dgamma + j) : Vec{};
    for (Index begin = 0; begin < x.rows; begin += kLayerNormChunk) {
      const Index end = begin + kLayerNormChunk < x.rows ? begin + kLayerNormChunk : x.rows;
      Vec sum[4] = {};
      Vec product[4] = {};
      const auto add = [&](Index r, int i) {
        const Vec g = cover.load(dy.row(r) + j);
        sum[i] += g;
        product[i] = V::fma(g, (cover.load(x.row(r) + j) - mean[r]) * rstd[r], product[i]);
      };
      Index r = begin;
      for (; r + 4 <= end; r += 4) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) add(r + i, i);
      }
      for (; r < end; ++r) add(r, 0);
      beta_total += (sum[0] + sum[1]) + (sum[2] + sum[3]);
      gamma_total += (product[0] + product[1]) + (product[2] + product[3]);
    }
    if (dbeta != nullptr) cover.store(dbeta + j, beta_total);
    if (dgamma != nullptr) cover.store(dgamma + j, gamma_total);
  });
}

}  // namespace
}  // namespace fastdnn
