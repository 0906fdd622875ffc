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

template void sparse_accuracy(Team&, float*, Matrix<const float>, const std::int32_t*);
template void sparse_accuracy(Team&, double*, Matrix<const double>, const std::int32_t*);
template void categorical_accuracy(Team&, float*, Matrix<const float>, Matrix<const float>);
template void categorical_accuracy(Team&, double*, Matrix<const double>, Matrix<const double>);

}  // namespace fastdnn
