#include "kernels/accuracy.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void sparse_accuracy(Team& team, T* row_correct, Matrix<const T> z, const std::int32_t* labels) {
  const Range rows = team.share(z.rows);
  kernels<T>().sparse_accuracy(row_correct + rows.begin, rows_of(z, rows), labels + rows.begin);
}

template <class T>
void categorical_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target) {
  const Range rows = team.share(z.rows);
  kernels<T>().categorical_accuracy(row_correct + rows.begin, rows_of(z, rows), rows_of(target, rows));
}

template <class T>
void sparse_top_k_accuracy(Team& team, T* row_correct, Matrix<const T> z, const std::int32_t* labels,
                           Index k) {
  const Range rows = team.share(z.rows);
  kernels<T>().sparse_top_k_accuracy(row_correct + rows.begin, rows_of(z, rows), labels + rows.begin, k);
}

template <class T>
void categorical_top_k_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target,
                                Index k) {
  const Range rows = team.share(z.rows);
  kernels<T>().categorical_top_k_accuracy(row_correct + rows.begin, rows_of(z, rows), rows_of(target, rows),
                                          k);
}

template <class T>
void binary_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target, T threshold,
                     T target_threshold) {
  const Range rows = team.share(z.rows);
  kernels<T>().binary_accuracy(row_correct + rows.begin, rows_of(z, rows), rows_of(target, rows), threshold,
                               target_threshold);
}

template void sparse_accuracy(Team&, float*, Matrix<const float>, const std::int32_t*);
template void sparse_accuracy(Team&, double*, Matrix<const double>, const std::int32_t*);
template void categorical_accuracy(Team&, float*, Matrix<const float>, Matrix<const float>);
template void categorical_accuracy(Team&, double*, Matrix<const double>, Matrix<const double>);
template void sparse_top_k_accuracy(Team&, float*, Matrix<const float>, const std::int32_t*, Index);
template void sparse_top_k_accuracy(Team&, double*, Matrix<const double>, const std::int32_t*, Index);
template void categorical_top_k_accuracy(Team&, float*, Matrix<const float>, Matrix<const float>, Index);
template void categorical_top_k_accuracy(Team&, double*, Matrix<const double>, Matrix<const double>, Index);
template void binary_accuracy(Team&, float*, Matrix<const float>, Matrix<const float>, float, float);
template void binary_accuracy(Team&, double*, Matrix<const double>, Matrix<const double>, double, double);

}  // namespace fastdnn
