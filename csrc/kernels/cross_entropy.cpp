#include "kernels/cross_entropy.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
SmoothedTarget<T> smoothed(const LabelSmoothing& smoothing, Index classes) {
  const double epsilon = smoothing.epsilon;
  if (epsilon == 0) return {1, 0};
  const bool by_k = smoothing.mode == LabelSmoothing::Mode::by_k;
  const double off = epsilon / static_cast<double>(by_k ? classes : classes - 1);
  return {static_cast<T>(by_k ? 1 - epsilon : 1 - epsilon - off), static_cast<T>(off)};
}

template <class T>
void sparse_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                          const std::int32_t* labels, const T* weights, T scale,
                          const LabelSmoothing& smoothing) {
  const Range rows = team.share(z.rows);
  kernels<T>().sparse_cross_entropy(row_loss + rows.begin, rows_of(dz, rows), rows_of(z, rows),
                                    labels + rows.begin, weights == nullptr ? nullptr : weights + rows.begin,
                                    scale, smoothed<T>(smoothing, z.cols));
}

template <class T>
void categorical_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                               Matrix<const T> target, const T* weights, T scale,
                               const LabelSmoothing& smoothing) {
  const Range rows = team.share(z.rows);
  kernels<T>().categorical_cross_entropy(
      row_loss + rows.begin, rows_of(dz, rows), rows_of(z, rows), rows_of(target, rows),
      weights == nullptr ? nullptr : weights + rows.begin, scale, smoothed<T>(smoothing, z.cols));
}

template SmoothedTarget<float> smoothed(const LabelSmoothing&, Index);
template SmoothedTarget<double> smoothed(const LabelSmoothing&, Index);
template void sparse_cross_entropy(Team&, float*, Matrix<float>, Matrix<const float>, const std::int32_t*,
                                   const float*, float, const LabelSmoothing&);
template void sparse_cross_entropy(Team&, double*, Matrix<double>, Matrix<const double>, const std::int32_t*,
                                   const double*, double, const LabelSmoothing&);
template void categorical_cross_entropy(Team&, float*, Matrix<float>, Matrix<const float>,
                                        Matrix<const float>, const float*, float, const LabelSmoothing&);
template void categorical_cross_entropy(Team&, double*, Matrix<double>, Matrix<const double>,
                                        Matrix<const double>, const double*, double, const LabelSmoothing&);

}  // namespace fastdnn
