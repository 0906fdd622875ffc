// The serial part of batch_norm that is elementwise, row by row or over the columns' figures.
#pragma once

#include "isa/table/normalization.h"
#include "kernels/gradient-inl.h"

namespace fastdnn {
namespace {

// The columns' figures are read once for this many rows: else there would be four loads to an element.
constexpr Index kRowGroup = 8;

// Calls body(j, cover, rows) for each vector of columns of each group of rows.
template <class V, class Body>
FASTDNN_INLINE void for_row_groups(Index rows, Index cols, const Body& body) {
  for (Index begin = 0; begin < rows; begin += kRowGroup) {
    const Range group{begin, begin + kRowGroup < rows ? begin + kRowGroup : rows};
    for_vectors<V>(cols, [&](Index j, auto cover) { body(j, cover, group); });
  }
}

// A vector of the columns' figures, `otherwise` where there are none.
template <class V, class Cover>
FASTDNN_INLINE typename V::Vec load_or(const typename V::Scalar* figures, Index j, const Cover& cover,
                                       typename V::Scalar otherwise) {
  return figures == nullptr ? broadcast<V>(otherwise) : cover.load(figures + j);
}

// dy, or 0 where a fused relu has cut y off; NaN passes.
template <class V, class Cover>
FASTDNN_INLINE typename V::Vec through_relu(Matrix<const typename V::Scalar> y,
                                            Matrix<const typename V::Scalar> dy, Index r, Index j,
                                            const Cover& cover) {
  using Vec = typename V::Vec;
  const Vec g = cover.load(dy.row(r) + j);
  if (y.data == nullptr) return g;
  return cover.load(y.row(r) + j) <= Vec{} ? Vec{} : g;
}

template <class V>
void batch_norm_running(typename V::Scalar* running_mean, typename V::Scalar* running_variance,
                        const typename V::Scalar* mean, const typename V::Scalar* variance, Index cols,
                        double momentum) {
  using T = typename V::Scalar;
  const typename V::Vec keep = broadcast<V>(static_cast<T>(momentum));
  const T rest = static_cast<T>(1 - momentum);
  for_vectors<V>(cols, [&](Index j, auto cover) {
    cover.store(running_mean + j, V::fma(keep, cover.load(running_mean + j), rest * cover.load(mean + j)));
    cover.store(running_variance + j,
                V::fma(keep, cover.load(running_variance + j), rest * cover.load(variance + j)));
  });
}

template <class V>
void batch_norm_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x,
                        const typename V::Scalar* mean, const typename V::Scalar* rstd,
                        const typename V::Scalar* gamma, const typename V::Scalar* beta,
                        typename V::Scalar floor) {
  using Vec = typename V::Vec;
  const Vec lowest = broadcast<V>(floor);
  for_row_groups<V>(y.rows, y.cols, [&](Index j, auto cover, Range rows) {
    const Vec m = cover.load(mean + j);
    const Vec scale = load_or<V>(gamma, j, cover, 1) * cover.load(rstd + j);
    const Vec shift = load_or<V>(beta, j, cover, 0);
    for (Index r = rows.begin; r < rows.end; ++r) {
      const Vec value = V::fma(cover.load(x.row(r) + j) - m, scale, shift);
      cover.store(y.row(r) + j, value < lowest ? lowest : value);
    }
  });
}

template <class V>
void batch_norm_fold(typename V::Scalar* scale, typename V::Scalar* shift, const typename V::Scalar* gamma,
                     const typename V::Scalar* beta, const typename V::Scalar* running_mean,
                     const typename V::Scalar* running_variance, Index cols, typename V::Scalar epsilon) {
  for_vectors<V>(cols, [&](Index j, auto cover) {
    const typename V::Vec deviation = V::sqrt(cover.load(running_variance + j) + epsilon);
    const typename V::Vec s = load_or<V>(gamma, j, cover, 1) / deviation;
    cover.store(shift + j, V::fma(-cover.load(running_mean + j), s, load_or<V>(beta, j, cover, 0)));
    cover.store(scale + j, s);
  });
}

template <class V>
void batch_norm_inference(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x,
                          const typename V::Scalar* scale, const typename V::Scalar* shift,
                          typename V::Scalar floor) {
  using Vec = typename V::Vec;
  const Vec lowest = broadcast<V>(floor);
  for_row_groups<V>(y.rows, y.cols, [&](Index j, auto cover, Range rows) {
    const Vec a = cover.load(scale + j);
    const Vec b = cover.load(shift + j);
    for (Index r = rows.begin; r < rows.end; ++r) {
      const Vec value = V::fma(cover.load(x.row(r) + j), a, b);
      cover.store(y.row(r) + j, value < lowest ? lowest : value);
    }
  });
}

template <class V>
void batch_norm_inference_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> y,
                                   Matrix<const typename V::Scalar> dy, const typename V::Scalar* scale,
                                   bool accumulate) {
  write_gradient<V>(dx, accumulate, [&](Index r, Index j, auto cover) -> typename V::Vec {
    return through_relu<V>(y, dy, r, j, cover) * cover.load(scale + j);
  });
}

// dx = scale g + slope (x - mean) + base, column by column.
template <class V>
void batch_norm_backward(const BatchNormGradient<typename V::Scalar>& p, Index batch) {
  using Vec = typename V::Vec;
  const auto inverse = static_cast<typename V::Scalar>(1.0 / static_cast<double>(batch));
  for_row_groups<V>(p.dx.rows, p.dx.cols, [&](Index j, auto cover, Range rows) {
    const Vec m = cover.load(p.mean + j);
    const Vec rstd = cover.load(p.rstd + j);
    const Vec scale = load_or<V>(p.gamma, j, cover, 1) * rstd;
    const Vec slope = -(scale * rstd) * (cover.load(p.dgamma + j) * inverse);
    const Vec base = -scale * (cover.load(p.dbeta + j) * inverse);
    for (Index r = rows.begin; r < rows.end; ++r) {
      const Vec g = through_relu<V>(p.y, p.dy, r, j, cover);
      Vec d = V::fma(scale, g, V::fma(slope, cover.load(p.x.row(r) + j) - m, base));
      if (p.accumulate) d = cover.load(p.dx.row(r) + j) + d;
      cover.store(p.dx.row(r) + j, d);
    }
  });
}

}  // namespace
}  // namespace fastdnn
