#include "kernels/activation.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void add_bias(Team& team, Matrix<T> y, Matrix<const T> x, const T* bias) {
  const Range rows = team.share(y.rows);
  kernels<T>().add_bias(rows_of(y, rows), rows_of(x, rows), bias);
}

template <class T>
void activation_forward(Team& team, Matrix<T> y, Matrix<const T> x, Activation f, T alpha) {
  const Range rows = team.share(y.rows);
  kernels<T>().activation_forward[static_cast<int>(f)](rows_of(y, rows), rows_of(x, rows), alpha);
}

template <class T>
void activation_backward(Team& team, Matrix<T> dx, Matrix<const T> saved, Matrix<const T> dy, Activation f,
                         T alpha, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().activation_backward[static_cast<int>(f)](rows_of(dx, rows), rows_of(saved, rows),
                                                        rows_of(dy, rows), alpha, accumulate);
}

template <class T>
void relu_forward(Team& team, Matrix<T> y, Matrix<const T> x) {
  activation_forward<T>(team, y, x, Activation::relu, 0);
}

template <class T>
void relu_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate) {
  activation_backward<T>(team, dx, y, dy, Activation::relu, 0, accumulate);
}

template <class T>
void pass_gradient(Team& team, Matrix<T> dx, Matrix<const T> dy, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().pass_gradient(rows_of(dx, rows), rows_of(dy, rows), accumulate);
}

template void add_bias(Team&, Matrix<float>, Matrix<const float>, const float*);
template void add_bias(Team&, Matrix<double>, Matrix<const double>, const double*);
template void activation_forward(Team&, Matrix<float>, Matrix<const float>, Activation, float);
template void activation_forward(Team&, Matrix<double>, Matrix<const double>, Activation, double);
template void activation_backward(Team&, Matrix<float>, Matrix<const float>, Matrix<const float>, Activation,
                                  float, bool);
template void activation_backward(Team&, Matrix<double>, Matrix<const double>, Matrix<const double>,
                                  Activation, double, bool);
template void relu_forward(Team&, Matrix<float>, Matrix<const float>);
template void relu_forward(Team&, Matrix<double>, Matrix<const double>);
template void relu_backward(Team&, Matrix<float>, Matrix<const float>, Matrix<const float>, bool);
template void relu_backward(Team&, Matrix<double>, Matrix<const double>, Matrix<const double>, bool);
template void pass_gradient(Team&, Matrix<float>, Matrix<const float>, bool);
template void pass_gradient(Team&, Matrix<double>, Matrix<const double>, bool);

}  // namespace fastdnn
