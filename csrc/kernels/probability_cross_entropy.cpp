#include "kernels/probability_cross_entropy.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void sparse_probability_cross_entropy(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y,
                                      const std::int32_t* labels, const T* weights, T scale) {
  const Range rows = team.share(y.rows);
  kernels<T>().sparse_probability_cross_entropy(row_loss + rows.begin, rows_of(dy, rows), rows_of(y, rows),
                                                labels + rows.begin,
                                                weights == nullptr ? nullptr : weights + rows.begin, scale);
}

template <class T>
void categorical_probability_cross_entropy(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y,
                                           Matrix<const T> target, const T* weights, T scale,
                                           const LabelSmoothing& smoothing) {
  const Range rows = team.share(y.rows);
  kernels<T>().categorical_probability_cross_entropy(
      row_loss + rows.begin, rows_of(dy, rows), rows_of(y, rows), rows_of(target, rows),
      weights == nullptr ? nullptr : weights + rows.begin, scale, smoothed<T>(smoothing, y.cols));
}

template void sparse_probability_cross_entropy(Team&, float*, Matrix<float>, Matrix<const float>,
                                               const std::int32_t*, const float*, float);
template void sparse_probability_cross_entropy(Team&, double*, Matrix<double>, Matrix<const double>,
                                               const std::int32_t*, const double*, double);
template void categorical_probability_cross_entropy(Team&, float*, Matrix<float>, Matrix<const float>,
                                                    Matrix<const float>, const float*, float,
                                                    const LabelSmoothing&);
template void categorical_probability_cross_entropy(Team&, double*, Matrix<double>, Matrix<const double>,
                                                    Matrix<const double>, const double*, double,
                                                    const LabelSmoothing&);

}  // namespace fastdnn
