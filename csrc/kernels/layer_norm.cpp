#include "kernels/layer_norm.h"

#include "isa/table.h"

namespace fastdnn {
namespace {

template <class T>
T* from(T* vector, Index first) {
  return vector == nullptr ? nullptr : vector + first;
}

}  // namespace

template <class T>
void layer_norm_forward(Team& team, Matrix<T> y, T* mean, T* rstd, Matrix<const T> x, const T* gamma,
                        const T* beta, T epsilon) {
  const Range rows = team.share(y.rows);
  kernels<T>().layer_norm_forward(rows_of(y, rows), from(mean, rows.begin), from(rstd, rows.begin),
                                  rows_of(x, rows), gamma, beta, epsilon);
}

template <class T>
void layer_norm_backward(Team& team, const LayerNormGradient<T>& gradient) {
  const Range rows = team.share(gradient.dx.rows);
  LayerNormGradient<T> mine = gradient;
  mine.dx = rows_of(gradient.dx, rows);
  mine.dy = rows_of(gradient.dy, rows);
  mine.x = rows_of(gradient.x, rows);
  mine.mean += rows.begin;
  mine.rstd += rows.begin;
  kernels<T>().layer_norm_backward(mine);
}

template <class T>
void layer_norm_backward_sums(Team& team, T* dgamma, T* dbeta, Matrix<const T> dy, Matrix<const T> x,
                              const T* mean, const T* rstd, bool accumulate) {
  const Range cols = team.share(x.cols, 64 / static_cast<Index>(sizeof(T)));
  kernels<T>().layer_norm_backward_sums(from(dgamma, cols.begin), from(dbeta, cols.begin),
                                        {dy.data + cols.begin, dy.rows, cols.size(), dy.stride},
                                        {x.data + cols.begin, x.rows, cols.size(), x.stride}, mean, rstd,
                                        accumulate);
}

template void layer_norm_forward(Team&, Matrix<float>, float*, float*, Matrix<const float>, const float*,
                                 const float*, float);
template void layer_norm_forward(Team&, Matrix<double>, double*, double*, Matrix<const double>, const double*,
                                 const double*, double);
template void layer_norm_backward(Team&, const LayerNormGradient<float>&);
template void layer_norm_backward(Team&, const LayerNormGradient<double>&);
template void layer_norm_backward_sums(Team&, float*, float*, Matrix<const float>, Matrix<const float>,
                                       const float*, const float*, bool);
template void layer_norm_backward_sums(Team&, double*, double*, Matrix<const double>, Matrix<const double>,
                                       const double*, const double*, bool);

}  // namespace fastdnn
