#include "kernels/log_softmax.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void log_softmax_forward(Team& team, Matrix<T> y, Matrix<const T> x) {
  const Range rows = team.share(y.rows);
  kernels<T>().log_softmax_forward(rows_of(y, rows), rows_of(x, rows));
}

template <class T>
void log_softmax_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().log_softmax_backward(rows_of(dx, rows), rows_of(y, rows), rows_of(dy, rows), accumulate);
}

template void log_softmax_forward(Team&, Matrix<float>, Matrix<const float>);
template void log_softmax_forward(Team&, Matrix<double>, Matrix<const double>);
template void log_softmax_backward(Team&, Matrix<float>, Matrix<const float>, Matrix<const float>, bool);
template void log_softmax_backward(Team&, Matrix<double>, Matrix<const double>, Matrix<const double>, bool);

}  // namespace fastdnn
