#include "kernels/maxout.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void maxout_forward(Team& team, Matrix<T> y, Matrix<const T> x) {
  const Range rows = team.share(y.rows);
  kernels<T>().maxout_forward(rows_of(y, rows), rows_of(x, rows));
}

template <class T>
void maxout_backward(Team& team, Matrix<T> dx, Matrix<const T> x, Matrix<const T> dy, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().maxout_backward(rows_of(dx, rows), rows_of(x, rows), rows_of(dy, rows), accumulate);
}

template <class T>
void hardmax(Team& team, Matrix<T> y, Matrix<const T> x) {
  const Range rows = team.share(y.rows);
  kernels<T>().hardmax(rows_of(y, rows), rows_of(x, rows));
}

template void maxout_forward(Team&, Matrix<float>, Matrix<const float>);
template void maxout_forward(Team&, Matrix<double>, Matrix<const double>);
template void maxout_backward(Team&, Matrix<float>, Matrix<const float>, Matrix<const float>, bool);
template void maxout_backward(Team&, Matrix<double>, Matrix<const double>, Matrix<const double>, bool);
template void hardmax(Team&, Matrix<float>, Matrix<const float>);
template void hardmax(Team&, Matrix<double>, Matrix<const double>);

}  // namespace fastdnn
