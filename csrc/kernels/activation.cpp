#include "kernels/activation.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void add_bias(Team& team, Matrix<T> y, Matrix<const T> x, const T* bias) {
  const Range rows = team.share(y.rows);
  kernels<T>().add_bias(rows_of(y, rows), rows_of(x, rows), bias);
}

template <class T>
void relu_forward(Team& team, Matrix<T> y, Matrix<const T> x) {
  const Range rows = team.share(y.rows);
  kernels<T>().relu_forward(rows_of(y, rows), rows_of(x, rows));
}

template <class T>
void relu_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().relu_backward(rows_of(dx, rows), rows_of(y, rows), rows_of(dy, rows), accumulate);
}

template <class T>
void pass_gradient(Team& team, Matrix<T> dx, Matrix<const T> dy, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().pass_gradient(rows_of(dx, rows), rows_of(dy, rows), accumulate);
}

template void add_bias(Team&, Matrix<float>, Matrix<const float>, const float*);
template void add_bias(Team&, Matrix<double>, Matrix<const double>, const double*);
template void relu_forward(Team&, Matrix<float>, Matrix<const float>);
template void relu_forward(Team&, Matrix<double>, Matrix<const double>);
template void relu_backward(Team&, Matrix<float>, Matrix<const float>, Matrix<const float>, bool);
template void relu_backward(Team&, Matrix<double>, Matrix<const double>, Matrix<const double>, bool);
template void pass_gradient(Team&, Matrix<float>, Matrix<const float>, bool);
template void pass_gradient(Team&, Matrix<double>, Matrix<const double>, bool);

}  // namespace fastdnn
